"""The Messages wire of Anthropic and of servers that imitate it.

Source: the Messages API and its streaming reference. Usage in `message_delta` is cumulative: it replaces, never adds.
"""

from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct, field

from appliance.gateway import failures, names, usages
from appliance.gateway.transport import Exchange, exchange
from appliance.gateway.types import DEFAULT_OUTPUT_TOKENS, Account, ChatRequest, Message, Reply, ToolCall

VERSION = "2023-06-01"
_STOP = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "filtered",
}


class _Started(Struct):
    id: str = ""
    model: str = ""
    usage: dict[str, Any] | None = None


class _Block(Struct):
    type: str = ""
    id: str = ""
    name: str = ""
    text: str = ""
    input: Any = None


class _Delta(Struct):
    text: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Event(Struct):
    type: str
    index: int = 0
    message: _Started | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


class _Model(Struct):
    id: str


class _Models(Struct):
    data: list[_Model]


class _Answer(Struct):
    """What has arrived so far; `usage` holds the latest value of each counter."""

    model: str = ""
    id: str = ""
    stop: str = ""
    finished: bool = False
    text: list[str] = field(default_factory=list)
    blocks: dict[int, _Block] = field(default_factory=dict)
    arguments: dict[int, str] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)

    def take(self, event: _Event) -> str:
        """Add one event; returns its text."""
        usage = event.message.usage if event.message else event.usage
        if usage:
            self.usage |= {name: value for name, value in usage.items() if value is not None}
        if event.message:
            self.id, self.model = event.message.id, event.message.model
        if event.content_block:
            self.blocks[event.index] = event.content_block
        if event.delta:
            self.stop = event.delta.stop_reason or self.stop
            self.arguments[event.index] = self.arguments.get(event.index, "") + event.delta.partial_json
        self.finished = self.finished or event.type == "message_stop"
        text = (event.delta.text if event.delta else "") + (event.content_block.text if event.content_block else "")
        if text:
            self.text.append(text)
        return text


async def send(
    session: aiohttp.ClientSession, account: Account, request: ChatRequest, on_text: Callable[[str], None] | None
) -> Reply:
    answer = _Answer()
    url = f"{base(account.base_url)}/v1/messages"
    async with exchange(session, account, url, _headers(account), _body(request)) as call:
        if not call.streams:
            raise call.failure(
                "provider_garbage", f"Not a stream: {(await call.body())[:200].decode('utf-8', 'replace')}"
            )
        async for raw in call.events():
            event = call.decode(raw.data, _Event)
            if event.type == "error":
                raise failures.from_stream(event.error, secret=account.secret)
            text = answer.take(event)
            call.output_bytes += len(text)
            call.usage = usages.from_messages(answer.usage)
            if text and on_text:
                on_text(text)
            if answer.finished:
                break
        if not answer.finished:
            raise call.failure("stream_cut", "The stream ended without message_stop.")
        await call.linger()
    return _reply(answer, request, call)


async def models(session: aiohttp.ClientSession, account: Account) -> list[str]:
    url = f"{base(account.base_url)}/v1/models?limit=1000"
    async with exchange(session, account, url, _headers(account), None) as call:
        listed = call.decode(await call.body(), _Models)
    return sorted(model.id for model in listed.data)


def base(url: str) -> str:
    return url.strip().rstrip("/").removesuffix("/messages").removesuffix("/v1").rstrip("/")


def _headers(account: Account) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "anthropic-version": VERSION}
    if account.secret:
        headers["x-api-key"] = account.secret
    if account.secret and account.kind == "anthropic-compatible":
        # Imitations differ in which of the two they read; Anthropic itself would take this one for another credential.
        headers["Authorization"] = f"Bearer {account.secret}"
    return headers


def _body(request: ChatRequest) -> bytes:
    system = "\n\n".join(m.content for m in request.messages if m.role == "system" and m.content)
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens or DEFAULT_OUTPUT_TOKENS,
        "messages": _turns(request.messages),
        "stream": True,
    }
    if system:
        body["system"] = system
    if request.tools:
        body["tools"] = [
            {"name": names.encode(tool.name), "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
    return msgspec.json.encode(body)


def _turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Alternating turns: tool results are the user's, and neighbours of one role become one turn."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        blocks = _blocks(message)
        if message.role == "system" or not blocks:
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content}]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": message.content}] if message.content.strip() else []
    return blocks + [
        {"type": "tool_use", "id": call.id, "name": names.encode(call.name), "input": _as_object(call.arguments)}
        for call in message.tool_calls
    ]


def _as_object(arguments: str) -> dict[str, Any]:
    """The wire takes only objects; what the model once sent broken is shown to it as it was."""
    try:
        parsed = msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {"invalid_arguments": arguments}


def _reply(answer: _Answer, request: ChatRequest, call: Exchange) -> Reply:
    return Reply(
        content="".join(answer.text),
        tool_calls=tuple(
            ToolCall(block.id, names.decode(block.name, request.tools), _arguments(block, answer.arguments.get(at, "")))
            for at, block in sorted(answer.blocks.items())
            if block.type == "tool_use"
        ),
        stop_reason=_STOP.get(answer.stop, answer.stop or "stop"),
        usage=call.usage,
        model=answer.model or request.model,
        request_id=call.request_id or answer.id,
        tier=str(answer.usage.get("service_tier") or ""),
        first_byte_ms=call.first_byte_ms,
        duration_ms=call.elapsed_ms,
    )


def _arguments(block: _Block, streamed: str) -> str:
    return streamed or msgspec.json.encode(block.input or {}).decode()
