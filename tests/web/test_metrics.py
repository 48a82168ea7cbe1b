"""/metrics: what is told, to whom, and how much of it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from appliance.calls import Caller
from appliance.domain import budgets, keys, samples
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from appliance.gateway.types import ChatRequest, Message
from appliance.metrics.table import ALL, GAUGES
from appliance.web import metrics
from tests.gateway.upstream import Answer, Upstream, running
from tests.waiting import until
from tests.web import tools
from tests.world import World

LOCAL = {"host": "127.0.0.1:8420"}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with running() as made:
        yield made


def program(world: World, secret: str = "") -> httpx.Client:
    client = world.program(secret)
    if not secret:
        del client.headers["authorization"]
    return client


def owner_key(world: World, **given: Any) -> str:
    with world.control() as control:
        new = NewKey(**{"name": "monitoring", "role": "owner"} | given)
        return keys.create(control, world.alice.actor, world.acme.id, new).secret


def series(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def read(world: World) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = program(world).get("/metrics", headers=LOCAL)
    assert answer.status_code == 200
    return series(answer.text)


def value(found: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    """The sum of the series that carry these labels."""
    wanted = set(labels.items())
    return sum(number for (named, given), number in found.items() if named == name and wanted <= given)


def settled(world: World, calls: int) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What is told once so many calls are booked."""
    until(lambda: value(read(world), "agenthq_calls_total") >= calls)
    return read(world)


def test_a_call_of_a_tool_is_told_with_its_tokens_cost_and_times(world: World, upstream: Upstream) -> None:
    tools.connect(world, upstream)
    upstream.will(tools.said(tools.CHAT))
    assert tools.tool(world).post("/gw/v1/chat/completions", content=tools.chat()).status_code == 200
    found, at = settled(world, 1), {"tenant": "acme", "provider": "openai", "model": tools.GPT}
    assert value(found, "agenthq_calls_total", **at, surface="chat", outcome="ok") == 1
    assert value(found, "agenthq_call_tokens_total", **at, kind="input") == 12
    assert value(found, "agenthq_call_tokens_total", **at, kind="output") == 5
    assert value(found, "agenthq_call_cost_dollars_total", **at, simulated="false") == 0.000065
    for name in ("call_duration", "call_first_byte", "gateway_overhead"):
        assert value(found, f"agenthq_{name}_seconds_count", surface="chat") == 1


def test_a_call_of_our_own_agents_counts_too(world: World) -> None:
    with world.db() as db:
        samples.add_simulated(db, SYSTEM, world.vault)
        request = ChatRequest("sim-standard", (Message("user", "hello"),))
        world.calls.make(db, Caller(), request, lambda outcome: None, lambda *lost: None)
    found = read(world)
    assert value(found, "agenthq_calls_total", tenant="acme", surface="agent", outcome="ok") == 1
    assert value(found, "agenthq_call_cost_dollars_total", simulated="true") > 0
    assert value(found, "agenthq_call_cost_dollars_total", simulated="false") == 0


def test_a_call_that_was_rolled_back_is_not_counted(world: World) -> None:
    with world.db() as db:
        samples.add_simulated(db, SYSTEM, world.vault)
        request = ChatRequest("sim-standard", (Message("user", "hello"),))
        with pytest.raises(ZeroDivisionError), db.transaction():
            world.calls.make(db, Caller(), request, lambda outcome: None, lambda *lost: None)
            raise ZeroDivisionError
    assert value(read(world), "agenthq_calls_total") == 0


def test_what_went_wrong_is_told_by_whose_fault_it_was(world: World, upstream: Upstream) -> None:
    tools.connect(world, upstream)
    upstream.will(Answer(status=400, body=b'{"error": {"message": "No.", "type": "invalid_request_error"}}'))
    tool = tools.tool(world)
    assert tool.post("/gw/v1/chat/completions", content=tools.chat()).status_code == 400
    assert tool.post("/gw/v1/chat/completions", content=tools.chat(model="nobody's")).status_code == 404
    assert program(world, "ahq_wrong").post("/gw/v1/messages", content=tools.message()).status_code == 401
    found = settled(world, 1)
    assert value(found, "agenthq_calls_total", outcome="failed") == 1
    types = {dict(labels)["error_type"] for name, labels in found if name == "agenthq_call_errors_total"}
    assert {kind.split("_")[0] for kind in types} == {"caller", "policy"}
    assert value(found, "agenthq_refusals_total", surface="chat", reason="model") == 1
    assert value(found, "agenthq_refusals_total", surface="messages", reason="key") == 1


def test_a_budget_tells_how_full_it_is(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 0)
    assert value(read(world), "agenthq_budget_used_ratio", tenant="acme", scope="tenant", span="month") == 1


def test_tenants_beyond_the_cap_are_told_as_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "agenthq_queue_depth"
    monkeypatch.setitem(GAUGES, name, GAUGES[name]._replace(cap=1))
    found = {dict(labels)["tenant"] for named, labels in read(world) if named == name}
    assert found == {"acme", "other"}


def test_every_metric_of_the_page_is_in_the_table(world: World) -> None:
    families = text_string_to_metric_families(program(world).get("/metrics", headers=LOCAL).text)
    told = {family.name + "_total" * (family.type == "counter") for family in families}
    assert told <= set(ALL)
    assert {name for name, metric in ALL.items() if metric.kind != "gauge"} <= told


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "box.test"},
        {**LOCAL, "x-forwarded-for": "10.0.0.9"},
        {**LOCAL, "sec-fetch-site": "same-origin"},
        {**LOCAL, "authorization": "Bearer wrong"},
        {**LOCAL, "authorization": "Bearer ahq_wrong"},
    ],
)
def test_nobody_else_reads_the_box(world: World, headers: dict[str, str]) -> None:
    answer = program(world).get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert "agenthq_" not in answer.text


def test_a_signed_in_person_is_no_reason(world: World) -> None:
    assert world.alice.get("/metrics").status_code == 401


def test_an_owners_key_reads_of_its_own_tenant_only(world: World, upstream: Upstream) -> None:
    tools.connect(world, upstream)
    upstream.will(tools.said(tools.CHAT))
    tools.tool(world).post("/gw/v1/chat/completions", content=tools.chat())
    settled(world, 1)
    with world.db(world.globex) as db:
        samples.add_simulated(db, SYSTEM, world.vault)
        request = ChatRequest("sim-standard", (Message("user", "hello"),))
        world.calls.make(db, Caller(), request, lambda outcome: None, lambda *lost: None)
    found = series(program(world, owner_key(world)).get("/metrics").text)
    assert {dict(labels)["tenant"] for _, labels in found} == {"acme"}
    assert value(found, "agenthq_calls_total") == 1


@pytest.mark.parametrize("given", [{"role": "admin"}, {"gateway_only": True}])
def test_lesser_keys_read_nothing(world: World, given: dict[str, Any]) -> None:
    assert program(world, owner_key(world, **given)).get("/metrics").status_code == 403


def test_with_a_token_set_even_this_machine_needs_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        world.settings._values, "metrics_token", world.settings._values["data"]._replace(value="s3cret")
    )
    assert program(world).get("/metrics", headers=LOCAL).status_code == 401
    assert program(world, "s3cre").get("/metrics").status_code == 401
    assert "agenthq_info" in program(world, "s3cret").get("/metrics").text


def test_charlie_cannot_read_acme(world: World) -> None:
    with world.control() as control:
        secret = keys.create(control, world.charlie.actor, world.globex.id, NewKey("m", "owner")).secret
    assert 'tenant="acme"' not in program(world, secret).get("/metrics").text


def test_what_the_application_serves_now_is_what_is_counted(world: World) -> None:
    assert metrics.of(world.app).services is world.services
