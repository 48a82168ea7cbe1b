"""Agents: the team, the form with its revisions, and the same over HTTP."""

import pytest

from tests.web import work
from tests.world import World

BODY = {"slug": "mara", "name": "Mara Quill", "instructions": "Write plainly.", "model": "simulated"}
FORM = BODY | {"title": "Writer", "manager": "", "max_concurrency": "3", "budget_usd_month": "12.50"}
FORM |= {"tool_workspace.write": "true", "tool_task.finish": "true"}


def test_an_agent_is_created_and_told_with_its_status(world: World) -> None:
    made = world.alice.post(f"{world.alice.api}/agents", json=BODY | {"budget_usd_month": "20"})
    assert made.status_code == 201
    assert (made.json()["status"], made.json()["revision"]) == ("idle", 1)
    shown = world.bob.get(f"{world.bob.api}/agents/mara").json()
    assert (shown["budget_nano_month"], shown["id"]) == (20_000_000_000, made.json()["id"])
    assert [one["slug"] for one in world.bob.get(f"{world.bob.api}/agents").json()["items"]] == ["mara"]


def test_the_status_is_computed_from_runs(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    assert world.alice.get(f"{world.alice.api}/agents/mara").json()["queued"] == 1
    work.begin(world)
    assert world.alice.get(f"{world.alice.api}/agents/mara").json()["status"] == "busy"
    assert "Working" in world.alice.get(f"{world.alice.pages}/agents").text


def test_a_change_is_a_revision(world: World) -> None:
    work.hire(world)
    here = f"{world.alice.api}/agents/mara"
    changed = world.alice.patch(here, json={"instructions": "Write briefly.", "budget_usd_month": "5"}).json()
    assert (changed["revision"], changed["budget_nano_month"]) == (2, 5_000_000_000)
    kept = world.alice.get(f"{here}/revisions").json()["items"]
    assert [(one["revision"], one["data"]["instructions"]) for one in kept] == [
        (2, "Write briefly."),
        (1, "Write plainly."),
    ]


def test_the_form_makes_and_changes_an_agent(world: World) -> None:
    work.connect(world)
    made = world.alice.post(f"{world.alice.pages}/agents", data=FORM)
    assert (made.status_code, made.headers["location"]) == (303, f"{world.alice.pages}/agents/mara")
    shown = world.alice.get(f"{world.alice.api}/agents/mara").json()
    assert (shown["tools"], shown["max_concurrency"]) == (["workspace.write", "task.finish"], 3)
    edit = world.alice.get(f"{world.alice.pages}/agents/mara/edit").text
    assert 'value="12.5"' in edit
    world.alice.post(f"{world.alice.pages}/agents/mara/edit", data=FORM | {"instructions": "One\nTwo"})
    history = world.alice.get(f"{world.alice.pages}/agents/mara/revisions").text
    assert '<span class="bad">-Write plainly.</span>' in history
    assert '<span class="good">+One</span>' in history


def test_an_empty_slug_is_made_from_the_name(world: World) -> None:
    made = world.alice.post(f"{world.alice.pages}/agents", data=FORM | {"slug": "", "name": "Zoë Ångström"})
    assert made.headers["location"] == f"{world.alice.pages}/agents/zoe-angstrom"
    refused = world.alice.post(f"{world.alice.pages}/agents", data=FORM | {"slug": "", "name": "株式会社"})
    assert refused.status_code == 422
    assert "is required" in refused.text.partition('id="slug"')[2].partition("</div>")[0]


def test_an_empty_budget_and_manager_are_taken_away(world: World) -> None:
    work.hire(world, "noor", "Noor Haddad")
    work.hire(world, manager="noor", budget_usd_month="9")
    world.alice.post(f"{world.alice.pages}/agents/mara/edit", data=FORM | {"budget_usd_month": ""})
    shown = world.alice.get(f"{world.alice.api}/agents/mara").json()
    assert (shown["manager_id"], shown["budget_nano_month"]) == (None, None)


def test_the_form_keeps_what_was_typed_and_names_the_fault(world: World) -> None:
    refused = world.alice.post(f"{world.alice.pages}/agents", data=FORM | {"slug": "Not good", "title": "Keep me"})
    assert refused.status_code == 422
    assert "use 2 to 40 small letters, digits and hyphens" in refused.text
    assert 'value="Keep me"' in refused.text


def test_the_organisation_is_a_tree(world: World) -> None:
    work.hire(world, "noor", "Noor Haddad")
    work.hire(world, manager="noor")
    (top,) = world.bob.get(f"{world.bob.api}/org").json()["items"]
    assert top["agent"]["slug"] == "noor"
    assert [below["agent"]["slug"] for below in top["reports"]] == ["mara"]
    refused = world.alice.patch(f"{world.alice.api}/agents/noor", json={"manager": "mara"})
    assert refused.status_code == 400
    assert "can't report to itself" in refused.json()["errors"]["manager"]


def test_pause_and_resume(world: World) -> None:
    work.hire(world)
    assert world.otto.post(f"{world.otto.api}/agents/mara/pause").json()["status"] == "paused"
    assert world.otto.post(f"{world.otto.api}/agents/mara/resume").json()["status"] == "idle"
    world.otto.post(f"{world.otto.pages}/agents/mara/pause")
    assert "Resume" in world.otto.get(f"{world.otto.pages}/agents/mara").text


def test_the_page_shows_work_and_runs(world: World) -> None:
    work.hire(world)
    work.hand_out(world, "Write the notes", assignee="mara")
    work.fail(world, work.begin(world))
    shown = world.bob.get(f"{world.bob.pages}/agents/mara").text
    assert "Write the notes" in shown
    assert "provider_auth" in shown


def test_an_agent_with_open_work_is_not_removed(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    assert world.alice.delete(f"{world.alice.api}/agents/mara").status_code == 409
    shown = world.alice.post(f"{world.alice.pages}/agents/mara/delete", follow_redirects=True).text
    assert "still has 1 open tasks" in shown
    world.alice.post(f"{world.alice.api}/tasks/1/cancel")
    assert world.alice.delete(f"{world.alice.api}/agents/mara").status_code == 204
    assert world.alice.get(f"{world.alice.pages}/agents/mara").status_code == 404


def test_a_create_is_repeated_safely(world: World) -> None:
    key = {"Idempotency-Key": "once"}
    first = world.alice.post(f"{world.alice.api}/agents", json=BODY, headers=key)
    again = world.alice.post(f"{world.alice.api}/agents", json=BODY, headers=key)
    assert (first.json(), again.status_code) == (again.json(), 201)
    assert world.alice.post(f"{world.alice.api}/agents", json=BODY).json()["code"] == "duplicate"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Nameless"}, "slug"),
        (BODY | {"salary": 3}, "salary"),
        (BODY | {"tools": ["rm"]}, "tools"),
        (BODY | {"runtime": "cloud"}, "runtime"),
        (BODY | {"model": " "}, "model"),
        (BODY | {"max_concurrency": 0}, "max_concurrency"),
        (BODY | {"budget_usd_month": "lots"}, "budget_usd_month"),
    ],
)
def test_a_bad_agent_is_refused_by_field(world: World, body: dict[str, object], field: str) -> None:
    refused = world.alice.post(f"{world.alice.api}/agents", json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert field in refused.json()["errors"]


def test_only_admins_change_agents(world: World) -> None:
    work.hire(world)
    for person in (world.bob, world.otto):
        assert person.post(f"{person.api}/agents", json=BODY).status_code == 403
        assert person.patch(f"{person.api}/agents/mara", json={"name": "X"}).status_code == 403
        assert person.delete(f"{person.api}/agents/mara").status_code == 403
        assert person.get(f"{person.pages}/agents/new").status_code == 403
        assert person.post(f"{person.pages}/agents", data=FORM).status_code == 403
        assert person.post(f"{person.pages}/agents/mara/edit", data=FORM).status_code == 403
    assert world.bob.post(f"{world.bob.api}/agents/mara/pause").status_code == 403
    assert world.bob.post(f"{world.bob.pages}/agents/mara/resume").status_code == 403


@pytest.mark.parametrize("path", ["", "/new", "/mara", "/mara/edit", "/mara/revisions"])
def test_charlie_gets_404_for_every_page(world: World, path: str) -> None:
    work.hire(world)
    assert world.charlie.get(f"{world.alice.pages}/agents{path}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/agents"),
        ("POST", "/agents"),
        ("GET", "/agents/mara"),
        ("PATCH", "/agents/mara"),
        ("DELETE", "/agents/mara"),
        ("POST", "/agents/mara/pause"),
        ("POST", "/agents/mara/resume"),
        ("GET", "/agents/mara/revisions"),
        ("GET", "/org"),
    ],
)
def test_charlie_gets_404(world: World, method: str, path: str) -> None:
    work.hire(world)
    assert world.charlie.request(method, world.alice.api + path, json={}).status_code == 404
    if "mara" in path:
        assert world.charlie.request(method, world.charlie.api + path, json={}).status_code == 404
