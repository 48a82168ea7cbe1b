"""Tasks over HTTP: handing out, changing, ending, asking why; and who may."""

import threading

import pytest

from tests.web import work
from tests.world import World

CHECK = {"kind": "human_ack", "spec": {"question": "Good enough?"}}


def code(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


def test_a_create_answers_the_task_with_its_run(world: World) -> None:
    work.hire(world)
    body = {"title": "Write notes", "assignee": "mara", "priority": 2, "labels": ["a"], "budget_usd": "0.15"}
    made = world.otto.post(f"{world.otto.api}/tasks", json=body)
    shown = made.json()
    assert made.status_code == 201
    assert (shown["number"], shown["state"], shown["assignee"], shown["cost_nano"]) == (1, "todo", "mara", 0)
    assert shown["cost_usd"] == "0"
    assert shown["run"] == {"id": shown["run"]["id"], "state": "ready", "cost_nano": 0, "cost_usd": "0"}


def test_a_person_can_be_given_work(world: World) -> None:
    body = {"title": "Call the vendor", "assignee": f"member:{world.otto.member.id}"}
    made = world.alice.post(f"{world.alice.api}/tasks", json=body).json()
    assert (made["state"], made["assignee"], made["run"]) == ("todo", body["assignee"], None)
    outsider = {"title": "x", "assignee": f"member:{world.charlie.member.id}"}
    refused = world.alice.post(f"{world.alice.api}/tasks", json=outsider)
    assert refused.json()["errors"] == {"assignee": "there is no such member"}


def test_a_create_is_repeated_safely(world: World) -> None:
    key = {"Idempotency-Key": "k1"}
    first = world.alice.post(f"{world.alice.api}/tasks", json={"title": "Once"}, headers=key)
    again = world.alice.post(f"{world.alice.api}/tasks", json={"title": "Once"}, headers=key)
    assert first.json() == again.json()
    other = world.alice.post(f"{world.alice.api}/tasks", json={"title": "Twice"}, headers=key)
    assert code(other) == (409, "idempotency_mismatch")
    assert len(world.alice.get(f"{world.alice.api}/tasks").json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"body": "no title"}, "title"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "x", "colour": "red"}, "colour"),
        ({"title": "x", "priority": 7}, "priority"),
        ({"title": "x", "priority": "high"}, "priority"),
        ({"title": "x", "assignee": "nobody"}, "assignee"),
        ({"title": "x", "start": True}, "start"),
        ({"title": "x", "budget_usd": "-1"}, "budget_usd"),
        ({"title": "x", "due_at": "soon"}, "due_at"),
        ({"title": "x", "labels": ["y" * 41]}, "labels"),
        ({"title": "x", "checks": [{"kind": "magic"}]}, "checks[1]"),
        ({"title": "x", "checks": [CHECK, {"kind": "regex", "spec": {"pattern": "("}}]}, "checks[2]"),
        ({"title": "x", "checks": [{"kind": "contains", "spec": {}}]}, "checks[1]"),
    ],
)
def test_a_bad_task_is_refused_by_field(world: World, body: dict[str, object], field: str) -> None:
    refused = world.alice.post(f"{world.alice.api}/tasks", json=body)
    assert code(refused) == (400, "invalid")
    assert field in refused.json()["errors"]
    assert world.alice.get(f"{world.alice.api}/tasks").json()["items"] == []


def test_garbage_is_refused(world: World) -> None:
    headers = {"content-type": "application/json"}
    assert code(world.alice.post(f"{world.alice.api}/tasks", content=b"{nope", headers=headers)) == (400, "bad_json")
    assert code(world.alice.get(f"{world.alice.api}/tasks?cursor=zzz")) == (400, "bad_cursor")
    assert code(world.alice.get(f"{world.alice.api}/tasks?cursor=WyJ4Il0")) == (400, "bad_cursor")
    assert code(world.alice.get(f"{world.alice.api}/tasks?state=flying")) == (400, "invalid")
    assert code(world.alice.get(f"{world.alice.api}/tasks?limit=many")) == (400, "invalid")
    assert code(world.alice.get(f"{world.alice.api}/tasks/1?wait=61")) == (400, "invalid")
    assert code(world.alice.get(f"{world.alice.api}/tasks/999")) == (404, "not_found")


def test_the_list_is_paged_and_filtered(world: World) -> None:
    for n in range(5):
        work.hand_out(world, f"Piece {n}", priority=n % 2, labels=["odd" if n % 2 else "even"])
    first = world.bob.get(f"{world.bob.api}/tasks?limit=2").json()
    assert [one["number"] for one in first["items"]] == [5, 4]
    rest = world.bob.get(f"{world.bob.api}/tasks?limit=9&cursor={first['next_cursor']}").json()
    assert ([one["number"] for one in rest["items"]], rest["next_cursor"]) == ([3, 2, 1], None)
    odd = world.bob.get(f"{world.bob.api}/tasks?label=odd&priority=1&state=backlog&q=PIECE").json()
    assert [one["number"] for one in odd["items"]] == [4, 2]


def test_a_task_is_changed(world: World) -> None:
    work.hire(world)
    work.hand_out(world)
    here = f"{world.otto.api}/tasks/1"
    changed = world.otto.patch(here, json={"title": "Better", "labels": ["b"], "assignee": "mara"}).json()
    assert (changed["title"], changed["labels"], changed["assignee"]) == ("Better", ["b"], "mara")
    assert world.otto.patch(here, json={"assignee": None}).json()["assignee"] is None
    assert code(world.otto.patch(here, json={"state": "done"})) == (400, "invalid")


def test_the_verbs_of_a_task(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara", start=False)
    here = f"{world.otto.api}/tasks/1"
    assert world.otto.post(f"{here}/start").json()["run"]["state"] == "ready"
    assert code(world.otto.post(f"{here}/start")) == (409, "conflict")
    work.fail(world, work.begin(world))
    assert world.otto.post(f"{here}/retry").json()["run"]["state"] == "ready"
    assert [run["attempt"] for run in world.bob.get(f"{here}/runs").json()["items"]] == [2, 1]
    assert world.otto.post(f"{here}/cancel").json()["state"] == "cancelled"
    assert world.otto.post(f"{here}/reopen").json()["state"] == "todo"
    assert code(world.otto.post(f"{here}/approve")) == (409, "conflict")


def test_a_result_is_accepted_by_a_person(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    here = f"{world.otto.api}/tasks/1"
    added = world.otto.post(f"{here}/checks", json=CHECK)
    assert (added.status_code, added.json()["state"]) == (201, "open")
    assert work.finish(world, work.begin(world), "Here it is.") == "in_review"
    assert world.bob.get(f"{here}/why").json()["verb"] == "approve"
    done = world.otto.post(f"{here}/approve").json()
    assert (done["state"], done["result"]) == ("done", "Here it is.")
    assert [check["state"] for check in world.bob.get(f"{here}/checks").json()["items"]] == ["pass"]
    assert code(world.otto.post(f"{here}/checks", json=CHECK)) == (409, "conflict")


def test_comments(world: World) -> None:
    work.hand_out(world)
    here = f"{world.otto.api}/tasks/1/comments"
    assert world.otto.post(here, json={"body": "Looks good"}).json()["author_name"] == "Otto"
    assert code(world.otto.post(here, json={"body": " "})) == (400, "invalid")
    assert [one["body"] for one in world.bob.get(here).json()["items"]] == ["Looks good"]


def test_blockers_hold_and_have_no_circle(world: World) -> None:
    work.hire(world)
    work.hand_out(world, "First", assignee="mara")
    work.hand_out(world, "Second", assignee="mara", start=False)
    here = f"{world.otto.api}/tasks"
    assert world.otto.put(f"{here}/2/blockers/1").status_code == 204
    why = world.otto.get(f"{here}/2/why").json()
    assert (why["code"], why["ref"], why["sentence"]) == ("blocked_by", "1", "It waits for #1 First.")
    assert code(world.otto.put(f"{here}/1/blockers/2")) == (400, "invalid")
    assert code(world.otto.post(f"{here}/2/start")) == (409, "conflict")
    assert world.otto.delete(f"{here}/2/blockers/1").status_code == 204
    assert world.otto.post(f"{here}/2/start").status_code == 200


def test_the_tree_adds_up(world: World) -> None:
    parent = work.hand_out(world, "Release")
    work.hand_out(world, "Notes", parent_id=parent.id)
    tree = world.bob.get(f"{world.bob.api}/tasks/1/tree").json()
    assert (tree["task"]["title"], tree["cost_usd"]) == ("Release", "0")
    assert [child["task"]["title"] for child in tree["children"]] == ["Notes"]


def test_files_are_listed_and_downloaded_never_shown(world: World) -> None:
    task = work.hand_out(world)
    work.write_file(world, task, "site/index.html", "<script>alert(1)</script>")
    here = f"{world.bob.api}/tasks/1/files"
    assert [file["path"] for file in world.bob.get(here).json()["items"]] == ["site/index.html"]
    for base in (here, f"{world.bob.pages}/tasks/1/files"):
        got = world.bob.get(f"{base}/site/index.html")
        assert got.content == b"<script>alert(1)</script>"
        assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''index.html"
        assert got.headers["content-type"].startswith("application/octet-stream")
        assert got.headers["x-content-type-options"] == "nosniff"
        assert world.bob.get(f"{base}/nothing.md").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["..%2f..%2f..%2ftenant.db", "%2e%2e/%2e%2e/tenant.db", "/etc/passwd", "%2fetc%2fpasswd", "a%00b", "..%5c..%5cx"],
)
def test_no_address_leaves_the_workspace(world: World, path: str) -> None:
    task = work.hand_out(world)
    work.write_file(world, task, "a.md", "inside")
    for base in (world.bob.api, world.bob.pages):
        answer = world.bob.get(f"{base}/tasks/1/files/{path}")
        assert answer.status_code in (403, 404)
        assert b"SQLite" not in answer.content
        assert b"root:" not in answer.content


def test_wait_answers_when_the_task_ends(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    run = work.begin(world)
    answers: list[str] = []
    asking = threading.Thread(
        target=lambda: answers.append(world.bob.get(f"{world.bob.api}/tasks/1?wait=15").json()["state"])
    )
    asking.start()
    asking.join(0.3)
    assert answers == []
    work.finish(world, run)
    asking.join(5)
    assert answers == ["done"]


def test_wait_ends_with_its_time(world: World) -> None:
    work.hand_out(world)
    assert world.bob.get(f"{world.bob.api}/tasks/1?wait=1").json()["state"] == "backlog"


def test_a_viewer_changes_nothing(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    here = f"{world.bob.api}/tasks"
    assert world.bob.post(here, json={"title": "x"}).status_code == 403
    assert world.bob.patch(f"{here}/1", json={"title": "x"}).status_code == 403
    assert world.bob.put(f"{here}/1/blockers/1").status_code == 403
    assert world.bob.delete(f"{here}/1/blockers/1").status_code == 403
    for verb in ("start", "retry", "cancel", "approve", "reopen", "checks", "comments"):
        assert world.bob.post(f"{here}/1/{verb}", json={}).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/1"),
        ("PATCH", "/1"),
        *[("POST", f"/1/{verb}") for verb in ("start", "retry", "cancel", "approve", "reopen", "checks", "comments")],
        *[("GET", f"/1/{part}") for part in ("runs", "why", "tree", "comments", "checks", "files", "files/a.md")],
        ("PUT", "/1/blockers/1"),
        ("DELETE", "/1/blockers/1"),
    ],
)
def test_charlie_gets_404(world: World, method: str, path: str) -> None:
    task = work.hand_out(world)
    work.write_file(world, task, "a.md", "secret")
    assert world.charlie.request(method, f"{world.alice.api}/tasks{path}", json={}).status_code == 404
    if path:
        body = {"kind": "human_ack"} if path.endswith("checks") else {"body": "x"} if "comments" in path else {}
        own = world.charlie.request(method, f"{world.charlie.api}/tasks{path}", json=body)
        assert own.status_code == 404
