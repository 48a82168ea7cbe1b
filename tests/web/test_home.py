"""Home: what runs, what needs a person, what today has cost; and the first steps."""

from appliance.domain.instances import starting
from appliance.domain.workflows import library
from tests.web import work
from tests.world import World


def test_the_first_steps_tick_when_done(world: World) -> None:
    def done() -> str:
        text = world.alice.get(f"{world.alice.pages}/").text
        return text.partition("Three steps")[2].partition("of 3")[0].rpartition(">")[2].strip()

    assert done() == "0"
    work.connect(world)
    assert done() == "1"
    work.hire(world)
    assert done() == "2"
    work.hand_out(world)
    assert "Three steps" not in world.alice.get(f"{world.alice.pages}/").text


def test_what_runs_and_what_needs_a_person(world: World) -> None:
    work.connect(world)
    work.hire(world)
    work.hand_out(world, "Being written", assignee="mara")
    work.begin(world)
    work.hand_out(world, "Asks for a verdict", assignee="mara", checks=[], priority=2)
    work.fail(world, work.begin(world), "The model answered with nothing.")
    shown = world.alice.get(f"{world.alice.pages}/").text
    running, _, _ = shown.partition('id="running"')[2].partition("</section>")
    asks, _, _ = shown.partition('id="asks"')[2].partition("</section>")
    assert "Being written" in running
    assert "Asks for a verdict" in asks
    assert "The model answered with nothing." in asks


def test_work_in_review_is_accepted_from_here(world: World) -> None:
    work.hire(world)
    task = work.hand_out(world, assignee="mara")
    world.alice.post(f"{world.alice.api}/tasks/1/checks", json={"kind": "human_ack", "spec": {"question": "Good?"}})
    assert work.finish(world, work.begin(world)) == "in_review"
    shown = world.alice.get(f"{world.alice.pages}/").text
    assert "It waits for you to accept the result: Good?" in shown
    assert f'action="{world.alice.pages}/tasks/{task.number}/approve"' in shown
    assert "/approve" not in world.bob.get(f"{world.bob.pages}/").text


def test_a_workflow_at_work_is_told_from_work_that_nobody_has(world: World) -> None:
    work.hire(world)
    flow = "slug: tidy\nname: Tidy up\nsteps: [{id: a, agent: mara, title: Sweep}]\n"
    with world.db() as db:
        library.apply(db, world.alice.actor, flow)
        starting.start(db, world.alice.actor, "tidy", {})
    shown = world.alice.get(f"{world.alice.pages}/").text
    at_work = shown[shown.index('id="running"') : shown.index('id="finished"')]
    assert "Tidy up" in at_work and "Workflow" in at_work and "Nobody" not in at_work


def test_an_empty_home_is_calm(world: World) -> None:
    shown = world.bob.get(f"{world.bob.pages}/").text
    assert "Nothing waits for you." in shown
    assert "Nobody is at work." in shown
    assert "$0.00" in shown


def test_charlie_gets_404(world: World) -> None:
    assert world.charlie.get(f"{world.alice.pages}/").status_code == 404


def test_a_stranger_is_asked_to_sign_in(world: World) -> None:
    answer = world.stranger.get(f"{world.alice.pages}/")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
