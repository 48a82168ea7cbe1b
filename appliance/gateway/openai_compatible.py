"""The chat-completions wire: OpenAI, Ollama, vLLM, LM Studio and everything else that speaks it.

Source: the Chat Completions API reference of OpenAI; what other servers do differently is noted where it is handled.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from msgspec import Struct, field

from appliance.gateway import failures, names, usages
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.transport import Exchange, exchange
from appliance.gateway.types import Account, ChatRequest, Message, Reply, ToolCall, ToolSpec

_STOP = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "content_filter": "filtered",
}
_VERSIONED = re.compile(r"/v\d")
_PLAIN_LIMIT = "max_tokens"
_NEW_LIMIT = "max_completion_tokens"

# Parameters a server has refused, by (address, model): the question is asked once per process, not once per call.
_refused: dict[tuple[str, str], frozenset[str]] = {}


class _Function(Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    choices: list[_Choice] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


class _Model(Struct):
    id: str


class _Models(Struct):
    data: list[_Model] | None = field(default_factory=list)


class _Building(Struct):
    id: str = ""
    name: str = ""
    arguments: str = ""


class _Answer(Struct):
    """What has arrived so far."""

    model: str = ""
    id: str = ""
    tier: str = ""
    stop: str = ""
    text: list[str] = field(default_factory=list)
    calls: list[_Building] = field(default_factory=list)
    at: dict[int, _Building] = field(default_factory=dict)
    usage: dict[str, Any] | None = None

    def take(self, chunk: _Chunk) -> str:
        """Add one chunk; returns its text."""
        self.model = chunk.model or self.model
        self.id = chunk.id or self.id
        self.tier = chunk.service_tier or self.tier
        self.usage = chunk.usage or self.usage
        text = ""
        for choice in (chunk.choices or [])[:1]:
            self.stop = choice.finish_reason or self.stop
            delta = choice.delta or choice.message or _Delta()
            text += (delta.content or "") + (delta.refusal or "")
            for call in delta.tool_calls or []:
                self._add(call)
        if text:
            self.text.append(text)
        return text

    def _add(self, call: _Call) -> None:
        building = self.at.get(call.index or 0)
        # Some servers number every call 0 and tell them apart by id only.
        if building is None or (call.id and building.id and call.id != building.id):
            building = self.at[call.index or 0] = _Building()
            self.calls.append(building)
        building.id = call.id or building.id
        if call.function:
            building.name += call.function.name or ""
            building.arguments += _as_json(call.function.arguments)

    def tool_calls(self, tools: tuple[ToolSpec, ...]) -> tuple[ToolCall, ...]:
        return tuple(
            ToolCall(call.id or f"call_{number}", names.decode(call.name, tools), call.arguments or "{}")
            for number, call in enumerate(self.calls, 1)
        )


async def send(
    session: aiohttp.ClientSession, account: Account, request: ChatRequest, on_text: Callable[[str], None] | None
) -> Reply:
    place = (account.base_url, request.model)
    for _ in range(3):
        without = _refused.get(place, frozenset())
        try:
            return await _send(session, account, request, on_text, without)
        except ProviderFailure as failure:
            culprit = _refused_parameter(failure, without)
            if culprit is None:
                raise
            _refused[place] = without | {culprit}
    raise ProviderFailure("provider_rejected", "It refuses every form of this request.")


async def _send(
    session: aiohttp.ClientSession,
    account: Account,
    request: ChatRequest,
    on_text: Callable[[str], None] | None,
    without: frozenset[str],
) -> Reply:
    answer = _Answer()
    done = False
    url = f"{base(account.base_url)}/chat/completions"
    async with exchange(session, account, url, _headers(account), _body(account, request, without)) as call:
        async for raw in _chunks(call):
            if done := raw == b"[DONE]":
                break
            text = answer.take(_decoded(call, raw))
            call.output_bytes += len(text)
            call.usage = usages.from_chat(answer.usage)
            if text and on_text:
                on_text(text)
        if not (done or answer.stop):
            raise call.failure("stream_cut", "The stream ended without its last line.")
        await call.linger()
    return _reply(answer, request, call)


async def models(session: aiohttp.ClientSession, account: Account) -> list[str]:
    async with exchange(session, account, f"{base(account.base_url)}/models", _headers(account), None) as call:
        listed = call.decode(await call.body(), _Models)
    return sorted(model.id for model in listed.data or [])


def base(url: str) -> str:
    """The address with its version segment, whether or not the owner typed it."""
    trimmed = url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return trimmed if _VERSIONED.search(urlsplit(trimmed).path) else f"{trimmed}/v1"


def _headers(account: Account) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    return headers | {"Authorization": f"Bearer {account.secret}"} if account.secret else headers


def _body(account: Account, request: ChatRequest, without: frozenset[str]) -> bytes:
    body: dict[str, Any] = {"model": request.model, "messages": [_message(m) for m in request.messages], "stream": True}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.max_tokens:
        # OpenAI's reasoning models refuse the old name, most other servers ignore the new one.
        new = _PLAIN_LIMIT in without or urlsplit(account.base_url).hostname == "api.openai.com"
        body[_NEW_LIMIT if new else _PLAIN_LIMIT] = request.max_tokens
    if account.stream_options and "stream_options" not in without:
        body["stream_options"] = {"include_usage": True}
    return msgspec.json.encode(body)


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    if not message.tool_calls:
        return {"role": message.role, "content": message.content}
    calls = [
        {"id": call.id, "type": "function", "function": {"name": names.encode(call.name), "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    return {"role": message.role, "content": message.content or None, "tool_calls": calls}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": names.encode(tool.name), "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


async def _chunks(call: Exchange) -> Any:
    """Events of a stream; a server that ignores `stream` sends its whole answer as the only one."""
    if not call.streams:
        yield await call.body()
        return
    async for event in call.events():
        yield event.data


def _decoded(call: Exchange, raw: bytes) -> _Chunk:
    chunk = call.decode(raw, _Chunk)
    if chunk.error is not None:
        raise failures.from_stream(chunk.error, secret=call.account.secret)
    if chunk.choices is None and chunk.usage is None:
        raise call.failure("provider_garbage", f"There are no choices in: {raw[:200].decode('utf-8', 'replace')}")
    return chunk


def _reply(answer: _Answer, request: ChatRequest, call: Exchange) -> Reply:
    return Reply(
        content="".join(answer.text),
        tool_calls=answer.tool_calls(request.tools),
        stop_reason=_STOP.get(answer.stop, answer.stop or "stop"),
        usage=call.usage,
        model=answer.model or request.model,
        request_id=call.request_id or answer.id,
        tier=answer.tier,
        reported_cost_nano=usages.cost_nano((answer.usage or {}).get("cost")),
        first_byte_ms=call.first_byte_ms,
        duration_ms=call.elapsed_ms,
    )


def _refused_parameter(failure: ProviderFailure, without: frozenset[str]) -> str | None:
    if failure.code != "provider_rejected":
        return None
    named = (name for name in ("stream_options", _PLAIN_LIMIT) if name in failure.message and name not in without)
    return next(named, None)


def _as_json(arguments: str | dict[str, Any] | None) -> str:
    if isinstance(arguments, dict):
        return msgspec.json.encode(arguments).decode()
    return arguments or ""
