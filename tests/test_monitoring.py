"""A booked call reaches a collector as a span, without a word of what was said."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance import app, settings
from appliance.calls import Caller
from appliance.domain import providers, samples
from appliance.domain.actor import SYSTEM
from appliance.gateway import otlp
from appliance.gateway.types import ChatRequest, Message
from appliance.monitoring import Monitoring
from tests.gateway.collecting import Collector
from tests.postgres import free_port
from tests.waiting import until
from tests.world import World

CANARY = "the colour of the canary is 4711"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setattr(otlp, "EVERY_S", 0.01)
    made = Collector()
    yield made
    made.stop()


def monitoring(world: World, url: str) -> Monitoring:
    given = {"otlp_url": url, "otlp_headers": "x-team=core, authorization=Bearer abc="}
    return Monitoring(settings.load(given, {}), world.catalogue)


def ask(world: World) -> None:
    with world.db() as db:
        if not providers.all(db):
            samples.add_simulated(db, SYSTEM, world.vault)
        request = ChatRequest("sim-standard", (Message("user", CANARY),))
        world.calls.make(db, Caller(), request, lambda outcome: None, lambda *lost: None)


def spans(collector: Collector) -> list[dict[str, Any]]:
    bodies = [body for _, _, body in collector.received]
    return [span for body in bodies for r in body["resourceSpans"] for s in r["scopeSpans"] for span in s["spans"]]


def test_a_call_becomes_a_span_with_its_tenant_and_no_prompt(world: World, collector: Collector) -> None:
    with closing(monitoring(world, collector.url)):
        ask(world)
        (span,) = until(lambda: spans(collector))
    told = {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}
    assert (told["agenthq.tenant"], told["gen_ai.provider.name"]) == ("acme", "simulated")
    assert told["agenthq.simulated"] is True
    assert CANARY not in str(collector.received)
    assert collector.received[0][1]["x-team"] == "core"
    assert collector.received[0][1]["authorization"] == "Bearer abc="


def test_what_became_of_the_spans_is_told(world: World, collector: Collector) -> None:
    with closing(monitoring(world, collector.url)) as watched:
        ask(world)
        until(lambda: spans(collector))
        until(lambda: b"agenthq_spans_sent 1.0" in watched.text())


def test_without_an_address_nothing_leaves_the_box(world: World, collector: Collector) -> None:
    with closing(Monitoring(world.settings, world.catalogue)):
        ask(world)
    assert collector.received == []


def test_a_process_without_pages_has_a_page_of_metrics(tmp_path: Path) -> None:
    port = free_port()
    values = settings.load({"data": str(tmp_path / "data"), "metrics_port": str(port)}, {})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box, app.watched(box):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"agenthq_info" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=10)
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)


@pytest.mark.parametrize("given", [{"otlp_url": "collector:4318"}, {"otlp_headers": "no value"}])
def test_a_bad_address_or_header_is_told_at_the_start(given: dict[str, str]) -> None:
    with pytest.raises(Exception, match="must be"):
        settings.load(given, {})
