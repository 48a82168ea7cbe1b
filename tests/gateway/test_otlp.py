"""Spans on their way to a collector that is there, slow, picky or away."""

from collections.abc import Iterator

import msgspec
import pytest

from appliance.gateway import otlp
from appliance.gateway.otlp import Exporter
from tests.gateway.collecting import Collector
from tests.postgres import free_port
from tests.waiting import until


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "EVERY_S", 0.01)
    monkeypatch.setattr(otlp, "PAUSE_S", (0.01,))


def started(url: str, **headers: str) -> Exporter:
    exporter = Exporter(url, headers, msgspec.json.encode)
    exporter.start()
    return exporter


def test_batches_arrive_as_json_with_the_headers_that_were_set(collector: Collector) -> None:
    exporter = started(collector.url + "/", **{"x-api-key": "k"})
    exporter.put([1, 2, 3])
    until(lambda: exporter.sent == 3)
    ((path, headers, body),) = collector.received
    assert (path, headers["content-type"], headers["x-api-key"], body) == (
        "/v1/traces",
        "application/json",
        "k",
        [1, 2, 3],
    )
    exporter.close()


def test_a_whole_address_is_taken_as_it_is(collector: Collector) -> None:
    exporter = started(collector.url + "/otlp/v1/traces")
    exporter.put([1])
    until(lambda: collector.received)
    assert collector.received[0][0] == "/otlp/v1/traces"
    exporter.close()


def test_what_waits_is_sent_at_the_end(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "EVERY_S", 60)
    exporter = started(collector.url)
    exporter.put([1])
    exporter.close()
    assert (collector.items, exporter.sent, exporter.dropped) == ([1], 1, 0)


def test_a_collector_that_was_busy_gets_the_same_again_in_order(collector: Collector) -> None:
    collector.answers = [503, 429, 200]
    exporter = started(collector.url)
    exporter.put([1, 2])
    exporter.put([3])
    until(lambda: exporter.sent == 3)
    assert (collector.items, exporter.dropped) == ([1, 2, 3], 0)
    exporter.close()


def test_what_is_refused_for_good_is_dropped_and_counted(collector: Collector) -> None:
    collector.answers = [400, 200]
    exporter = started(collector.url)
    exporter.put([1, 2])
    until(lambda: exporter.dropped == 2)
    exporter.put([3])
    until(lambda: exporter.sent == 1)
    assert collector.items == [3]
    exporter.close()


def test_with_the_collector_away_nobody_waits_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "WAITING", 10)
    exporter = started(f"http://127.0.0.1:{free_port()}")
    exporter.put(list(range(25)))
    until(lambda: exporter.dropped >= 15)
    exporter.close()
    assert (exporter.sent, exporter.dropped) == (0, 25)


def test_a_collector_that_comes_back_gets_what_waited() -> None:
    port = free_port()
    exporter = started(f"http://127.0.0.1:{port}")
    exporter.put([1, 2])
    until(lambda: exporter._refused)
    collector = Collector(port)
    until(lambda: exporter.sent == 2)
    assert collector.items == [1, 2]
    exporter.close()
    collector.stop()
