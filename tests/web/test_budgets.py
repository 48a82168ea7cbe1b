import pytest

from appliance.domain import budgets, providers
from appliance.domain.provider_forms import NewProvider
from tests.web import work
from tests.world import World


def limit(world: World, **body: object) -> dict[str, object]:
    made = world.alice.post(f"{world.alice.api}/budgets", json={"scope": "tenant", "span": "month"} | body)
    assert made.status_code == 201, made.text
    return dict(made.json())


def test_api_sets_changes_and_removes_a_limit(world: World) -> None:
    made = limit(world, limit_usd="12.50")
    assert (made["limit_nano"], made["limit_usd"], made["spent_usd"]) == (12_500_000_000, "12.5", "0")
    changed = world.alice.patch(f"{world.alice.api}/budgets/{made['id']}", json={"limit_usd": 20})
    assert changed.json()["limit_usd"] == "20"
    assert world.alice.patch(f"{world.alice.api}/budgets/{made['id']}", json={"limit_usd": None}).json() is None
    assert world.alice.get(f"{world.alice.api}/budgets").json() == {"items": []}


def test_setting_the_same_scope_twice_replaces_the_limit(world: World) -> None:
    first, second = limit(world, limit_usd=1), limit(world, limit_usd=2)
    assert first["id"] == second["id"]
    assert len(world.alice.get(f"{world.alice.api}/budgets").json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limit_usd": "a lot"}, "limit_usd"),
        ({"limit_usd": -1}, "limit_usd"),
        ({"limit_usd": "1e999999999"}, "limit_usd"),
        ({"limit_usd": 1, "scope": "galaxy"}, "scope"),
        ({"limit_usd": 1, "span": "fortnight"}, "span"),
        ({"limit_usd": 1, "scope": "agent", "scope_id": "nobody"}, "scope_id"),
        ({"limit_usd": 1, "scope": "task", "scope_id": "77"}, "scope_id"),
    ],
)
def test_a_bad_limit_names_its_field(world: World, body: dict[str, object], field: str) -> None:
    refused = world.alice.post(f"{world.alice.api}/budgets", json={"scope": "tenant", "span": "month"} | body)
    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [field]


def test_the_page_sets_a_limit_and_keeps_what_was_typed_wrong(world: World) -> None:
    form = {"scope": "tenant", "span": "day", "limit_usd": "three"}
    wrong = world.alice.post(f"{world.alice.pages}/budgets", data=form)
    assert wrong.status_code == 422
    assert 'value="three"' in wrong.text and 'aria-invalid="true"' in wrong.text
    right = world.alice.post(f"{world.alice.pages}/budgets", data=form | {"limit_usd": "3"})
    assert (right.status_code, right.headers["location"]) == (303, "/t/acme/budgets")
    assert "of $3.00" in world.alice.get(f"{world.alice.pages}/budgets").text


def test_the_page_changes_and_removes_a_limit(world: World) -> None:
    made = limit(world, limit_usd=3)
    here = f"{world.alice.pages}/budgets/{made['id']}"
    assert world.alice.post(here, data={"limit_usd": "oops"}).status_code == 422
    assert world.alice.post(here, data={"limit_usd": "4"}).status_code == 303
    with world.db() as db:
        assert budgets.all(db)[0].limit_nano == 4_000_000_000
    assert world.alice.post(f"{here}/remove").status_code == 303
    with world.db() as db:
        assert budgets.all(db) == []


def test_the_page_sets_the_limit_of_an_agent_or_a_task(world: World) -> None:
    work.hire(world)
    work.hand_out(world)
    for form in (
        {"scope": "agent:mara", "which": ""},
        {"scope": "task", "which": "1"},
        {"scope": "tenant", "which": "1"},
    ):
        sent = form | {"span": "month", "limit_usd": "3"}
        assert world.alice.post(f"{world.alice.pages}/budgets", data=sent).status_code == 303
    with world.db() as db:
        assert [budget.scope for budget in budgets.all(db)] == ["tenant", "agent", "task"]
    form = {"scope": "task", "which": "77", "span": "day", "limit_usd": "3"}
    refused = world.alice.post(f"{world.alice.pages}/budgets", data=form).text
    assert "there is no such task" in refused.partition('id="which"')[2].partition("</div>")[0]


def test_work_that_waits_for_money_leads_to_the_budget_that_holds_it(world: World) -> None:
    work.hire(world, budget_usd_month="0.01")
    limit(world, limit_usd=9)
    work.hand_out(world, assignee="mara")
    work.fail(world, work.begin(world), "The budget is used up.", blocked="budget")
    with world.db() as db:
        holds = next(budget.id for budget in budgets.all(db) if budget.scope == "agent")
    for path in ("/", "/tasks/1"):
        assert f'href="/t/acme/budgets#budget-{holds}"' in world.alice.get(world.alice.pages + path).text
    assert f'<li class="limit" id="budget-{holds}">' in world.alice.get(f"{world.alice.pages}/budgets").text


def test_more_can_be_allowed_once_on_the_page_and_over_http(world: World) -> None:
    made = limit(world, limit_usd=3)
    here = f"{world.alice.pages}/budgets/{made['id']}/raise"
    assert world.alice.post(here, data={"extra_usd": "oops"}).status_code == 422
    assert world.alice.post(here, data={"extra_usd": "2"}).status_code == 303
    raised = world.alice.post(f"{world.alice.api}/budgets/{made['id']}/raise", json={"extra_usd": "1.5"}).json()
    assert (raised["limit_usd"], raised["extra_usd"], raised["allowed_usd"]) == ("3", "3.5", "6.5")
    assert raised["extra_until"] == raised["ends"]
    shown = world.alice.get(f"{world.alice.pages}/budgets").text
    assert "$3.50 of it allowed once" in shown and "of $6.50" in shown


def test_an_amount_out_of_proportion_is_typed_twice(world: World) -> None:
    made = limit(world, limit_usd=3)
    here = f"{world.alice.pages}/budgets/{made['id']}"
    asked = world.alice.post(here, data={"limit_usd": "30000"})
    assert asked.status_code == 422 and "is more than $10,000.00" in asked.text and 'name="confirm"' in asked.text
    assert world.alice.post(here, data={"limit_usd": "30000", "confirm": "3000"}).status_code == 422
    assert world.alice.post(here, data={"limit_usd": "30000", "confirm": "30,000"}).status_code == 303
    refused = world.alice.patch(f"{world.alice.api}/budgets/{made['id']}", json={"limit_usd": 8_000_000})
    assert list(refused.json()["errors"]) == ["confirm"]
    meant = {"limit_usd": 8_000_000, "confirm": True}
    assert world.alice.patch(f"{world.alice.api}/budgets/{made['id']}", json=meant).json()["limit_usd"] == "8000000"


def test_every_scope_and_span_can_be_chosen(world: World) -> None:
    work.hire(world)
    work.hand_out(world)
    with world.db() as db:
        db.execute("UPDATE tasks SET project = 'site'")
        account = providers.add(db, world.alice.actor, world.vault, NewProvider("Sim", "simulated"))
    for scope in ("tenant", f"provider:{account.id}", "agent:mara", "project:site", "task"):
        sent = {"scope": scope, "which": "1", "span": "hour", "limit_usd": "3"}
        assert world.alice.post(f"{world.alice.pages}/budgets", data=sent).status_code == 303
    shown = world.alice.get(f"{world.alice.pages}/budgets").text
    for name in (
        "Acme · an hour",
        "Account Sim · an hour",
        "Mara Quill · an hour",
        "Project site · an hour",
        "Task #1",
    ):
        assert name in shown


def test_only_admins_set_limits(world: World) -> None:
    body = {"scope": "tenant", "span": "month", "limit_usd": 1}
    for person in (world.otto, world.bob):
        assert person.post(f"{person.api}/budgets", json=body).status_code == 403
        assert person.post(f"{person.pages}/budgets", data=body).status_code == 403
        assert "Set a limit" not in person.get(f"{person.pages}/budgets").text


def test_charlie_of_another_tenant_finds_nothing(world: World) -> None:
    made = limit(world, limit_usd=3)
    assert world.charlie.get("/t/acme/budgets").status_code == 404
    assert world.charlie.get("/api/v1/t/acme/budgets").status_code == 404
    foreign = world.charlie.patch(f"{world.charlie.api}/budgets/{made['id']}", json={"limit_usd": 9})
    assert foreign.status_code == 404
