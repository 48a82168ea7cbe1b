"""The page to start from a template, and the same over HTTP."""

import pytest

from appliance.domain import agents
from appliance.domain.instances import rows
from appliance.domain.workflows import library, templates
from tests.web import work
from tests.world import World

HERE = "/workflows/templates"


@pytest.fixture
def ready(world: World) -> World:
    work.connect(world)
    return world


def test_the_page_shows_each_with_what_it_gives_and_its_picture(ready: World) -> None:
    page = ready.alice.get(f"{ready.alice.pages}{HERE}")
    assert page.status_code == 200
    for template in templates.listing():
        assert template.name in page.text
        assert f'aria-label="{template.name}: ' in page.text
    assert page.text.count("Use this") == len(templates.SLUGS)


def test_one_is_told_whole_before_it_is_used(ready: World) -> None:
    page = ready.bob.get(f"{ready.bob.pages}{HERE}/support-triage").text
    assert "Make it yours" in page
    assert "Sunniva Okafor, Support agent" in page
    assert "slug: support-triage" in page
    assert "Use this" not in page, "a viewer can't"


def test_using_one_makes_workflow_and_agents_and_leads_to_the_start_form(ready: World) -> None:
    answer = ready.alice.post(f"{ready.alice.pages}{HERE}/release-notes")
    assert (answer.status_code, answer.headers["location"]) == (303, "/t/acme/workflows/release-notes/start")
    with ready.db() as db:
        assert library.get(db, "release-notes").version == 1
        assert agents.get(db, "release-editor").name == "Otis Grahn"
    assert "yours already" in ready.alice.get(f"{ready.alice.pages}{HERE}").text


def test_trying_one_leads_to_an_instance_with_the_sample(ready: World) -> None:
    answer = ready.alice.post(f"{ready.alice.pages}{HERE}/release-notes", data={"run": "yes"})
    with ready.db() as db:
        [made] = rows.listing(db).items
        assert made.input["version"] == "2.4"
    assert (answer.status_code, answer.headers["location"]) == (303, f"/t/acme/instances/{made.number}")


def test_without_an_account_it_says_what_is_missing(world: World) -> None:
    answer = world.alice.post(f"{world.alice.pages}{HERE}/release-notes", follow_redirects=True)
    assert "there is no model for the agents it brings" in answer.text
    with world.db() as db:
        assert library.listing(db).items == []


def test_an_operator_is_told_that_it_takes_an_admin(ready: World) -> None:
    assert "Use this" not in ready.otto.get(f"{ready.otto.pages}{HERE}").text
    assert ready.otto.post(f"{ready.otto.api}/templates/release-notes/use", json={}).status_code == 403


def test_an_empty_list_of_workflows_leads_here(ready: World) -> None:
    page = ready.alice.get(f"{ready.alice.pages}/workflows").text
    assert "Start from a template" in page
    assert f'href="/t/acme{HERE}/release-notes"' in page


def test_the_api_lists_shows_and_uses_them(ready: World) -> None:
    api = f"{ready.alice.api}/templates"
    listed = ready.bob.get(api).json()["items"]
    assert [one["slug"] for one in listed] == list(templates.SLUGS)
    assert ready.bob.get(f"{api}/code-review").json()["sample"]["change"]
    made = ready.alice.post(f"{api}/code-review/use", json={"run": True})
    assert (made.status_code, made.json()["applied"]["created"]) == (201, True)
    assert made.json()["instance"]["state"] == "running"
    again = ready.alice.post(f"{api}/code-review/use", json={})
    assert (again.status_code, again.json()["instance"]) == (200, None)


@pytest.mark.parametrize("path", ["/templates/nothing", "/templates/..%2f..%2fsecrets"])
def test_there_is_no_other(ready: World, path: str) -> None:
    assert ready.alice.get(f"{ready.alice.api}{path}").status_code == 404


def test_charlie_gets_404(ready: World) -> None:
    assert ready.charlie.get(f"{ready.alice.pages}{HERE}").status_code == 404
    assert ready.charlie.post(f"{ready.alice.pages}{HERE}/release-notes").status_code == 404
    assert ready.charlie.post(f"{ready.alice.api}/templates/release-notes/use", json={}).status_code == 404
