"""A provider on loopback that speaks all three protocols: it greets, calls a tool when told TOOL, and repeats its word.
Told WITHOUT-END it says more than anybody pays for.

With a folder it also keeps every request it gets: that is how tests/gateway/recorded was made.
"""

import contextlib
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

GREETING = "Hello from the fake."
REPEATS = "The tool said tool-ran."
LONG = "All work and no play. " * 20_000
PIECE = 4_000
# Each client's own way to run a command, and the one tool of the SDK programs.
CALLS: dict[str, dict[str, Any]] = {
    "Bash": {"command": "echo tool-ran", "description": "Says that it ran"},
    "exec_command": {"cmd": "echo tool-ran"},
    "run_tool": {"word": "tool-ran"},
}


class Said(NamedTuple):
    text: str
    tool: str = ""

    @property
    def tokens(self) -> int:
        return len(self.text) // 4 + 9


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Clients leave as they like."""


class Fake:
    def __init__(self, keep: Path | None = None, port: int = 0) -> None:
        numbers = itertools.count(1)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.answer(json.dumps({"object": "list", "data": [], "models": [], "has_more": False}).encode())

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                body = json.loads(raw)
                surface = self.path.partition("?")[0].rpartition("/")[2]
                if keep:
                    told = {"path": self.path, "headers": dict(self.headers), "body": body}
                    (keep / f"{next(numbers):03}.json").write_text(json.dumps(told, indent=1))
                if surface not in ANSWERS:
                    self.answer(b'{"input_tokens": 10}')
                    return
                whole = ANSWERS[surface](body, said(body, raw.decode()))
                if body.get("stream"):
                    self.answer(STREAMS[surface](whole), "text/event-stream")
                else:
                    self.answer(json.dumps(whole).encode())

            def answer(self, body: bytes, kind: str = "application/json") -> None:
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = Quiet(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def said(body: dict[str, Any], raw: str) -> Said:
    if any(mark in raw for mark in ('"tool_result"', '"role": "tool"', '"role":"tool"', "function_call_output")):
        return Said(REPEATS if "tool-ran" in raw else "The tool said something else.")
    if "WITHOUT-END" in raw:
        return Said(LONG)
    offered = {(tool.get("function") or tool).get("name") for tool in body.get("tools") or []}
    tool = next((name for name in CALLS if name in offered), "")
    return Said("", tool) if tool and "TOOL" in raw else Said(GREETING)


def message(body: dict[str, Any], said: Said) -> dict[str, Any]:
    block = {"type": "text", "text": said.text}
    if said.tool:
        block = {"type": "tool_use", "id": "toolu_01Fake", "name": said.tool, "input": CALLS[said.tool]}
    return {
        "id": "msg_01Fake",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [block],
        "stop_reason": "tool_use" if said.tool else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "output_tokens": said.tokens},
    }


def completion(body: dict[str, Any], said: Said) -> dict[str, Any]:
    told: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    if said.tool:
        function = {"name": said.tool, "arguments": json.dumps(CALLS[said.tool])}
        told["tool_calls"] = [{"id": "call_Fake", "type": "function", "function": function}]
    choice = {"index": 0, "message": told, "finish_reason": "tool_calls" if said.tool else "stop"}
    usage = {"prompt_tokens": 20, "completion_tokens": said.tokens, "total_tokens": 20 + said.tokens}
    opening = {"id": "chatcmpl-Fake", "object": "chat.completion", "created": 1, "model": body["model"]}
    return opening | {"choices": [choice], "usage": usage}


def response(body: dict[str, Any], said: Said) -> dict[str, Any]:
    content = [{"type": "output_text", "text": said.text, "annotations": []}]
    item: dict[str, Any] = {"type": "message", "id": "msg_Fake", "role": "assistant", "content": content}
    if said.tool:
        item = {"type": "function_call", "id": "fc_Fake", "call_id": "call_Fake", "name": said.tool}
        item["arguments"] = json.dumps(CALLS[said.tool])
    counts = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": "resp_Fake",
        "object": "response",
        "created_at": 1,
        "model": body["model"],
        "status": "completed",
        "output": [item | {"status": "completed"}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 20, "output_tokens": said.tokens, "total_tokens": 20 + said.tokens} | counts,
    }


def message_events(whole: dict[str, Any]) -> bytes:
    (block,) = whole["content"]
    empty: dict[str, Any] = block | ({"input": {}} if "input" in block else {"text": ""})
    deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(block.get("text", ""))]
    if "input" in block:
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    stop = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    return _named(
        {"type": "message_start", "message": whole | {"content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": whole["usage"]},
        {"type": "message_stop"},
    )


def completion_events(whole: dict[str, Any]) -> bytes:
    (choice,) = whole["choices"]
    opening = {name: whole[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    told = dict(choice["message"])
    if "tool_calls" in told:
        told["tool_calls"] = [call | {"index": at} for at, call in enumerate(told["tool_calls"])]
    deltas = [told | {"content": piece} for piece in _pieces(told["content"] or "")] or [told]
    chunks = [
        *(opening | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas),
        opening | {"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]},
        opening | {"choices": [], "usage": whole["usage"]},
    ]
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n"


def response_events(whole: dict[str, Any]) -> bytes:
    (item,) = whole["output"]
    begun = item | {"status": "in_progress"} | ({"content": []} if "content" in item else {"arguments": ""})
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": whole | {"status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
    ]
    if "content" in item:
        at = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        part = {"type": "output_text", "text": "", "annotations": []}
        text = item["content"][0]["text"]
        events.append({"type": "response.content_part.added", "part": part} | at)
        for piece in _pieces(text):
            events.append({"type": "response.output_text.delta", "delta": piece, "logprobs": []} | at)
    events.append({"type": "response.output_item.done", "output_index": 0, "item": item})
    events.append({"type": "response.completed", "response": whole})
    return _named(*(event | {"sequence_number": number} for number, event in enumerate(events)))


def _pieces(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _named(*events: dict[str, Any]) -> bytes:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


ANSWERS = {"messages": message, "completions": completion, "responses": response}
STREAMS = {"messages": message_events, "completions": completion_events, "responses": response_events}
