"""The same answer as each protocol streams it, and how a client puts a stream together: written without our code."""

import json
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent.parent / "recorded"
PROTOCOLS = ("messages", "chat", "responses")
PAIRS = [(source, target) for source in PROTOCOLS for target in PROTOCOLS if source != target]
MODELS = {"messages": "claude-opus-4-8", "chat": "gpt-5.2", "responses": "gpt-5.2"}
TEXT = "Grüße aus Zürich 🏔. "


def recorded(name: str) -> tuple[Any, dict[str, Any]]:
    """The protocol and the body of a recorded request."""
    told = json.loads((RECORDED / f"{name}.json").read_text())
    return told["protocol"], told["body"]


def raw(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def sse(*events: Any) -> bytes:
    named = (
        f"event: {e['type']}\n" if isinstance(e, dict) and "type" in e and "choices" not in e else "" for e in events
    )
    told = (e if isinstance(e, str) else json.dumps(e, ensure_ascii=False) for e in events)
    return "".join(f"{name}data: {data}\n\n" for name, data in zip(named, told, strict=True)).encode()


def block(index: int, kind: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": kind},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


MESSAGES_STREAM = sse(
    {
        "type": "message_start",
        "message": {
            "id": "msg_77",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-4-8",
            "content": [],
            "usage": {
                "input_tokens": 12,
                "cache_read_input_tokens": 1000,
                "cache_creation_input_tokens": 500,
                "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
                "output_tokens": 1,
                "service_tier": "standard",
            },
        },
    },
    {"type": "ping"},
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "Hm. "},
        {"type": "signature_delta", "signature": "c2lnbmVk"},
    ),
    *block(
        1,
        {"type": "text", "text": ""},
        {"type": "text_delta", "text": TEXT},
        {"type": "text_delta", "text": "I look."},
    ),
    *block(
        2,
        {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"path": "a'},
        {"type": "input_json_delta", "partial_json": '.md"}'},
    ),
    *block(3, {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}}),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 9},
    },
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 40, "output_tokens_details": {"thinking_tokens": 7}},
    },
    {"type": "message_stop"},
)
CHAT_USAGE = {
    "prompt_tokens": 1512,
    "completion_tokens": 40,
    "total_tokens": 1552,
    "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 500},
    "completion_tokens_details": {"reasoning_tokens": 7},
}


def chunk(delta: dict[str, Any] | None = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {"id": "chatcmpl-77", "object": "chat.completion.chunk", "model": "m", "choices": choices} | more


def called(index: int, **fields: Any) -> dict[str, Any]:
    function = {name: fields.pop(name) for name in ("name", "arguments") if name in fields}
    return {"tool_calls": [{"index": index, "type": "function", "function": function} | fields]}


CHAT_STREAM = sse(
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "Hm. "}),
    chunk({"content": TEXT}),
    chunk({"content": "I look."}),
    chunk(called(0, id="toolu_1", name="read", arguments="")),
    chunk(called(0, arguments='{"path": "a')),
    chunk(called(0, arguments='.md"}')),
    chunk(called(1, id="toolu_2", name="now", arguments="")),
    chunk(called(1, arguments="{}")),
    chunk({}, "tool_calls"),
    chunk(usage=CHAT_USAGE),
    "[DONE]",
)
RESPONSE = {
    "id": "resp_77",
    "object": "response",
    "status": "completed",
    "model": "gpt-5.2",
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm. "}]},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": f"{TEXT}I look.", "annotations": []}],
        },
        {"type": "function_call", "id": "fc_1", "call_id": "toolu_1", "name": "read", "arguments": '{"path": "a.md"}'},
        {"type": "function_call", "id": "fc_2", "call_id": "toolu_2", "name": "now", "arguments": "{}"},
    ],
    "usage": {
        "input_tokens": 1512,
        "input_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 500},
        "output_tokens": 40,
        "output_tokens_details": {"reasoning_tokens": 7},
        "total_tokens": 1552,
    },
}


def item(kind: str, index: int, fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"response.output_item.{kind}", "output_index": index, "item": fields}


_THOUGHT, _SAID, _READ, _NOW = RESPONSE["output"]  # type: ignore[misc]
RESPONSES_STREAM = sse(
    {"type": "response.created", "response": RESPONSE | {"status": "in_progress", "output": [], "usage": None}},
    item("added", 0, _THOUGHT | {"summary": []}),
    {"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "Hm. "},
    item("done", 0, _THOUGHT),
    item("added", 1, _SAID | {"content": []}),
    {"type": "response.output_text.delta", "output_index": 1, "delta": TEXT},
    {"type": "response.output_text.delta", "output_index": 1, "delta": "I look."},
    {"type": "response.output_text.done", "output_index": 1, "text": f"{TEXT}I look."},
    item("done", 1, _SAID),
    item("added", 2, _READ | {"arguments": ""}),
    {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"path": "a'},
    {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '.md"}'},
    {"type": "response.function_call_arguments.done", "output_index": 2, "arguments": '{"path": "a.md"}'},
    item("done", 2, _READ),
    item("added", 3, _NOW | {"arguments": ""}),
    item("done", 3, _NOW),
    {"type": "response.completed", "response": RESPONSE},
)
MESSAGE = {
    "id": "msg_77",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-8",
    "content": [
        {"type": "thinking", "thinking": "Hm. ", "signature": "c2lnbmVk"},
        {"type": "text", "text": f"{TEXT}I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a.md"}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 12,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 500,
        "output_tokens": 40,
        "output_tokens_details": {"thinking_tokens": 7},
        "service_tier": "standard",
    },
}
CHAT = {
    "id": "chatcmpl-77",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": f"{TEXT}I look.",
                "reasoning_content": "Hm. ",
                "tool_calls": [
                    {
                        "id": "toolu_1",
                        "type": "function",
                        "function": {"name": "read", "arguments": '{"path": "a.md"}'},
                    },
                    {"id": "toolu_2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
                ],
            },
        }
    ],
    "usage": CHAT_USAGE,
}
STREAMS = {"messages": MESSAGES_STREAM, "chat": CHAT_STREAM, "responses": RESPONSES_STREAM}
WHOLES = {"messages": raw(MESSAGE), "chat": raw(CHAT), "responses": raw(RESPONSE)}


def events(stream: bytes) -> list[Any]:
    """Each event's data; of a named event, the name must be its type."""
    found = []
    for told in stream.decode().split("\n\n")[:-1]:
        lines = dict(line.split(": ", 1) for line in told.split("\n"))
        data = lines["data"]
        found.append(data if data == "[DONE]" else json.loads(data))
        assert lines.get("event", found[-1]["type"] if "event" in lines else None) == lines.get("event")
    return found
