"""The simulated provider behind every surface, and its embeddings."""

import asyncio
import base64
import json
import math
import struct
from typing import Any

import pytest

from appliance.gateway import simulated as provider
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.translate import Untranslatable, embeddings, simulated
from appliance.gateway.types import Account, Reply, ToolCall, Usage

from .assembled import ASSEMBLED
from .samples import PROTOCOLS, raw, recorded
from .test_streams import alike, events

REPLY = Reply(
    "Grüße. Done.",
    (ToolCall("c1", "read", '{"path": "a.md"}'),),
    "tool_calls",
    Usage(20, 5, output_total=9),
    "m",
    "sim-1",
)
TEXTS = {
    "messages": lambda whole: whole["content"][0]["text"],
    "chat": lambda whole: whole["choices"][0]["message"]["content"],
    "responses": lambda whole: whole["output"][0]["content"][0]["text"],
}


@pytest.mark.parametrize("source", PROTOCOLS)
def test_streamed_is_whole(source: Any) -> None:
    whole = json.loads(simulated.whole(source, REPLY, "asked"))
    stream = simulated.Stream(source, "asked", "sim-1")
    told = stream.text("Grüße. ") + stream.text("Done.") + stream.end(REPLY)
    assert alike(ASSEMBLED[source](told)) == alike(whole)
    assert TEXTS[source](whole) == "Grüße. Done."
    silent = simulated.Stream(source, "asked", "sim-1")
    assert alike(ASSEMBLED[source](silent.end(REPLY))) == alike(whole)


@pytest.mark.parametrize("name", ["claude_code_tool", "codex_tool", "openai_chat_result", "anthropic_tool"])
def test_a_real_client_is_answered_by_the_simulated_provider(name: str) -> None:
    source, body = recorded(name)
    asked, back = simulated.request(source, raw(body), "simulated")
    assert asked.messages[-1].role in {"user", "tool"}
    assert len(asked.tools) >= 1
    reply = asyncio.run(provider.send(None, Account("a", "simulated"), asked, None))
    assert json.loads(simulated.whole(source, reply, "asked", back))["model"] == "asked"


@pytest.mark.parametrize("source", PROTOCOLS)
def test_a_script_in_the_prompt_reaches_it_on_every_surface(source: Any) -> None:
    said = [{"role": "user", "content": 'sim: tool read {"path": "a.md"}'}]
    asked = {"model": "simulated", "max_tokens": 50} | (
        {"input": said} if source == "responses" else {"messages": said}
    )
    chat, _ = simulated.request(source, raw(asked), "simulated")
    reply = asyncio.run(provider.send(None, Account("a", "simulated"), chat, None))
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("read", '{"path": "a.md"}')]


def test_what_it_can_not_see_it_is_told_of() -> None:
    source, body = recorded("anthropic_tool")
    asked, _ = simulated.request(source, raw(body), "simulated")
    assert asked.messages[-1].content == "Use the TOOL for this picture\n\n[a picture]\n\n[a picture]"


@pytest.mark.parametrize("source", PROTOCOLS)
def test_a_failure_in_the_middle(source: Any) -> None:
    stream = simulated.Stream(source, "asked", "sim-1")
    told = stream.text("This answer ") + stream.failed(ProviderFailure("provider_overloaded", "Too many."))
    assert "Too many." in json.dumps(events(told)[-1])


def vectors(**asked: Any) -> Any:
    return json.loads(embeddings.answer(raw({"model": "m"} | asked), "asked"))


def test_embeddings_are_the_same_for_the_same_text_and_nearer_for_alike_ones() -> None:
    told = vectors(input=["a red apple", "a green apple", "quarterly tax report"])
    one, two, three = (entry["embedding"] for entry in told["data"])
    assert vectors(input="a red apple")["data"][0]["embedding"] == one
    assert len(one) == embeddings.DIMENSIONS
    assert math.isclose(sum(value * value for value in one), 1.0)

    def near(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    assert near(one, two) > near(one, three) + 0.2
    assert told["usage"]["prompt_tokens"] == told["usage"]["total_tokens"] > 0


def test_embeddings_in_the_form_that_was_asked() -> None:
    packed = vectors(input="hi", encoding_format="base64", dimensions=8)["data"][0]["embedding"]
    plain = vectors(input="hi", dimensions=8)["data"][0]["embedding"]
    assert struct.unpack("<8f", base64.b64decode(packed)) == pytest.approx(plain)
    assert len(vectors(input=[[1, 2], [3]])["data"]) == 2
    assert len(vectors(input=[1, 2])["data"]) == 1


@pytest.mark.parametrize("asked", [{"input": []}, {"input": "a", "dimensions": 0}, {"input": {"a": 1}}, {}])
def test_embeddings_of_nothing_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable):
        vectors(**asked)
