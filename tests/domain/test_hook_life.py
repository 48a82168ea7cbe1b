"""What a hook may be, and how it changes, rests and ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from appliance import clock
from appliance.domain import agents, hooks
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.hook_forms import HookChange, NewHook
from appliance.domain.hook_secrets import NewSecret
from appliance.domain.hook_signatures import Signing
from appliance.domain.hook_task_targets import StartTask, TaskSignal
from appliance.errors import Problem
from tests.domain.hooking import PLAIN, Make
from tests.world import World


def command(text: str) -> dict[str, Any]:
    return {"kind": "command_exit_0", "spec": {"command": text}}


def test_an_agent_sets_up_no_hook_that_starts_work(outside: Make, world: World) -> None:
    """By one it could hand work to anybody: a hook acts in nobody's name."""
    desk, agent = outside(), Actor("agent", "a", "Ada", "admin")
    verbs: list[Callable[[], Any]] = [
        lambda: hooks.create(desk.control, desk.db, world.vault, agent, NewHook("x", PLAIN), "http://box.test"),
        lambda: hooks.change(desk.control, desk.db, agent, desk.id, HookChange(target=PLAIN)),
        lambda: hooks.rotate(desk.control, agent, world.acme.id, desk.id, "http://box.test"),
        lambda: hooks.renew_secret(
            desk.control, world.vault, agent, world.acme.id, desk.id, NewSecret(signing=Signing("github"))
        ),
        lambda: hooks.revoke(desk.control, agent, world.acme.id, desk.id),
    ]
    for verb in verbs:
        with pytest.raises(Problem, match="An agent can't") as caught:
            verb()
        assert caught.value.code == "forbidden"


def test_what_comes_from_outside_gives_no_work_to_people(outside: Make, world: World) -> None:
    desk = outside(StartTask({"title": "x", "assignee": "${{ body.to }}"}))
    assert "not to a person" in desk.post({"to": f"member:{world.otto.actor.id}"}).answer.reason
    named = outside(StartTask({"title": "x", "assignee": f"member:{world.otto.actor.id}"}))
    assert named.post({}).answer.accepted


def test_after_a_new_secret_the_old_one_counts_for_a_while(outside: Make, world: World) -> None:
    desk = outside(signing=Signing("github"))
    old, otto = desk.secret, world.otto.actor
    renewed = hooks.renew_secret(desk.control, world.vault, otto, world.acme.id, desk.id, NewSecret(keep_s=60))
    assert renewed.secret not in ("", old)
    assert desk.github({"subject": "A"}, secret=renewed.secret).answer.accepted
    assert desk.github({"subject": "B"}, secret=old).answer.accepted
    with clock.frozen(clock.now() + timedelta(seconds=61)), pytest.raises(Problem, match="does not fit"):
        desk.github({"subject": "C"}, secret=old)
    hooks.renew_secret(desk.control, world.vault, otto, world.acme.id, desk.id, NewSecret(keep_s=0))
    with pytest.raises(Problem, match="does not fit"):
        desk.github({"subject": "D"}, secret=renewed.secret)


def test_a_given_secret_is_used_and_not_told(outside: Make) -> None:
    desk = outside(signing=Signing("github"), secret="the secret of GitHub 1")
    assert desk.secret == ""
    assert desk.github({"subject": "A"}, secret="the secret of GitHub 1").answer.accepted


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": ""}),
        ("fields.titel", {"target": StartTask({"titel": "x"})}),
        ("fields.title", {"target": StartTask({"body": "x"})}),
        ("fields.title", {"target": StartTask({"title": "${{ boddy.x }}"})}),
        ("fields.body", {"target": StartTask({"title": "x", "body": "${{ body. }}"})}),
        ("fields.assignee", {"target": StartTask({"title": "x", "assignee": "nobody"})}),
        ("fields.checks", {"target": StartTask({"title": "x", "checks": "${{ body.checks }}"})}),
        ("fields.checks[0]", {"target": StartTask({"title": "x", "checks": ["${{ body.check }}"]})}),
        ("fields.checks[0]", {"target": StartTask({"title": "x", "checks": [command("test ${{ body.x }}")]})}),
        (
            "fields.checks[0]",
            {"target": StartTask({"title": "x", "checks": [{"kind": "${{ body.x }}"}]})},
        ),
        ("assignee", {"target": StartTask({"title": "x", "assignee": "member:nobody"})}),
        ("task", {"target": TaskSignal("99")}),
        ("only_if", {"only_if": "body.action == 'x'"}),
        ("only_if", {"only_if": "${{ inputs.x }}"}),
        ("idem_path", {"idem_path": "a..b"}),
        ("same_body_s", {"same_body_s": -1}),
        ("per_minute", {"per_minute": 0}),
        ("expires", {"expires": "2020-01-01"}),
        ("expires", {"expires": "soon"}),
        ("scheme", {"signing": Signing("md5")}),
        ("scheme", {"secret": "a secret without a scheme"}),
        ("secret", {"signing": Signing("github"), "secret": "short"}),
    ],
)
def test_a_hook_that_could_not_work_is_refused_with_the_field(
    outside: Make, world: World, field: str, given: dict[str, Any]
) -> None:
    with pytest.raises(Problem) as caught:
        outside(**given) if "name" not in given else hooks.create(
            outside().control, outside().db, world.vault, world.otto.actor, NewHook("", PLAIN), ""
        )
    assert list(caught.value.errors) == [field]


def test_the_life_of_a_hook(outside: Make, world: World) -> None:
    desk, otto, acme = outside(expires="1d"), world.otto.actor, world.acme.id
    assert hooks.get(desk.control, acme, desk.id).state == "active"
    changed = hooks.change(desk.control, desk.db, otto, desk.id, HookChange(per_minute=5, expires=None))
    assert (changed.per_minute, changed.expires_at, changed.name) == (5, None, "Ticket desk")
    old = desk.found
    renewed = hooks.rotate(desk.control, otto, acme, desk.id, "http://box.test")
    with pytest.raises(Problem, match="no such hook"):
        _ = desk.found
    desk.issued = renewed
    assert desk.found.id == old.id
    hooks.change(desk.control, desk.db, otto, desk.id, HookChange(expires="1d"))
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert hooks.get(desk.control, acme, desk.id).state == "expired"
        with pytest.raises(Problem, match="no such hook"):
            _ = desk.found
    hooks.revoke(desk.control, otto, acme, desk.id)
    with pytest.raises(Problem, match="revoked"):
        hooks.pause(desk.control, otto, acme, desk.id)
    for state, found in (("revoked", 1), ("active", 0), ("paused", 0), ("expired", 0), ("", 1)):
        assert len(hooks.listing(desk.control, acme, state).items) == found


def test_other_things_change_while_what_the_target_names_is_gone(outside: Make, world: World) -> None:
    with world.db() as db:
        agents.create(db, world.alice.actor, NewAgent("mara", "Mara Quill", "Write.", "simulated"))
    desk = outside(StartTask({"title": "A", "assignee": "mara"}))
    desk.db.execute("UPDATE agents SET deleted_at = '2026-01-01'")
    otto = world.otto.actor
    assert hooks.change(desk.control, desk.db, otto, desk.id, HookChange(name="Other")).name == "Other"
    with pytest.raises(Problem, match="assignee"):
        hooks.change(desk.control, desk.db, otto, desk.id, HookChange(target=desk.issued.target))
    assert "there is no agent" in desk.post({}).answer.reason
