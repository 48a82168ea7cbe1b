"""Whatever stands in the way of a task, the advice has a button that does it."""

import ast
from pathlib import Path

import pytest

import appliance
from appliance.domain.instances import starting
from appliance.domain.why import FIXES, Why
from appliance.domain.workflows import library
from appliance.web.acts import WAYS, of_why
from tests.web import work
from tests.world import World

DOMAIN = Path(appliance.__file__).parent / "domain"


def verbs() -> set[str]:
    """The fourth word of every `Why` the domain makes, and of every known fix."""
    found = {verb for _, verb in FIXES.values()}
    for path in DOMAIN.glob("why*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Why":
                given = [*node.args[3:4], *(word.value for word in node.keywords if word.arg == "verb")]
                found |= {str(arg.value) for arg in given if isinstance(arg, ast.Constant) and arg.value}
    return found


def test_every_verb_of_the_domain_has_a_button() -> None:
    assert {"retry", "start", "resume", "budget", "plan"} <= verbs()
    assert verbs() - set(WAYS) == set()


@pytest.mark.parametrize("verb", WAYS)
def test_a_button_leads_somewhere_that_exists(world: World, verb: str) -> None:
    agent = work.hire(world)
    task = work.hand_out(world, assignee="mara")
    with world.db() as db:
        library.apply(db, world.alice.actor, "slug: tidy\nsteps: [{id: a, wait: 1h}]\n")
        flow = starting.start(db, world.alice.actor, "tidy", {})
    refs = {"resume": agent.slug, "look": agent.slug, "open": "1", "workflow": str(flow.number)}
    act = of_why(Why("x", "X.", "Do it", verb, refs.get(verb, "none")), task, world.alice.pages)
    assert act is not None and act.text == "Do it"
    if act.post:
        answer = world.alice.post(act.href, data={act.name: act.value} if act.value else {})
        assert answer.status_code == 303
    elif verb not in ("decide", "approval"):
        assert world.alice.get(act.href.partition("#")[0]).status_code == 200


def test_without_a_verb_there_is_no_button(world: World) -> None:
    assert of_why(Why("queued", "It is next."), work.hand_out(world), world.alice.pages) is None
