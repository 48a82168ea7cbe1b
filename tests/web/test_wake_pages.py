"""The page of wakes: causes in words, what was held back and why, chains as trees, filters in the address."""

import pytest

from appliance.domain import agents, tasks, wake_rows, wakes
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.guards import GuardsChange, change
from appliance.domain.task_forms import NewTask
from tests.web import work
from tests.world import World


@pytest.fixture
def office(world: World) -> World:
    """Noor's run of #1 has made #2 for Mara; #3 is Mara's too and was dropped and skipped once each."""
    work.hire(world, "noor", "Noor")
    work.hire(world, "mara", "Mara", manager="noor")
    work.hand_out(world, "Launch", assignee="noor")
    run = work.begin(world)
    with world.db() as db:
        noor = agents.get(db, "noor")
        tasks.create(
            db, Actor("agent", noor.id, "Noor", "operator"), NewTask("Part", assignee="mara", parent_id="1"), run
        )
        other = tasks.create(db, SYSTEM, NewTask("Other", assignee="mara", start=False))
        mara = Actor("agent", agents.get(db, "mara").id, "Mara", "operator")
        wakes.wake(db, mara, other, "child_ended", None)
        db.execute("UPDATE tasks SET state = 'backlog' WHERE id = :id", {"id": other.id})
        wakes.wake(db, SYSTEM, other, "child_ended", None, about=tasks.get(db, "2").id)
    return world


def page(world: World, query: str = "") -> str:
    answer = world.bob.get(f"{world.bob.pages}/activity/wakes{query}")
    assert answer.status_code == 200
    return str(answer.text)


def rows(text: str) -> int:
    return text.count('<li class="wake')


def test_every_wake_is_told_with_its_cause_and_what_became_of_it(office: World) -> None:
    text = page(office)
    assert rows(text) == 4
    for said in ("The agent caused this itself.", "The task is in the backlog.", "sub-task #2 ended", "a run of #1"):
        assert said in text
    assert "became a run" in text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?state=dropped", 1),
        ("?state=run", 2),
        ("?reason=child_ended", 2),
        ("?reason=child_ended&state=skipped", 1),
        ("?agent=mara", 3),
        ("?task=3", 2),
        ("?task=%233&state=skipped", 1),
        ("?agent=nobody", 0),
        ("?task=99", 0),
        ("?state=odd", 0),
        ("?reason=odd", 0),
    ],
)
def test_filters_are_in_the_address(office: World, query: str, count: int) -> None:
    assert rows(page(office, query)) == count


def test_a_chain_opens_as_a_tree(office: World) -> None:
    with office.db() as db:
        chain = wake_rows.of_task(db, tasks.get(db, "2").id)[0].chain
    text = page(office, f"?chain={chain}")
    assert rows(text) == 2
    assert text.index("Launch") < text.index("depth-2") < text.index("Part")


def test_an_open_breaker_stands_on_top_with_its_question(world: World) -> None:
    work.hire(world, "mara", "Mara")
    task = work.hand_out(world, "Circle", assignee="mara", start=False)
    with world.db() as db:
        change(db, world.alice.actor, GuardsChange(breaker_runs=2))
        for _ in range(5):
            wakes.wake(db, SYSTEM, tasks.get(db, task.id), "child_ended", None)
            db.execute("UPDATE runs SET state = 'succeeded', finished_at = created_at")
    text = page(world)
    assert "Stopped by a breaker" in text
    assert "Mara seems to go round in circles on #1 Circle" in text
    assert f'href="{world.bob.pages}/approvals/' in text
    assert "held by a breaker" in text


def test_the_figures_are_of_the_last_day(office: World) -> None:
    counts = office.bob.get(f"{office.bob.api}/wakes/counts").json()
    assert counts == {"queued": 0, "run": 2, "dropped": 1, "coalesced": 0, "skipped": 1, "tripped": 0}
    with office.db() as db:
        db.execute("UPDATE wakes SET created_at = '2020-01-01T00:00:00.000Z'")
    assert set(office.bob.get(f"{office.bob.api}/wakes/counts").json().values()) == {0}


def test_pages_follow_each_other_without_gaps(office: World) -> None:
    there, seen, cursor = f"{office.bob.api}/wakes?limit=1", list[str](), ""
    while True:
        found = office.bob.get(f"{there}&cursor={cursor}").json()
        seen += [one["id"] for one in found["items"]]
        cursor = found["next_cursor"]
        if not cursor:
            break
    assert (len(seen), seen) == (4, sorted(seen, reverse=True))


def test_the_same_over_http(office: World) -> None:
    there = f"{office.bob.api}/wakes"
    [dropped] = office.bob.get(f"{there}?state=dropped&agent=mara").json()["items"]
    assert (dropped["task_number"], dropped["agent_slug"], dropped["detail"]) == (
        3,
        "mara",
        "The agent caused this itself.",
    )
    part = office.bob.get(f"{there}?task=2").json()["items"][0]
    chain = office.bob.get(f"{there}/chains/{part['chain']}").json()["items"]
    assert [(one["task_number"], one["depth"], one["origin_number"]) for one in chain] == [(1, 0, None), (2, 1, 1)]
    assert office.bob.get(f"{there}?state=odd").status_code == 400
    assert office.bob.get(f"{there}?cursor=odd").json()["code"] == "bad_cursor"


def test_an_empty_page_says_what_will_be_here(world: World) -> None:
    assert "Nobody was woken yet" in page(world)


def test_charlie_gets_404(office: World) -> None:
    assert office.charlie.get(f"{office.bob.pages}/activity/wakes").status_code == 404
    for path in ("wakes", "wakes/counts", "wakes/chains/x"):
        assert office.charlie.get(f"{office.bob.api}/{path}").status_code == 404
