"""The org chart and an agent's rules of handing work on: pages, forms and API."""

import re

import pytest

from appliance.domain import agents, tasks
from appliance.domain.actor import Actor
from appliance.domain.task_forms import NewTask
from tests.web import work
from tests.world import World


@pytest.fixture
def team(world: World) -> World:
    """Noor leads Mara and Rex; Zed stands alone."""
    work.hire(world, "noor", "Noor")
    for slug in ("mara", "rex"):
        work.hire(world, slug, slug.title(), manager="noor")
    work.hire(world, "zed", "Zed")
    return world


def chart(world: World, query: str = "") -> str:
    return str(world.bob.get(f"{world.bob.pages}/agents/chart{query}").text)


def drawn(page: str) -> list[tuple[str, str]]:
    """(agent, manager) of every box."""
    return re.findall(r'data-agent="([^"]+)" data-manager="([^"]*)"', page)


def test_the_chart_draws_who_reports_to_whom_with_live_states(team: World) -> None:
    page = chart(team)
    assert sorted(drawn(page)) == [("mara", "noor"), ("noor", ""), ("rex", "noor"), ("zed", "")]
    assert page.count('class="line"') == 2
    assert 'id="chart" data-live="agents"' in page
    work.hand_out(team, assignee="mara")
    work.begin(team)
    assert "<title>Mara, working</title>" in chart(team)


def test_a_branch_is_closed_and_opened_by_links(team: World) -> None:
    assert 'href="/t/acme/agents/chart?closed=noor" class="fold"><title>Hide the 2 below Noor<' in chart(team)
    shut = chart(team, "?closed=noor&zoom=60")
    assert sorted(drawn(shut)) == [("noor", ""), ("zed", "")]
    assert 'href="/t/acme/agents/chart?zoom=60" class="fold"><title>Show the 2 below Noor<' in shut


@pytest.mark.parametrize(("asked", "percent"), [("", 100), ("?zoom=60", 60), ("?zoom=1", 30), ("?zoom=9999", 150)])
def test_its_size_is_in_the_address(team: World, asked: str, percent: int) -> None:
    page = chart(team, asked)
    assert f'<span class="num soft">{percent} %</span>' in page
    wide, box = re.search(r'width="(\d+)" height="\d+" viewBox="0 0 ([\d.]+)', page).groups()  # type: ignore[union-attr]
    assert abs(int(wide) - float(box) * percent / 100) <= 1


def test_the_form_moves_an_agent_and_keeps_the_page_as_it_was(team: World) -> None:
    given = {"agent": "mara", "manager": "zed", "closed": "noor", "zoom": "60"}
    moved = team.alice.post(f"{team.alice.pages}/agents/move", data=given)
    assert (moved.status_code, moved.headers["location"]) == (303, "/t/acme/agents/chart?closed=noor&zoom=60")
    assert ("mara", "zed") in drawn(chart(team))
    assert team.otto.post(f"{team.otto.pages}/agents/move", data=given).status_code == 403


def test_a_move_that_makes_a_circle_is_told_on_the_chart(team: World) -> None:
    team.alice.post(f"{team.alice.pages}/agents/move", data={"agent": "noor", "manager": "mara"})
    assert "report to itself" in team.alice.get(f"{team.alice.pages}/agents/chart").text
    there = f"{team.alice.api}/agents/noor/move"
    refused = team.alice.post(there, json={"manager": "mara"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["manager"])
    assert team.alice.post(f"{team.alice.api}/agents/mara/move", json={"manager": None}).json()["manager_id"] is None


def test_an_empty_chart_says_what_to_do(world: World) -> None:
    assert "No agent yet" in chart(world)


def test_whoever_leaves_hands_its_reports_up_when_asked(team: World) -> None:
    there = f"{team.alice.pages}/agents/noor"
    assert 'name="reports" value="up"' in team.alice.get(there).text
    assert team.alice.delete(f"{team.alice.api}/agents/noor").status_code == 409
    team.alice.post(f"{there}/delete", data={"reports": "up"})
    assert sorted(drawn(chart(team))) == [("mara", ""), ("rex", ""), ("zed", "")]


def test_the_api_deletes_with_reports_moving_up(team: World) -> None:
    assert team.alice.delete(f"{team.alice.api}/agents/noor?reports=up").status_code == 204


def test_rules_are_set_shown_and_removed_on_the_page(team: World) -> None:
    there = f"{team.alice.pages}/agents/mara"
    assert "Nobody but itself" in team.bob.get(f"{team.bob.pages}/agents/mara").text
    team.alice.post(f"{there}/policy", data={"target": "peers", "verdict": "allow"})
    page = team.alice.get(there).text
    assert "its peers" in page
    assert '<a href="/t/acme/agents/rex">Rex</a>' in page
    team.alice.post(f"{there}/policy/remove", data={"target": "peers"})
    assert "Nobody but itself" in team.alice.get(there).text
    assert team.otto.post(f"{there}/policy", data={"target": "peers", "verdict": "allow"}).status_code == 403


def test_rules_over_http(team: World) -> None:
    there = f"{team.alice.api}/agents/mara/policy"
    made = team.alice.put(f"{there}/zed", json={"verdict": "allow"}).json()
    assert ([edge["target"] for edge in made["items"]], [one["slug"] for one in made["may_hand_to"]]) == (
        ["zed"],
        ["zed"],
    )
    assert team.alice.put(f"{there}/nobody", json={"verdict": "allow"}).json()["errors"].keys() == {"target"}
    assert team.otto.put(f"{there}/zed", json={"verdict": "deny"}).status_code == 403
    assert team.alice.delete(f"{there}/zed").status_code == 204
    assert team.bob.get(there).json()["may_hand_to"] == []


def test_an_agent_with_reports_is_given_the_tools_to_lead_by_one_button(team: World) -> None:
    there = f"{team.alice.pages}/agents/noor"
    assert "Let Noor lead" in team.alice.get(there).text
    team.alice.post(f"{there}/lead")
    assert "task.delegate" in team.alice.get(f"{team.alice.api}/agents/noor").json()["tools"]
    assert "Let Noor lead" not in team.alice.get(there).text


def test_a_task_shows_its_tree_and_a_sub_task_who_handed_it_out(team: World) -> None:
    parent = work.hand_out(team, "Launch", assignee="noor")
    run = work.begin(team)
    with team.db() as db:
        noor = agents.get(db, "noor")
        actor = Actor("agent", noor.id, noor.name, "operator")
        new = NewTask("Write the page", assignee="mara", parent_id=parent.id)
        child = tasks.create(db, actor, new, run, "She writes best.")
        tasks.create(db, actor, NewTask("Check it", assignee="rex", parent_id=child.id, start=False), run)
    page = team.bob.get(f"{team.bob.pages}/tasks/{parent.number}").text
    assert "0 of 2" in page
    assert re.findall(r'class="row tight depth-(\d)"', page) == ["1", "2"]
    below = team.bob.get(f"{team.bob.pages}/tasks/{child.number}").text
    assert "She writes best." in below
    assert f"/runs/{run.id}" in below


def test_charlie_gets_404(team: World) -> None:
    assert team.charlie.get(f"{team.otto.pages}/agents/chart").status_code == 404
    for path in ("policy", "policy/remove", "lead"):
        assert team.charlie.post(f"{team.alice.pages}/agents/mara/{path}", data={"target": "zed"}).status_code == 404
    assert team.charlie.get(f"{team.otto.api}/agents/mara/policy").status_code == 404
    assert team.charlie.post(f"{team.alice.pages}/agents/move", data={"agent": "mara"}).status_code == 404
    for path, body in (("policy/zed", {"verdict": "allow"}), ("move", {"manager": "zed"})):
        send = team.charlie.put if path != "move" else team.charlie.post
        assert send(f"{team.otto.api}/agents/mara/{path}", json=body).status_code == 404
        assert send(f"{team.charlie.api}/agents/mara/{path}", json=body).status_code == 404
