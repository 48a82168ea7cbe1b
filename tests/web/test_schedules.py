"""Schedules on their pages and over HTTP."""

from typing import Any

import pytest

from appliance.domain.schedules import verbs
from appliance.domain.schedules.forms import NewSchedule, StartTask
from appliance.domain.workflows import library
from tests.web import work
from tests.world import Browser, World

BODY: dict[str, Any] = {"slug": "daily-look", "cron": "0 9 * * mon-fri", "zone": "Europe/Berlin"}
BODY |= {"task": {"title": "Look", "labels": ["daily"]}}
FORM = {"name": "Daily look", "slug": "", "how": "simple", "days": "1-5", "time": "09:30", "zone": "Europe/Berlin"}
FORM |= {"what": "task", "title": "Look", "body": "Well.", "priority": "2", "labels": "a, b", "overlap": "buffer_one"}
FORM |= {"catch_up_s": "900", "jitter_s": "60", "pause_after": "3", "starts_at": "", "ends_at": "", "remaining": ""}


def make(world: World, **given: Any) -> dict[str, Any]:
    made = world.otto.post(f"{world.otto.api}/schedules", json=BODY | given)
    assert made.status_code == 201, made.text
    return dict(made.json())


def test_an_operator_makes_changes_pauses_and_removes_a_schedule(world: World) -> None:
    made = make(world)
    here = f"{world.otto.api}/schedules/daily-look"
    assert (made["name"], made["state"], made["words"]) == ("Daily look", "active", "At 09:00 on Monday through Friday")
    changed = world.otto.patch(here, json={"every": "2h", "overlap": "allow_all"}).json()
    assert (changed["words"], changed["overlap"], changed["id"]) == ("Every 2 hours", "allow_all", made["id"])
    paused = world.otto.post(f"{here}/pause", json={"note": "Holidays"}).json()
    assert (paused["state"], paused["note"]) == ("paused", "Holidays")
    assert world.otto.post(f"{here}/resume").json()["state"] == "active"
    assert [one["slug"] for one in world.bob.get(f"{world.bob.api}/schedules").json()["items"]] == ["daily-look"]
    assert world.bob.get(f"{world.bob.api}/schedules?state=paused").json()["items"] == []
    assert world.otto.delete(here).status_code == 204
    assert world.otto.get(here).status_code == 404


def test_a_manual_run_is_told_with_its_task_and_in_the_history(world: World) -> None:
    make(world)
    here = f"{world.otto.api}/schedules/daily-look"
    tick = world.otto.post(f"{here}/run").json()
    assert (tick["kind"], tick["state"]) == ("manual", "started")
    again = [world.otto.post(f"{here}/run", headers={"Idempotency-Key": "k"}).json() for _ in range(2)]
    assert again[0] == again[1] and again[0]["state"] == "skipped"
    told = world.bob.get(f"{here}/ticks").json()["items"]
    assert [(one["state"], one["task_number"]) for one in told] == [("skipped", None), ("started", 1)]
    task = world.bob.get(f"{world.bob.api}/tasks/1").json()
    assert task["created_by"] == f"schedule:{tick['schedule_id']}"
    assert "the schedule Daily look" in world.bob.get(f"{world.bob.pages}/tasks/1").text
    assert "Daily look</b>" in world.bob.get(f"{world.bob.pages}/activity").text


def test_a_preview_tells_the_next_times_and_saves_nothing(world: World) -> None:
    asked = {"cron": "30 2 * * *", "zone": "Europe/Berlin", "starts_at": "2027-03-27", "limit": 2}
    found = world.otto.post(f"{world.otto.api}/schedules/preview", json=asked)
    first, second = found.json()["items"]
    assert (first["local"], first["remark"]) == ("Sat 2027-03-27 02:30 +0100", "")
    assert second["at"] == "2027-03-28T01:00:00.000000Z" and "when the gap ends" in second["remark"]
    wrong = world.otto.post(f"{world.otto.api}/schedules/preview", json={"cron": "0 0 31 2 *"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["cron"])
    make(world)
    coming = world.bob.get(f"{world.bob.api}/schedules/daily-look/upcoming?limit=3").json()["items"]
    assert len(coming) == 3 and coming[0]["at"] < coming[1]["at"]


def test_a_backfill_asks_for_its_number_first(world: World) -> None:
    make(world)
    here, span = f"{world.otto.api}/schedules/daily-look/backfill", {"from_at": "2026-11-02", "to_at": "2026-11-07"}
    refused = world.otto.post(here, json=span)
    assert (refused.status_code, refused.json()["errors"]) == (
        400,
        {"confirm": "this is 5 times; give that number to run them"},
    )
    made = world.otto.post(here, json=span | {"confirm": 5}).json()["items"]
    assert [one["state"] for one in made] == ["started", "buffered", "buffered", "buffered", "buffered"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"cron": "x"}, "cron"),
        ({"zone": "Berlin"}, "zone"),
        ({"task": {"title": ""}}, "title"),
        ({"task": {"title": "T", "assignee": "member:nobody"}}, "assignee"),
        ({"task": None, "workflow": {"slug": "none"}}, "workflow"),
        ({"workflow": {"slug": "none"}}, "task"),
        ({"often": True}, "often"),
    ],
)
def test_what_is_refused_names_its_field(world: World, given: dict[str, Any], field: str) -> None:
    answer = world.otto.post(f"{world.otto.api}/schedules", json=BODY | given)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_the_form_makes_and_changes_a_schedule(world: World) -> None:
    work.hire(world)
    made = world.otto.post(f"{world.otto.pages}/schedules", data=FORM | {"assignee": "mara"})
    here = f"{world.otto.pages}/schedules/daily-look"
    assert (made.status_code, made.headers["location"]) == (303, here)
    kept = world.otto.get(f"{world.otto.api}/schedules/daily-look").json()
    assert (kept["spec"], kept["zone"], kept["jitter_s"]) == ("30 9 * * 1-5", "Europe/Berlin", 60)
    assert kept["target"]["task"]["labels"] == ["a", "b"]
    edit = world.otto.get(f"{here}/edit").text
    assert 'value="09:30"' in edit and "At 09:30 on Monday through Friday" in edit
    changed = FORM | {"how": "every", "count": "90", "unit": "m", "remaining": "7", "title": "Look twice"}
    assert world.otto.post(f"{here}/edit", data=changed).status_code == 303
    kept = world.otto.get(f"{world.otto.api}/schedules/daily-look").json()
    assert (kept["words"], kept["remaining"], kept["target"]["task"]["title"]) == ("Every 90 minutes", 7, "Look twice")


def test_an_edit_keeps_the_version_of_its_workflow_and_a_limit_that_is_used_up(world: World) -> None:
    with world.db() as db:
        library.apply(db, world.alice.actor, "slug: tidy\nsteps: [{id: pause, wait: 1h}]")
        wanted = {"slug": "tidy", "version": 1}
        made = world.otto.post(f"{world.otto.api}/schedules", json={**CALENDAR, "workflow": wanted}).json()
        db.update("schedules", {"id": made["id"]}, remaining=0, state="ended")
    fields = {"what": "workflow", "workflow": "tidy", "inputs": "{}", "name": "Other", "remaining": "0"}
    assert world.otto.post(f"{world.otto.pages}/schedules/tidy-up/edit", data=fields).status_code == 303
    kept = world.otto.get(f"{world.otto.api}/schedules/tidy-up").json()
    assert (kept["name"], kept["target"]["workflow"]["version"], kept["state"]) == ("Other", 1, "ended")


CALENDAR = {"slug": "tidy-up", "cron": "0 9 * * *", "remaining": 1}


def test_an_edit_that_leaves_the_calendar_alone_does_not_move_its_anchor(world: World) -> None:
    make(world, cron="", every="90m", anchor_at="2026-11-01T00:10:00Z")
    here = f"{world.otto.pages}/schedules/daily-look"
    before = world.otto.get(f"{world.otto.api}/schedules/daily-look").json()
    fields = FORM | {"how": "every", "count": "90", "unit": "m", "anchor_at": "2026-11-01T00:10:00Z"}
    assert world.otto.post(f"{here}/edit", data=fields).status_code == 303
    after = world.otto.get(f"{world.otto.api}/schedules/daily-look").json()
    assert (after["spec"], after["next_due"]) == (before["spec"], before["next_due"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"how": "cron", "cron": "0 0 31 2 *"}, "never comes"),
        ({"time": "25:00"}, "give a time of day"),
        ({"how": "every", "count": "x"}, "give a number and s, m, h, d or w"),
        ({"name": " "}, "2 to 40 small letters"),
        ({"title": ""}, "say in at most 200 characters"),
        ({"what": "workflow", "workflow": "gone"}, "There is no such workflow"),
        ({"what": "workflow", "inputs": "{"}, "this is not valid JSON"),
        ({"zone": "Moon"}, "give a time zone by its name"),
        ({"remaining": "many"}, "Expected"),
    ],
)
def test_a_form_that_is_refused_says_why_beside_the_field_and_keeps_what_was_typed(
    world: World, given: dict[str, str], said: str
) -> None:
    answer = world.otto.post(f"{world.otto.pages}/schedules", data=FORM | {"body": "Kept as typed."} | given)
    assert answer.status_code == 422
    assert said.lower() in answer.text.lower() and "Kept as typed." in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_form_shows_its_next_times_without_saving(world: World) -> None:
    shown = world.otto.post(f"{world.otto.pages}/schedules/preview", data=FORM | {"how": "cron", "cron": "@hourly"})
    assert shown.status_code == 200 and "At the start of every hour" in shown.text
    htmx = {"hx-request": "true", "hx-target": "div#preview"}
    part = world.otto.post(f"{world.otto.pages}/schedules/preview", data=FORM | {"days": "1"}, headers=htmx).text
    assert part.lstrip().startswith('<div id="preview"') and "At 09:30 on Monday" in part
    assert world.otto.get(f"{world.otto.api}/schedules").json()["items"] == []


def test_the_pages_tell_what_times_did_and_what_comes(world: World) -> None:
    empty = world.bob.get(f"{world.bob.pages}/schedules").text
    assert "No schedule yet" in empty and "New schedule" not in empty
    make(world)
    page = f"{world.otto.pages}/schedules"
    assert world.otto.post(f"{page}/daily-look/run").headers["location"] == f"{page}/daily-look"
    world.otto.post(f"{page}/daily-look/run")
    shown = world.bob.get(f"{page}/daily-look").text
    assert "#1 has not ended." in shown and "by hand" in shown and "daily-look/run" not in shown
    assert "1 started, 1 skipped" in world.bob.get(page).text
    assert "Left out" not in world.bob.get(f"{page}/daily-look?state=started").text
    assert world.otto.post(f"{page}/daily-look/pause", data={"note": "x" * 1001}).status_code == 422
    assert world.otto.post(f"{page}/daily-look/pause", data={"note": "Holidays"}).status_code == 303
    assert "Paused: Holidays" in world.bob.get(f"{page}/daily-look").text
    assert world.otto.post(f"{page}/daily-look/resume").status_code == 303


def test_the_backfill_form_counts_first_and_runs_when_confirmed(world: World) -> None:
    make(world)
    here, span = f"{world.otto.pages}/schedules/daily-look", {"from_at": "2026-11-02", "to_at": "2026-11-07"}
    counted = world.otto.post(f"{here}/backfill", data=span)
    assert counted.status_code == 422 and "this is 5 times" in counted.text and 'value="2026-11-02"' in counted.text
    assert world.otto.post(f"{here}/backfill", data=span | {"confirm": "five"}).status_code == 422
    assert world.otto.post(f"{here}/backfill", data=span | {"confirm": "5"}).status_code == 303
    assert "filled in" in world.bob.get(here).text


def test_schedules_of_a_restored_box_are_resumed_from_the_list(world: World) -> None:
    make(world)
    with world.db() as db, db.transaction():
        verbs.disarm(db, world.alice.actor, "Put back.")
    assert "1 schedule is disarmed" in world.bob.get(f"{world.bob.pages}/schedules").text
    assert world.otto.post(f"{world.otto.pages}/schedules/resume-restored").status_code == 303
    assert world.otto.post(f"{world.otto.api}/schedules/resume-restored").json() == {"resumed": 0}
    assert world.bob.get(f"{world.bob.api}/schedules/daily-look").json()["state"] == "active"


def test_who_may_not(world: World) -> None:
    make(world)
    with world.db(world.globex) as db:
        verbs.add(db, world.charlie.actor, NewSchedule("other", cron="@daily", task=StartTask("T")))
    api = f"{world.bob.api}/schedules"
    posts = ("", "/daily-look/pause", "/daily-look/resume", "/daily-look/run", "/daily-look/backfill")
    for path in posts:
        assert world.bob.post(api + path, json=BODY).status_code == 403, path
    assert world.bob.patch(f"{api}/daily-look", json={}).status_code == 403
    assert world.bob.delete(f"{api}/daily-look").status_code == 403
    assert world.bob.get(f"{world.bob.pages}/schedules/new").status_code == 403
    assert world.bob.get(f"{world.bob.pages}/schedules/daily-look/edit").status_code == 403
    assert world.bob.post(f"{world.bob.pages}/schedules", data=FORM).status_code == 403
    assert world.stranger.get(api).status_code == 401


def test_charlie_gets_404(world: World) -> None:
    make(world)
    for base in (f"{world.alice.api}/schedules", f"{world.charlie.api}/schedules"):
        for path in ("/daily-look", "/daily-look/ticks", "/daily-look/upcoming"):
            assert got(world.charlie, base + path) == work.STRANGER_GETS
        assert world.charlie.post(f"{base}/daily-look/run").status_code == 404
    for path in ("", "/new", "/daily-look", "/daily-look/edit"):
        assert world.charlie.get(f"{world.alice.pages}/schedules{path}").status_code == 404


def got(who: Browser, path: str) -> tuple[int, str]:
    answer = who.get(path)
    return answer.status_code, answer.json()["code"]
