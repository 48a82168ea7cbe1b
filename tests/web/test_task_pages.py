"""The pages of a task: what they show, their forms, and that nothing an agent wrote runs."""

import pytest

from tests.web import work
from tests.world import World

FORM = {"title": "Write notes", "body": "", "assignee": "mara", "priority": "2", "labels": "a, b", "start": "true"}
ATTACK = """# Title
<script>alert(1)</script> <img src=x onerror=alert(1)>
[click](javascript:alert(1)) ![track](https://evil.test/x.png)
"""


def test_the_form_hands_out_a_task(world: World) -> None:
    work.hire(world)
    rows = {"check_kind_1": "file_exists", "check_value_1": "notes.md", "check_kind_3": "contains"}
    rows |= {"check_value_3": "Faster", "check_file_3": "notes.md"}
    made = world.alice.post(f"{world.alice.pages}/tasks", data=FORM | rows | {"budget_usd": "0.5"})
    assert (made.status_code, made.headers["location"]) == (303, f"{world.alice.pages}/tasks/1")
    shown = world.alice.get(f"{world.alice.api}/tasks/1").json()
    assert (shown["labels"], shown["priority"], shown["run"]["state"]) == (["a", "b"], 2, "ready")
    page = world.alice.get(f"{world.alice.pages}/tasks/1").text
    assert "file notes.md contains “Faster”" in page
    assert "of $0.5000" in page


def test_a_box_left_empty_means_not_started(world: World) -> None:
    work.hire(world)
    world.alice.post(f"{world.alice.pages}/tasks", data={k: v for k, v in FORM.items() if k != "start"})
    assert world.alice.get(f"{world.alice.api}/tasks/1").json()["run"] is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": " "}, "what is to be done"),
        ({"assignee": "ghost"}, "there is no agent"),
        ({"budget_usd": "lots"}, "give an amount in US dollars"),
        ({"check_kind_1": "regex", "check_value_1": "("}, "missing )"),
        ({"check_kind_1": "json_schema", "check_value_1": "{"}, "the schema is not valid JSON"),
        ({"check_kind_1": "contains"}, "Which text must it contain?"),
        ({"check_kind_3": "file_exists"}, "Which file must exist?"),
    ],
)
def test_a_refused_form_keeps_what_was_typed(world: World, wrong: dict[str, str], said: str) -> None:
    work.hire(world)
    refused = world.alice.post(f"{world.alice.pages}/tasks", data=FORM | {"body": "Keep this"} | wrong)
    assert refused.status_code == 422
    assert said in refused.text
    assert "Keep this" in refused.text
    assert 'aria-invalid="true"' in refused.text


def test_what_came_of_it_stands_before_the_log_once_it_is_done(world: World) -> None:
    def order() -> bool:
        shown = world.alice.get(f"{world.alice.pages}/tasks/1").text
        return shown.index('id="files-title"') < shown.index('id="steps-title"')

    work.hire(world)
    work.hand_out(world, assignee="mara")
    run = work.begin(world)
    assert not order()
    assert work.finish(world, run) == "done"
    assert order()


def test_the_page_of_a_fresh_task_says_why_and_what_to_do(world: World) -> None:
    work.hand_out(world)
    shown = world.alice.get(f"{world.alice.pages}/tasks/1").text
    assert "It is in the backlog." in shown
    assert "Nothing in the workspace yet." in shown
    assert "No check: the agent’s word is enough." in shown


def test_without_a_provider_the_page_says_so(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    shown = world.alice.get(f"{world.alice.pages}/tasks/1").text
    assert "No provider account serves the model" in shown
    assert f'href="{world.alice.pages}/providers"' in shown


def test_nothing_an_agent_or_a_person_wrote_runs(world: World) -> None:
    work.hire(world)
    task = work.hand_out(world, assignee="mara", body=ATTACK)
    run = work.begin(world)
    work.record(world, run, "tool", "workspace.write", {"path": "a.md", "content": ATTACK}, {"ok": True})
    work.write_file(world, task, "a.md", ATTACK)
    work.write_file(world, task, "b.html", ATTACK)
    work.finish(world, run, ATTACK)
    world.alice.post(f"{world.alice.pages}/tasks/1/comments", data={"body": ATTACK})
    shown = world.alice.get(f"{world.alice.pages}/tasks/1").text
    assert shown.count("&lt;script&gt;") >= 5
    for live in ("<script>alert", "<img", 'href="javascript'):
        assert live not in shown


def test_files_are_previewed(world: World) -> None:
    task = work.hand_out(world)
    work.write_file(world, task, "notes.md", "## Faster boards\n\n- one")
    work.write_file(world, task, "data.json", '{"a":1}')
    work.write_file(world, task, "photo.png", "\x89PNG")
    shown = world.alice.get(f"{world.alice.pages}/tasks/1").text
    assert "<h2>Faster boards</h2>" in shown
    assert "&#34;a&#34;: 1" in shown
    assert shown.count("Preview</summary>") == 2


def test_the_actions_answer_where_they_came_from(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    here = f"{world.alice.pages}/tasks/1"
    assert "Cancelled." in world.alice.post(f"{here}/cancel", follow_redirects=True).text
    assert "The task is cancelled. Reopen it first." in world.alice.post(f"{here}/start", follow_redirects=True).text
    assert "Reopened." in world.alice.post(f"{here}/reopen", follow_redirects=True).text
    assert world.alice.post(f"{here}/explode").status_code == 404


def test_edit_keeps_and_clears(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara", start=False, budget_usd="0.25", labels=["old"])
    assert 'value="0.25"' in world.alice.get(f"{world.alice.pages}/tasks/1/edit").text
    changed = world.alice.post(f"{world.alice.pages}/tasks/1/edit", data={"title": "New", "priority": "0"})
    assert changed.status_code == 303
    shown = world.alice.get(f"{world.alice.api}/tasks/1").json()
    assert (shown["title"], shown["labels"], shown["assignee"]) == ("New", [], None)
    assert 'value="0.25"' not in world.alice.get(f"{world.alice.pages}/tasks/1/edit").text
    refused = world.alice.post(f"{world.alice.pages}/tasks/1/edit", data={"title": "", "priority": "0"})
    assert refused.status_code == 422


def test_a_comment_on_the_page(world: World) -> None:
    work.hand_out(world)
    here = f"{world.otto.pages}/tasks/1"
    assert world.otto.post(f"{here}/comments", data={"body": "**Look**"}).status_code == 303
    assert "<strong>Look</strong>" in world.otto.get(here).text
    refused = world.otto.post(f"{here}/comments", data={"body": ""})
    assert refused.status_code == 422
    assert "write between 1 and" in refused.text


def test_a_viewer_sees_no_button_and_is_refused(world: World) -> None:
    work.hire(world)
    work.hand_out(world, assignee="mara")
    here = f"{world.bob.pages}/tasks"
    shown = world.bob.get(f"{here}/1").text
    assert f'action="{here}/1' not in shown
    assert world.bob.get(f"{here}/new").status_code == 403
    assert world.bob.get(f"{here}/1/edit").status_code == 403
    assert world.bob.post(here, data=FORM).status_code == 403
    for verb in ("cancel", "start", "move", "edit", "comments"):
        assert world.bob.post(f"{here}/1/{verb}", data={"body": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/new", "/1", "/1/edit", "/1/files/a.md"])
def test_charlie_gets_404(world: World, path: str) -> None:
    work.hand_out(world)
    assert world.charlie.get(f"{world.alice.pages}/tasks{path}").status_code == 404
    if path != "/new":
        assert world.charlie.get(f"{world.charlie.pages}/tasks{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "/1/edit", "/1/cancel", "/1/comments", "/1/move"])
def test_charlie_gets_404_for_every_form(world: World, path: str) -> None:
    work.hand_out(world)
    assert world.charlie.post(f"{world.alice.pages}/tasks{path}", data=FORM).status_code == 404
