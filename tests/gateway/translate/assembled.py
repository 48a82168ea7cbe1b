"""A stream put together as the clients do it, by the rules of each protocol, strict about their order."""

import json
from typing import Any

from .samples import events


def message(stream: bytes) -> dict[str, Any]:
    first, *rest = events(stream)
    assert first["type"] == "message_start"
    whole: dict[str, Any] = first["message"]
    assert whole["content"] == []
    arguments: dict[int, str] = {}
    opened: int | None = None
    assert rest.pop() == {"type": "message_stop"}
    for event in rest:
        match event["type"]:
            case "content_block_start":
                assert opened is None
                assert event["index"] == len(whole["content"])
                opened = event["index"]
                whole["content"].append(event["content_block"])
            case "content_block_delta":
                assert event["index"] == opened
                block, delta = whole["content"][opened], event["delta"]
                if delta["type"] == "text_delta":
                    block["text"] += delta["text"]
                else:
                    assert delta["type"] == "input_json_delta"
                    arguments[opened] = arguments.get(opened, "") + delta["partial_json"]
            case "content_block_stop":
                assert event["index"] == opened
                if whole["content"][opened]["type"] == "tool_use":
                    whole["content"][opened]["input"] = json.loads(arguments[opened])
                opened = None
            case "message_delta":
                assert opened is None
                whole |= event["delta"]
                whole["usage"] |= event["usage"]
    return whole


def chat(stream: bytes) -> dict[str, Any]:
    *chunks, done = events(stream)
    assert done == "[DONE]"
    said: dict[str, Any] = {"role": "", "content": None, "refusal": None}
    whole = {key: chunks[0][key] for key in ("id", "created", "model")} | {"object": "chat.completion"}
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks if chunk["choices"]]
    assert [reason for reason in reasons if reason] == reasons[-1:]
    for chunk in chunks:
        whole |= {"usage": chunk["usage"]} if "usage" in chunk else {}
        for choice in chunk["choices"]:
            _grow(said, choice["delta"])
    said["content"] = said["content"] or None
    choice = {"index": 0, "message": said, "finish_reason": reasons[-1], "logprobs": None}
    return whole | {"choices": [choice]}


def _grow(said: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name != "tool_calls":
            said[name] = (said.get(name) or "") + value
    for call in delta.get("tool_calls", []):
        calls = said.setdefault("tool_calls", [])
        if call["index"] == len(calls):
            calls.append({name: value for name, value in call.items() if name != "index"})
        else:
            kind = calls[call["index"]]["type"]
            for name, value in call[kind].items():
                calls[call["index"]][kind][name] += value


def response(stream: bytes) -> dict[str, Any]:
    """The last event's whole response, after a check that all before it tells the same."""
    told = events(stream)
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert [event["type"] for event in told[:2]] == ["response.created", "response.in_progress"]
    done: list[Any] = []
    grown = ""
    for event in told[2:-1]:
        match event["type"].removeprefix("response."):
            case "output_item.added":
                assert event["output_index"] == len(done)
                grown = ""
            case "output_item.done":
                assert grown == _words(event["item"])
                done.append(event["item"])
            case kind if kind.endswith(".delta"):
                assert event["output_index"] == len(done)
                grown += event["delta"]
            case kind if kind.endswith("_text.done") or kind.endswith("arguments.done") or kind.endswith("input.done"):
                assert grown in event.values()
    whole: dict[str, Any] = told[-1]["response"]
    assert whole["output"] == done
    assert told[-1]["type"] == f"response.{whole['status']}"
    return whole


def _words(item: dict[str, Any]) -> str:
    if item["type"] == "message":
        (content,) = item["content"]
        return str(content.get("text") or content["refusal"])
    return str(item.get("arguments") or item.get("input") or "")


ASSEMBLED = {"messages": message, "chat": chat, "responses": response}
