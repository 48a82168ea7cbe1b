"""Why a task stands where it stands: one sentence and one action, in every state."""

import pytest

from appliance import clock
from appliance.domain import (
    agents,
    approvals,
    blockers,
    decisions,
    guards,
    lifecycle,
    providers,
    runs,
    standing,
    tasks,
    wakes,
    why,
)
from appliance.domain.actor import SYSTEM
from appliance.domain.provider_forms import ProviderChange
from appliance.domain.why import Why
from tests.web import work
from tests.world import World


def ask(world: World, number: int = 1) -> Why:
    with world.db() as db:
        return why.why(db, tasks.get(db, str(number)))


@pytest.fixture
def team(world: World) -> World:
    work.connect(world)
    work.hire(world, max_concurrency=1)
    return world


def test_nobody_is_assigned(world: World) -> None:
    work.hand_out(world)
    assert (ask(world).code, ask(world).verb) == ("backlog", "plan")
    world.alice.post(f"{world.alice.pages}/tasks/1/move", data={"state": "todo"})
    assert (ask(world).code, ask(world).verb) == ("no_assignee", "assign")


def test_a_person_has_it(world: World) -> None:
    work.hand_out(world, assignee=f"member:{world.otto.member.id}")
    assert ask(world).code == "with_person"


def test_it_was_not_started(team: World) -> None:
    work.hand_out(team, assignee="mara", start=False)
    assert ask(team) == Why("not_started", "Mara Quill has not been started on it.", "Start", "start")


def test_it_is_queued_behind_others(team: World) -> None:
    work.hand_out(team, assignee="mara")
    assert ask(team).sentence == "It is next and starts as soon as a worker is free."
    work.hand_out(team, assignee="mara")
    assert ask(team, 2).sentence == "It is queued; 1 run stands before this one."
    work.begin(team)
    found = ask(team, 2)
    assert (found.code, found.ref) == ("capacity", "mara")
    assert "Mara Quill works on 1 of at most 1 tasks at once" in found.sentence


def test_its_agent_is_paused(team: World) -> None:
    work.hand_out(team, assignee="mara")
    with team.db() as db:
        agents.set_paused(db, SYSTEM, "mara", True)
    assert ask(team) == Why("agent_paused", "Mara Quill is paused.", "Resume Mara Quill", "resume", "mara")


def test_no_provider_serves_its_model(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    assert (ask(world).code, ask(world).verb) == ("no_provider", "provider")


def test_it_runs_and_stops(team: World) -> None:
    work.hand_out(team, assignee="mara")
    run = work.begin(team)
    assert ask(team).sentence == "Mara Quill works on step 1."
    work.record(team, run, "tool", "workspace.list")
    assert ask(team).sentence == "Mara Quill works on step 2. The last one was workspace.list."
    with team.db() as db, db.transaction():
        runs.request_cancel(db, SYSTEM, run.id)
    assert ask(team).code == "stopping"


@pytest.mark.parametrize(("reason", "verb"), [("timer", ""), ("quota", ""), ("budget", "budget")])
def test_it_waits(team: World, reason: str, verb: str) -> None:
    work.hand_out(team, assignee="mara")
    run = work.begin(team)
    at = None if reason == "budget" else clock.ahead(60)
    with team.db() as db, db.transaction():
        runs.wait(db, run, reason, at, "The provider was busy.")
    found = ask(team)
    assert (found.code, found.verb) == (reason, verb)
    assert found.sentence.endswith("The provider was busy.")
    assert (" until 20" in found.sentence) == (at is not None)


def test_another_task_comes_first(team: World) -> None:
    work.hand_out(team, "First", assignee="mara")
    work.hand_out(team, "Second", assignee="mara", start=False)
    with team.db() as db:
        blockers.put(db, SYSTEM, "2", "1")
    assert ask(team, 2) == Why("blocked_by", "It waits for #1 First.", "Open #1", "open", "1")


def test_it_failed(team: World) -> None:
    work.hand_out(team, assignee="mara")
    work.fail(team, work.begin(team))
    found = ask(team)
    assert (found.code, found.verb) == ("capability", "provider")
    assert found.sentence == "The provider refused the key. Put a valid key in."


def test_it_waits_for_a_verdict_then_is_done(team: World) -> None:
    parent = work.hand_out(team, "Release", assignee="mara")
    work.hand_out(team, "Notes", parent_id=parent.id)
    assert work.finish(team, work.begin(team)) == "in_review"
    assert (ask(team).code, ask(team).ref) == ("children_open", "2")
    team.alice.post(f"{team.alice.api}/tasks/2/cancel")
    assert (ask(team).code, ask(team).verb) == ("review", "approve")
    team.alice.post(f"{team.alice.api}/tasks/1/approve")
    assert ask(team).code == "done"
    assert (ask(team, 2).code, ask(team, 2).verb) == ("cancelled", "reopen")


def test_the_leaf_of_a_line_of_blockers_is_named(team: World) -> None:
    for title in ("First", "Second", "Third"):
        work.hand_out(team, title, assignee="mara", start=False)
    with team.db() as db:
        blockers.put(db, SYSTEM, "2", "1")
        blockers.put(db, SYSTEM, "3", "2")
    found = ask(team, 3)
    assert found.sentence == "It waits for #2 Second. That waits for #1 First."
    assert (found.action, found.verb, found.ref) == ("Open #1", "open", "1")


def test_a_cancelled_blocker_says_so(team: World) -> None:
    work.hand_out(team, "First")
    work.hand_out(team, "Second", assignee="mara", blockers=["1"])
    with team.db() as db:
        lifecycle.cancel(db, SYSTEM, "1")
    assert "#1 was cancelled and is still waited for" in ask(team, 2).sentence


def test_limits_of_account_and_tenant_are_named(team: World) -> None:
    with team.db() as db:
        guards.change(db, SYSTEM, guards.GuardsChange(max_running=1))
    work.hire(team, "leo", "Leo Brandt")
    work.hand_out(team, assignee="mara")
    work.hand_out(team, assignee="leo")
    work.begin(team)
    found = ask(team, 2)
    assert (found.code, found.verb) == ("tenant_limit", "limits")
    assert found.sentence == "1 of at most 1 runs are at work in all."
    with team.db() as db:
        providers.change(db, SYSTEM, team.vault, "Simulated", ProviderChange(max_concurrency=1))
    found = ask(team, 2)
    assert (found.code, found.verb) == ("account_limit", "provider")
    assert found.sentence == "The account Simulated serves 1 of at most 1 runs at once."


def test_a_wake_that_rests_says_until_when(team: World) -> None:
    task = work.hand_out(team, assignee="mara", start=False)
    with team.db() as db:
        wakes.wake(db, SYSTEM, task, "child_ended", None, not_before=clock.ahead(600))
    found = ask(team)
    assert (found.code, found.action, found.verb) == ("wake", "Start now", "start")
    assert found.sentence.startswith("It rests until 20")
    assert found.sentence.endswith("Mara Quill was woken: child ended.")


def test_a_breaker_asks_and_after_a_no_a_person_may_start_it(team: World) -> None:
    task = work.hand_out(team, assignee="mara", start=False)
    with team.db() as db:
        while wakes.wake(db, SYSTEM, task, "child_ended", None).state != "tripped":
            work.fail(team, work.begin(team))
        [asked] = approvals.of_task(db, task.id)
    found = ask(team)
    assert (found.code, found.action, found.verb, found.ref) == ("breaker", "Decide", "decide", asked.id)
    with team.db() as db:
        decisions.decide(db, team.otto.actor, asked.id, "reject")
    assert (ask(team).code, ask(team).action, ask(team).verb) == ("breaker", "Start it again", "retry")


def test_a_signal_is_named_with_its_end(team: World) -> None:
    work.hand_out(team, assignee="mara")
    run = work.begin(team)
    with team.db() as db, db.transaction():
        runs.wait(db, run, "signal", clock.ahead(60), "", "paid")
    found = ask(team)
    assert (found.code, found.verb) == ("signal", "run")
    assert found.sentence.startswith("It waits for the signal paid. It goes on without it when none has come until 20")


@pytest.mark.parametrize("kind", ["question", "action", "budget", "in_doubt"])
def test_a_decision_leads_to_its_card(team: World, kind: str) -> None:
    task = work.hand_out(team, assignee="mara", start=False)
    payload = {"tool": "mail.send", "arguments": {}, "target": "bob"} if kind == "action" else {}
    with team.db() as db, db.transaction():
        asked = approvals.ask(db, SYSTEM, approvals.Ask(kind, "May it?", payload=payload), task_id=task.id)  # type: ignore[arg-type]
    found = ask(team)
    assert found.code == ("approval" if kind in ("question", "action") else kind)
    assert (found.action, found.verb, found.ref) == ("Decide", "decide", asked.id)


@pytest.mark.parametrize(
    ("reason", "verb"), [("poison", "fork"), ("version", "fork"), ("mismatch", "retry"), ("in_doubt", "retry")]
)
def test_a_parked_run_says_how_it_goes_on(team: World, reason: str, verb: str) -> None:
    work.hand_out(team, assignee="mara")
    run = work.begin(team)
    with team.db() as db, db.transaction():
        runs.park(db, run, reason, "It stopped.")
    assert (ask(team).code, ask(team).sentence, ask(team).verb) == ("parked", "It stopped.", verb)


def test_every_reason_to_be_blocked_has_an_action(team: World) -> None:
    for n, reason in enumerate(standing.REASONS, 1):
        work.hand_out(team, assignee="mara")
        work.fail(team, work.begin(team), "Because.", reason)
        found = ask(team, n)
        assert (found.code, found.sentence) == (reason, "Because.")
        assert found.action and found.verb
