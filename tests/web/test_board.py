"""The board: columns, filters in the address, and moving a card."""

import pytest

from tests.web import work
from tests.world import World


def test_every_column_counts_what_matches(world: World) -> None:
    work.hire(world)
    work.hand_out(world, "Write the notes", assignee="mara")
    work.hand_out(world, "An idea for later")
    shown = world.alice.get(f"{world.alice.pages}/board").text
    assert "2 tasks · 0 running" in shown
    assert "Write the notes" in shown
    assert "An idea for later" not in shown
    assert "An idea for later" in world.alice.get(f"{world.alice.pages}/board?backlog=true").text


@pytest.mark.parametrize(
    "query", ["q=NOTES", "assignee=mara", "label=release", "priority=3", "q=notes&assignee=mara&label=release"]
)
def test_the_filter_is_in_the_address(world: World, query: str) -> None:
    work.hire(world)
    work.hand_out(world, "Write the notes", assignee="mara", labels=["release"], priority=3)
    work.hand_out(world, "Something else", start=False, assignee=f"member:{world.otto.member.id}")
    shown = world.alice.get(f"{world.alice.pages}/board?{query}").text
    assert "Write the notes" in shown
    assert "Something else" not in shown


def test_a_filter_that_finds_nothing_says_so(world: World) -> None:
    work.hand_out(world)
    assert "Nothing matches." in world.alice.get(f"{world.alice.pages}/board?q=zzz").text


def test_an_empty_board_says_what_to_do(world: World) -> None:
    assert "No task yet" in world.alice.get(f"{world.alice.pages}/board").text


def test_a_long_column_shows_more_on_request(world: World) -> None:
    work.hire(world)
    for n in range(25):
        work.hand_out(world, f"Piece {n:02}", assignee="mara")
    first = world.alice.get(f"{world.alice.pages}/board?q=piece")
    assert first.text.count("data-card ") == 20
    assert "q=piece&amp;show=todo&amp;cards=50#column-todo" in first.text
    more = world.alice.get(f"{world.alice.pages}/board?q=piece&show=todo&cards=50")
    assert more.text.count("data-card ") == 25


def test_a_card_says_what_its_agent_does(world: World) -> None:
    work.hire(world)
    task = work.hand_out(world, assignee="mara")
    assert "queued" in world.alice.get(f"{world.alice.pages}/board").text
    run = work.begin(world)
    assert "step 1" in world.alice.get(f"{world.alice.pages}/board").text
    work.fail(world, run)
    assert "needs another provider" in world.alice.get(f"{world.alice.pages}/board").text
    assert f"/tasks/{task.number}/move" in world.alice.get(f"{world.alice.pages}/board").text


def test_a_card_is_moved_by_a_form_and_by_dragging(world: World) -> None:
    work.hand_out(world)
    here = f"{world.alice.pages}/tasks/1/move"
    board = f"{world.alice.pages}/board"
    moved = world.alice.post(here, data={"state": "todo"}, headers={"referer": f"http://box.test{board}?q=draft"})
    assert (moved.status_code, moved.headers["location"]) == (303, f"{board}?q=draft")
    dragged = world.alice.post(here, data={"state": "backlog"}, headers={"hx-request": "true"})
    assert dragged.status_code == 204
    assert world.alice.get(f"{world.alice.api}/tasks/1").json()["state"] == "backlog"


def test_a_refused_move_says_why(world: World) -> None:
    work.hand_out(world, checks=[])
    asked = {"accept": "application/problem+json, text/html", "hx-request": "true"}
    refused = world.alice.post(f"{world.alice.pages}/tasks/1/move", data={"state": "blocked"}, headers=asked)
    assert refused.status_code == 400
    assert "a task can be moved to" in refused.json()["detail"]


def test_moving_to_in_progress_starts_the_agent(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara", start=False)
    world.alice.post(f"{world.alice.pages}/tasks/1/move", data={"state": "in_progress"})
    assert world.alice.get(f"{world.alice.api}/tasks/1").json()["run"]["state"] == "ready"


@pytest.mark.parametrize("query", ["priority=9", "cards=-1", "backlog=perhaps"])
def test_a_bad_filter_is_refused(world: World, query: str) -> None:
    assert world.alice.get(f"{world.alice.pages}/board?{query}").status_code == 400


def test_a_viewer_sees_no_way_to_change_anything(world: World) -> None:
    work.hand_out(world)
    shown = world.bob.get(f"{world.bob.pages}/board?backlog=true").text
    assert "data-move" not in shown
    assert "/tasks/new" not in shown


def test_charlie_gets_404(world: World) -> None:
    assert world.charlie.get(f"{world.alice.pages}/board").status_code == 404
    assert world.charlie.post(f"{world.alice.pages}/tasks/1/move", data={"state": "done"}).status_code == 404
