import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.calls.elsewhere import Elsewhere
from appliance.db.database import Database
from appliance.domain import samples, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics import baselines, exports, rollups
from appliance.domain.providers import Provider
from appliance.domain.task_forms import NewTask
from tests.domain.analytics.booking import Past, put
from tests.world import World


@pytest.fixture
def sim(world: World) -> Iterator[Provider]:
    """Two answered calls on the simulated account, compared with the models in use: one dear, one cheap."""
    with world.db() as db:
        account = samples.add_simulated(db, SYSTEM, world.vault)
        task = tasks.create(db, SYSTEM, NewTask("Answer"))
        db.update("tasks", {"id": task.id}, state="done", finished_at=clock.iso())
        now = clock.now() - timedelta(minutes=10)
        # 1,000 in and 100 out: $3/$15 a million on sim-standard, $15/$75 on sim-deep.
        about = {"simulated": True, "cost_source": "simulated", "task_id": task.id, "task_kind": "support"}
        tokens = {"input_total": 1_000, "output_total": 100}
        put(db, Past(now, 4_500_000, account.id, "sim-standard", **about, **tokens))
        put(db, Past(now, 22_500_000, account.id, "sim-deep", **about, **tokens))
        rollups.roll_all(db)
        while baselines.compare(db, Elsewhere(world.services.calls.accounts)):
            pass
    yield account


def test_the_headline_is_what_was_saved_with_its_coverage_and_how(world: World, sim: Provider) -> None:
    page = world.bob.get(f"{world.bob.pages}/costs").text
    hero = page.split('class="card kpi hero"')[1].split("</details>")[0]
    for words in ("Saved against sim-deep", "$0.0180", "40.0 % of $0.0450", "coverage 100.0%", "2 of 2 calls"):
        assert words in hero
    found = world.bob.get(f"{world.bob.api}/analytics/summary").json()["savings"]["chosen"]
    assert (found["saved_nano"], found["saved_usd"], found["saved_percent"]) == (18_000_000, "0.018", 40.0)


def test_an_admin_pins_what_savings_are_measured_against(world: World, sim: Provider) -> None:
    here = f"{world.alice.pages}/costs/compare"
    named = f"{sim.name}/sim-standard"
    assert world.otto.post(f"{here}/pin", data={"model": named}).status_code == 403
    assert world.alice.post(f"{here}/pin", data={"model": named}).status_code == 303
    assert "Saved against sim-standard, the pinned model" in world.bob.get(f"{world.bob.pages}/costs").text
    assert world.alice.post(f"{here}/pin", data={"model": "nowhere/x"}).status_code in (400, 422)
    world.alice.post(f"{here}/pin", data={"model": ""})
    assert "Saved against sim-deep" in world.bob.get(f"{world.bob.pages}/costs").text


def test_accounts_and_models_stand_beside_each_other(world: World, sim: Provider) -> None:
    found = world.bob.get(f"{world.bob.api}/analytics/providers/comparison").json()
    dear = next(line for line in found["items"] if line["model"] == "sim-deep")
    assert (dear["success"], dear["per_answer_nano"], dear["elsewhere"]["nano"]) == (1.0, 22_500_000, 45_000_000)
    assert sum(line["cost_nano"] for line in found["items"]) == found["total"]["cost_nano"] == 27_000_000
    page = world.bob.get(f"{world.bob.pages}/costs/compare").text
    assert "All on sim-deep" in page and "Measure against" not in page, "Bob only looks"


def test_what_if_prices_each_call_at_another_model(world: World, sim: Provider) -> None:
    asked = f"{world.bob.api}/analytics/what-if?at={sim.name}/sim-deep"
    result = world.bob.get(asked).json()["result"]
    assert (result["actual_nano"], result["nano"], result["covered"]) == (27_000_000, 45_000_000, 2)
    narrowed = world.bob.get(f"{asked}&model=sim-standard").json()["result"]
    assert (narrowed["actual_nano"], narrowed["nano"]) == (4_500_000, 22_500_000)
    assert world.bob.get(f"{asked}&model=none").json()["result"] is None
    page = world.bob.get(f"{world.bob.pages}/costs/compare?at={sim.name}/sim-deep").text
    assert "$0.0180 more" in page and "2 of 2 answered calls" in page
    wrong = world.bob.get(f"{world.bob.pages}/costs/compare?at=nowhere")
    assert wrong.status_code == 422 and "name it as account/model" in wrong.text


def test_there_is_no_return_before_people_made_assumptions(world: World, sim: Provider) -> None:
    before = world.bob.get(f"{world.bob.api}/analytics/roi").json()
    assert (before["cost_nano"], before["value_nano"], before["net_nano"], before["percent"]) == (
        27_000_000,
        None,
        None,
        None,
    )
    here = f"{world.alice.pages}/costs/return"
    assert world.otto.post(here, data={"rate_usd": "60"}).status_code == 403
    wrong = world.alice.post(here, data={"rate_usd": "60", "hours.support": "soon"})
    assert wrong.status_code == 422 and 'value="soon"' in wrong.text and "give a number" in wrong.text
    assert world.alice.post(here, data={"rate_usd": "60", "hours.support": "0.5"}).status_code == 303
    after = world.bob.get(f"{world.bob.api}/analytics/roi").json()
    assert (after["value_usd"], after["net_usd"], after["hours"]) == ("30", "29.973", 0.5)
    assert "1 with an assumption" in world.bob.get(f"{world.bob.pages}/costs/return").text
    api = f"{world.alice.api}/analytics/roi/assumptions"
    assert world.alice.put(api, json={"rate_usd": "-1"}).json()["errors"].keys() == {"rate_usd"}


def test_kinds_and_speed_and_now_are_told(world: World, sim: Provider) -> None:
    api = f"{world.bob.api}/analytics"
    [kind] = world.bob.get(f"{api}/task-types").json()["items"]
    assert (kind["key"], kind["accepted"]["tasks"], kind["accepted"]["per_task_usd"]) == ("support", 1, "0.027")
    speed = world.bob.get(f"{api}/performance").json()
    assert speed["whole"]["calls"] == 2 and 750 < speed["whole"]["p50_ms"] <= 1_000
    assert {item["label"] for item in speed["items"]} == {"sim-deep", "sim-standard"}
    now = world.bob.get(f"{api}/realtime").json()
    assert (now["in_flight"], now["calls"]) == (0, 0)
    with world.db() as db:
        put(db, Past(clock.now(), 5, sim.id, "sim-deep", simulated=True))
    assert world.bob.get(f"{api}/realtime").json()["calls"] == 1


def test_a_narrowed_page_shows_these_calls_only(world: World, sim: Provider) -> None:
    page = world.bob.get(f"{world.bob.pages}/costs?model=sim-deep&by=agent").text
    assert "$0.0225" in page.split('id="kpis"')[1].split("Spend per day")[0] and "Saved against" not in page
    assert "Model: sim-deep" in page
    assert world.bob.get(f"{world.bob.api}/analytics/usage?model=sim-deep").json()["total"]["cost_nano"] == 22_500_000


def test_few_calls_come_at_once_and_many_as_a_file(
    world: World, sim: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.web.analytics_api.AT_ONCE", 1)
    refused = world.bob.get(f"{world.bob.api}/analytics/export")
    assert refused.status_code == 409 and "POST /analytics/exports" in refused.json()["detail"]
    made = world.otto.post(f"{world.otto.api}/analytics/exports", json={"format": "csv"}).json()
    assert (made["state"], made["total"]) == ("queued", 2)
    file = f"{world.bob.api}/analytics/exports/{made['id']}/file"
    assert world.bob.get(file).status_code == 409
    assert "Waiting" in world.bob.get(f"{world.bob.pages}/costs/exports").text
    with world.db() as db:
        make(world, db)
    got = world.bob.get(file)
    rows = list(csv.DictReader(io.StringIO(got.text, newline="")))
    assert sum(int(row["cost_nano"]) for row in rows) == 27_000_000
    assert got.headers["content-disposition"].endswith('.csv"')
    assert "Download" in world.bob.get(f"{world.bob.pages}/costs/exports").text
    assert world.charlie.get(f"/api/v1/t/acme/analytics/exports/{made['id']}/file").status_code == 404
    assert world.charlie.get(f"{world.charlie.api}/analytics/exports/{made['id']}/file").status_code == 404


def test_an_export_is_asked_for_and_stopped_on_its_page(world: World, sim: Provider) -> None:
    here = f"{world.otto.pages}/costs/exports"
    assert world.bob.post(here, data={"format": "csv"}).status_code == 403
    wrong = world.otto.post(here, data={"format": "xls", "from": "2026-11-01"})
    assert wrong.status_code == 422 and "use one of csv, jsonl" in wrong.text and 'value="2026-11-01"' in wrong.text
    assert world.otto.post(here, data={"format": "jsonl"}).status_code == 303
    with world.db() as db:
        [asked] = exports.every(db)
        assert world.otto.post(f"{here}/{asked.id}/cancel").status_code == 303
        assert exports.get(db, asked.id).state == "cancelled"
        assert make(world, db) is False


def make(world: World, db: Database) -> bool:
    return exports.make(db, world.catalogue.files(world.acme.id), lambda: False)
