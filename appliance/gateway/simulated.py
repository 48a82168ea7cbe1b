"""The provider that ships in the box: no network, the same answer for the same seeds and prompt.

It plays a script when the prompt holds `sim:` directives, else it works like a tidy but unimaginative agent.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from appliance import clock
from appliance.gateway import failures, simulated_reviewer, simulated_script, simulated_worker
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.simulated_models import MODELS
from appliance.gateway.simulated_script import Line, Script
from appliance.gateway.types import Account, ChatRequest, Message, Reply, ToolCall, Usage

if TYPE_CHECKING:
    import aiohttp

_WORDS = re.compile(r"\s*\S+\s*")
_SLICE_S = 0.05


class _Answer(Struct, frozen=True):
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()

    @property
    def tokens(self) -> int:
        return tokens(self.content) + sum(tokens(call.name) + tokens(call.arguments) + 8 for call in self.tool_calls)


async def send(
    session: "aiohttp.ClientSession | None",
    account: Account,
    request: ChatRequest,
    on_text: Callable[[str], None] | None,
) -> Reply:
    started = clock.steady()
    script = simulated_script.read(request)
    digest = _digest(account, request)
    await _pause(min(_delay_s(account, request, script), account.timeout_s))
    if request.model not in MODELS:
        raise _refusal(Line("fail", "404"), f"There is no simulated model {request.model}; try {', '.join(MODELS)}.")
    if script.line and script.line.verb in simulated_script.FAULTS:
        raise _fault(script, request, on_text)
    first_byte_ms = _ms_since(started)
    answer = _answer(account, request, script, digest)
    await _stream(answer, account, request, on_text)
    return Reply(
        content=answer.content,
        tool_calls=answer.tool_calls,
        stop_reason="tool_calls" if answer.tool_calls else "stop",
        usage=script.usage or _usage(request, answer.tokens),
        model=request.model,
        request_id=f"sim-{digest.hex()}",
        first_byte_ms=first_byte_ms,
        duration_ms=_ms_since(started),
    )


async def models(session: "aiohttp.ClientSession | None", account: Account) -> list[str]:
    return list(MODELS)


def is_instant(account: Account, request: ChatRequest) -> bool:
    """Whether `send` would come back without ever waiting."""
    return not _delay_s(account, request, simulated_script.read(request)) and not _tokens_per_s(account, request)


def knows(model: str) -> bool:
    return model in MODELS


def answers_at_once(account: Account, request: ChatRequest) -> bool:
    """Whether `send` would come back with an answer and without ever waiting."""
    line = simulated_script.read(request).line
    known = request.model in MODELS and not (line and line.verb in simulated_script.FAULTS)
    return known and is_instant(account, request)


def tokens(text: str) -> int:
    return (len(text.encode()) + 3) // 4


def _answer(account: Account, request: ChatRequest, script: Script, digest: bytes) -> _Answer:
    call_id = f"call_{digest.hex()[:12]}_{sum(m.role == 'assistant' for m in request.messages) + 1}"
    match script.line:
        case Line("say", text):
            return _Answer(text.replace("\\n", "\n"))
        case Line("tool", text):
            name, _, arguments = text.partition(" ")
            return _Answer("", (ToolCall(call_id, name, arguments.strip() or "{}"),))
        case Line("empty"):
            return _Answer()
        case Line("verdict", text):
            return _Answer(simulated_reviewer.scripted(text))
    if simulated_reviewer.asked(request):
        return _Answer(simulated_reviewer.verdict(request))
    move = simulated_worker.closing(request) if script.ended else simulated_worker.next_move(request, account.seed)
    calls = (ToolCall(call_id, move.tool, move.arguments),) if move.tool else ()
    return _Answer(move.text, calls)


def _fault(script: Script, request: ChatRequest, on_text: Callable[[str], None] | None) -> ProviderFailure:
    line = script.line or Line("fail")
    if line.verb == "fail":
        return _refusal(line, "This failure was asked for by a sim: line.")
    if line.verb == "timeout":
        return ProviderFailure("provider_timeout", "A sim: line asked for silence.", phase="before_first_byte")
    if line.verb == "garbage":
        return ProviderFailure("provider_garbage", "<html>A sim: line asked for garbage.</html>", phase="mid_stream")
    started = "This answer breaks off in the"
    if on_text:
        on_text(started)
    failure = ProviderFailure("stream_cut", "A sim: line cut the stream.", phase="mid_stream")
    failure.usage = script.usage or _usage(request, tokens(started))
    failure.output_bytes = len(started)
    return failure


def _refusal(line: Line, message: str) -> ProviderFailure:
    headers = {"Retry-After": line.retry_after} if line.retry_after else {}
    return failures.from_response(line.status, headers, msgspec.json.encode({"error": {"message": message}}))


async def _stream(
    answer: _Answer, account: Account, request: ChatRequest, on_text: Callable[[str], None] | None
) -> None:
    speed = _tokens_per_s(account, request)
    if speed and answer.tool_calls:
        await _pause(answer.tokens / speed)
    if not on_text and not speed:
        return
    owed = 0.0
    for word in _WORDS.findall(answer.content):
        if on_text:
            on_text(word)
        owed += tokens(word) / speed if speed else 0.0
        if owed >= _SLICE_S:
            await _pause(owed)
            owed = 0.0


async def _pause(seconds: float) -> None:
    if seconds > 0 and not clock.passes(seconds):
        await asyncio.sleep(seconds)


def _ms_since(moment: datetime) -> float:
    return (clock.steady() - moment).total_seconds() * 1000


def _delay_s(account: Account, request: ChatRequest, script: Script) -> float:
    if script.latency_s or account.pace == "instant" or request.model not in MODELS:
        return script.latency_s
    return MODELS[request.model].first_token_s


def _tokens_per_s(account: Account, request: ChatRequest) -> float:
    return MODELS[request.model].tokens_per_s if account.pace == "real" and request.model in MODELS else 0.0


def _usage(request: ChatRequest, output: int) -> Usage:
    """Four bytes to a token; all that an earlier call of this conversation had sent comes from the cache."""
    sizes = [_size(message) for message in request.messages]
    offered = tokens(msgspec.json.encode(request.tools).decode()) if request.tools else 0
    answered = [at for at, message in enumerate(request.messages) if message.role == "assistant"]
    cached = offered + sum(sizes[: answered[-1]]) if answered else 0
    return Usage(input_total=offered + sum(sizes), cache_read=cached, output_total=output)


def _size(message: Message) -> int:
    return (
        4 + tokens(message.content) + sum(tokens(call.name) + tokens(call.arguments) + 8 for call in message.tool_calls)
    )


def _digest(account: Account, request: ChatRequest) -> bytes:
    taste = blake2b(f"{account.seed}:{request.seed}:{request.model}".encode(), digest_size=8)
    for message in request.messages:
        taste.update(message.role.encode())
        taste.update(message.content.encode())
    return taste.digest()
