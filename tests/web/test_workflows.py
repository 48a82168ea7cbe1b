"""Workflows on pages and over HTTP: list, editor, versions, start form; who may and who may not."""

from typing import Any

import pytest

from appliance.domain.workflows import published
from tests.web import flows, work
from tests.world import World


@pytest.fixture
def review(world: World) -> World:
    """A world with the workflow `review` and its agent."""
    work.connect(world)
    work.hire(world)
    flows.apply(world)
    return world


def test_the_list_is_empty_and_says_how_to_begin(world: World) -> None:
    page = world.otto.get(f"{world.otto.pages}/workflows").text
    assert "agenthq workflow apply" in page and f"{world.otto.pages}/workflows/new" in page
    assert "/workflows/new" not in world.bob.get(f"{world.bob.pages}/workflows").text


def test_the_list_shows_version_instances_and_spend(review: World) -> None:
    flows.start(review)
    page = review.bob.get(f"{review.bob.pages}/workflows").text
    assert "Code review" in page and "Read a change, ask, publish." in page
    assert 'title="#1 running"' in page and "$0.00" in page
    assert "/start" not in page and "/start" in review.otto.get(f"{review.otto.pages}/workflows").text


def test_a_workflow_is_shown_with_graph_inputs_versions_and_instances(review: World) -> None:
    flows.apply(review, flows.LATER)
    flows.start(review)
    page = review.bob.get(f"{review.bob.pages}/workflows/review").text
    assert 'aria-label="Review {change} mara, Agent"' in page and 'aria-label="Ok Publish' in page
    assert "version 2" in page and "compare?a=1&amp;b=2" in page
    assert "Its number or address" in page and "/instances/1" in page
    assert "Archive" not in page


def test_the_next_time_of_a_schedule_is_shown_where_there_is_one(review: World) -> None:
    assert "next by schedule" not in review.bob.get(f"{review.bob.pages}/workflows").text
    target = {"workflow": {"slug": "review", "inputs": {"change": "#1"}}}
    body = {"slug": "nightly", "name": "Nightly review", "cron": "0 3 * * *", "zone": "UTC", **target}
    assert review.otto.post(f"{review.otto.api}/schedules", json=body).status_code == 201
    assert "next by schedule" in review.bob.get(f"{review.bob.pages}/workflows").text
    page = review.bob.get(f"{review.bob.pages}/workflows/review").text
    assert f"{review.bob.pages}/schedules/nightly" in page and "schedules/new" not in page
    assert "schedules/new?workflow=review" in review.otto.get(f"{review.otto.pages}/workflows/review").text


def test_the_editor_tells_faults_by_line_and_keeps_what_was_typed(review: World) -> None:
    answer = review.otto.post(f"{review.otto.pages}/workflows/new", data={"source": flows.BROKEN})
    assert answer.status_code == 422
    assert 'data-line="6"' in answer.text and "titel" in answer.text
    assert "slug: broken" in answer.text and 'aria-invalid="true"' in answer.text


def test_checking_makes_nothing_and_draws_what_is_written(review: World) -> None:
    fields = {"source": flows.ASKS}
    page = review.otto.post(f"{review.otto.pages}/workflows/check", data=fields)
    assert page.status_code == 200 and "No fault" in page.text and "Each {people} · 60 at once, For each" in page.text
    assert review.otto.get(f"{review.otto.api}/workflows/asks").status_code == 404
    region = review.otto.post(
        f"{review.otto.pages}/workflows/check", data=fields, headers={"hx-request": "true", "hx-target": "div#checked"}
    )
    assert 'id="checked"' in region.text


def test_what_only_the_box_knows_is_told_when_saving(review: World) -> None:
    source = flows.REVIEW.replace("agent: mara", "agent: nobody")
    answer = review.otto.post(f"{review.otto.pages}/workflows/review/edit", data={"source": source})
    assert answer.status_code == 422 and "nobody" in answer.text and "No fault" not in answer.text


def test_saving_makes_a_version_and_shows_what_changed(review: World) -> None:
    path = f"{review.otto.pages}/workflows/review/edit"
    assert "Publish ${{ inputs.change }}?" in review.otto.get(path).text
    same = review.otto.post(path, data={"source": flows.REVIEW})
    assert same.headers["location"].endswith("/workflows/review")
    saved = review.otto.post(path, data={"source": flows.LATER})
    assert (saved.status_code, saved.headers["location"]) == (
        303,
        f"{review.otto.pages}/workflows/review/compare?a=1&b=2",
    )
    page = review.otto.get(saved.headers["location"]).text
    assert '<span class="bad">-    approval: Publish ${{ inputs.change }}?</span>' in page
    assert '<span class="good">+    approval: Publish it now?</span>' in page
    old = review.bob.get(f"{review.bob.pages}/workflows/review/versions/1").text
    assert "Publish ${{ inputs.change }}?" in old and "Publish it now?" not in old


def test_a_new_one_from_the_editor_leads_to_its_page(world: World) -> None:
    saved = world.otto.post(f"{world.otto.pages}/workflows/new", data={"source": flows.ASKS})
    assert (saved.status_code, saved.headers["location"]) == (303, f"{world.otto.pages}/workflows/asks")


def test_the_start_form_is_made_from_the_inputs(review: World) -> None:
    page = review.otto.get(f"{review.otto.pages}/workflows/review/start").text
    for part in (
        '<input id="in.change" name="in.change" type="text" value="" required',
        'id="in.reviewers" name="in.reviewers" type="number" value="2" min="1" max="9" step="1"',
        '<input type="checkbox" name="in.urgent"',
        '<option value="core">core</option>',
        '<textarea id="in.notes"',
        "One per line.",
        "Its number or address",
    ):
        assert part in page, part


def test_a_start_makes_an_instance_of_typed_values_once(review: World) -> None:
    fields = {"in.change": "#471", "in.reviewers": "3", "in.urgent": "true", "in.area": "web", "idem": "abc"}
    fields |= {"in.files": "a.md\r\n\r\n b.md ", "in.notes": "", "title": "The first"}
    path = f"{review.otto.pages}/workflows/review/start"
    started = [review.otto.post(path, data=fields) for _ in range(2)]
    assert {(a.status_code, a.headers["location"]) for a in started} == {(303, f"{review.otto.pages}/instances/1")}
    made = review.otto.get(f"{review.otto.api}/instances/1").json()
    assert made["input"] == {"change": "#471", "reviewers": 3, "urgent": True, "area": "web", "files": ["a.md", "b.md"]}
    assert (made["title"], made["created_by"]) == ("The first", review.otto.actor.label)


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ({}, "in.change", "is needed"),
        ({"in.change": "x", "in.reviewers": "many"}, "in.reviewers", "whole number"),
        ({"in.change": "x", "in.reviewers": "12"}, "in.reviewers", "maximum"),
        ({"in.change": "x", "in.area": "moon"}, "in.area", "one of the options"),
    ],
)
def test_faults_of_inputs_stand_beside_their_fields(
    review: World, fields: dict[str, str], place: str, said: str
) -> None:
    answer = review.otto.post(f"{review.otto.pages}/workflows/review/start", data=fields | {"idem": "k"})
    assert answer.status_code == 422
    told = answer.text.partition(f'id="{place}-error"')[2].partition("</p>")[0]
    assert said in told, told
    assert 'value="k"' in answer.text
    assert review.otto.get(f"{review.otto.api}/instances").json()["items"] == []


def test_archiving_takes_it_off_the_list_and_keeps_its_instances(review: World) -> None:
    flows.start(review)
    gone = review.otto.post(f"{review.otto.pages}/workflows/review/archive")
    assert gone.headers["location"] == f"{review.otto.pages}/workflows"
    # A template of the same name is offered instead.
    assert 'href="/t/acme/workflows/review"' not in review.bob.get(f"{review.bob.pages}/workflows").text
    assert review.bob.get(f"{review.bob.pages}/instances/1").status_code == 200


def test_the_api_applies_yaml_and_json_and_answers_what_it_made(world: World) -> None:
    api = f"{world.otto.api}/workflows"
    yaml = world.otto.post(api, content=flows.ASKS.encode(), headers={"content-type": "application/yaml"})
    assert (yaml.status_code, yaml.json()["version"], yaml.json()["created"]) == (201, 1, True)
    same = world.otto.post(api, json={"source": flows.ASKS})
    assert (same.status_code, same.json()["changed"]) == (200, False)
    later = world.otto.post(api, json={"source": flows.ASKS.replace("bound: 60", "bound: 5")})
    assert (later.status_code, later.json()["version"]) == (201, 2)
    one = world.bob.get(f"{api}/asks").json()
    assert (one["slug"], one["version"]) == ("asks", 2) and "bound: 5" in one["source"]
    assert [v["version"] for v in world.bob.get(f"{api}/asks/versions").json()["items"]] == [2, 1]
    assert "bound: 60" in world.bob.get(f"{api}/asks/versions/1").json()["source"]
    assert "-    bound: 60\n+    bound: 5" in world.bob.get(f"{api}/asks/diff?a=1&b=2").json()["diff"]
    assert [one["slug"] for one in world.bob.get(api).json()["items"]] == ["asks"]
    assert world.otto.post(f"{api}/asks/archive").json()["archived_at"]
    assert world.bob.get(api).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("application/json", b"{", 400, "bad_json"),
        ("application/json", b'{"text": "x"}', 400, "invalid"),
        ("application/xml", b"<a/>", 415, "unsupported_media_type"),
        ("application/yaml", b"\xff", 415, "unsupported_media_type"),
        ("application/yaml", b"", 400, "invalid"),
        ("application/yaml", b"slug: x", 400, "invalid"),
    ],
)
def test_a_body_that_is_no_workflow_is_a_problem(world: World, kind: str, body: bytes, status: int, code: str) -> None:
    answer = world.otto.post(f"{world.otto.api}/workflows", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_validate_tells_every_fault_and_keeps_nothing(world: World) -> None:
    told = world.bob.post(f"{world.bob.api}/workflows/validate", json={"source": flows.BROKEN})
    assert told.status_code == 200 and told.json()["ok"] is False
    assert [fault["line"] for fault in told.json()["faults"]][0] == 6
    fine = world.bob.post(f"{world.bob.api}/workflows/validate", json={"source": flows.ASKS})
    assert fine.json() == {"ok": True, "faults": []}
    assert world.bob.get(f"{world.bob.api}/workflows").json()["items"] == []


def test_the_schema_is_published(world: World) -> None:
    assert world.bob.get(f"{world.bob.api}/workflows/schema").json() == published.SCHEMA


def start_over_http(world: World, key: str = "", **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return world.otto.post(f"{world.otto.api}/workflows/review/instances", json=body, headers=headers)


def test_an_instance_is_started_over_http_once_per_key(review: World) -> None:
    flows.apply(review, flows.LATER)
    made = start_over_http(review, inputs={"change": "#1"}, version=1)
    assert made.status_code == 201
    assert (made.json()["workflow"], made.json()["version"], made.json()["state"]) == ("review", 1, "running")
    assert (made.json()["cost_nano"], made.json()["cost_usd"]) == (0, "0")
    by_header = [start_over_http(review, "k", inputs={"change": "#2"}).json()["id"] for _ in range(2)]
    by_body = [start_over_http(review, inputs={"change": "#3"}, idem="i").json()["id"] for _ in range(2)]
    assert len({made.json()["id"], *by_header, *by_body}) == 3
    refused = start_over_http(review, inputs={"reviewers": "x"})
    assert refused.status_code == 400 and "inputs" in next(iter(refused.json()["errors"]))


WRITES = ("", "/review/archive", "/review/instances")


def test_a_viewer_reads_and_starts_nothing(review: World) -> None:
    for path in ("/new", "/review/edit", "/review/start"):
        assert review.bob.get(f"{review.bob.pages}/workflows{path}").status_code == 403
    for path in ("/new", "/review/edit", "/review/start", "/review/archive"):
        assert review.bob.post(f"{review.bob.pages}/workflows{path}", data={}).status_code == 403
    for path in WRITES:
        assert review.bob.post(f"{review.bob.api}/workflows{path}", json={"source": "x"}).status_code == 403
    assert review.bob.get(f"{review.bob.api}/instances").json()["items"] == []


def test_charlie_gets_404(review: World) -> None:
    charlie = review.charlie
    for path in ("", "/review", "/review/edit", "/review/versions/1", "/review/compare", "/review/start", "/new"):
        assert charlie.get(f"{review.alice.pages}/workflows{path}").status_code == 404, path
    for path in ("", "/review", "/review/versions", "/review/versions/1", "/review/diff?a=1&b=1", "/schema"):
        assert charlie.get(f"{review.alice.api}/workflows{path}").status_code == 404, path
    for path in WRITES:
        assert charlie.post(f"{review.alice.api}/workflows{path}", json={"source": "x"}).status_code == 404
    own = charlie.api
    assert charlie.get(f"{own}/workflows/review").status_code == 404
    assert charlie.post(f"{own}/workflows/review/instances", json={}).status_code == 404
    assert charlie.get(f"{charlie.pages}/workflows/review").status_code == 404
    assert review.stranger.get(f"{review.alice.api}/workflows").status_code == 401
