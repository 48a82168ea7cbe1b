"""Each template from zero, on a tenant with nothing but the simulated provider, to a deliverable that was checked."""

from collections.abc import Iterator

import pytest

from appliance.domain import approvals, checks, decisions, lifecycle, providers, samples, schema, tasks, workspace
from appliance.domain.actor import Actor
from appliance.domain.instances import nodes, rows, starting
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import library, reading, templates
from appliance.errors import Problem
from tests.engine.floor import Floor

# What each leaves behind: the files of its task, of which the last is the deliverable.
DELIVERS = {
    "code-review": ["review.md", "reply.md", "verdict.json"],
    "research-brief": ["brief.md", "conclusion.json"],
    "content-desk": ["article.md", "meta.json"],
    "data-analysis": ["data.csv", "report.md", "result.json"],
    "support-triage": ["triage.md", "digest.json"],
    "release-notes": ["notes.md", "announcement.md", "release.json"],
}


@pytest.fixture
def desk(floor: Floor) -> Iterator[Floor]:
    """The floor without Ada: a tenant whose only belonging is the simulated account."""
    floor.db.execute("UPDATE agents SET deleted_at = created_at")
    yield floor


def carried_out(floor: Floor, slug: str, verdict: str = "approve") -> Instance:
    """Used, started with its sample, and worked on; people answer whatever they are asked."""
    templates.apply(floor.db, floor.actor, slug)
    started = starting.start(floor.db, floor.actor, slug, templates.get(slug).sample)
    for _ in range(12):
        floor.work()
        floor.sweeper.sweep()
        if rows.by_id(floor.db, started.id).finished_at:
            break
        answer(floor, floor.world.otto.actor, verdict)
    return rows.by_id(floor.db, started.id)


def answer(floor: Floor, person: Actor, verdict: str) -> None:
    for asked in approvals.listing(floor.db).items:
        given = {"option": asked.options[0].value} if asked.options and verdict == "approve" else {}
        decisions.decide(floor.db, person, asked.id, verdict, given=given)
    for row in floor.db.rows("SELECT id FROM tasks WHERE state = 'in_review'"):
        lifecycle.approve(floor.db, person, row["id"])


@pytest.mark.parametrize("slug", templates.SLUGS)
def test_a_template_is_a_readable_folder_whose_workflow_is_in_order(slug: str) -> None:
    template = templates.get(slug)
    report = reading.check(template.source)
    assert report.faults == []
    assert report.definition is not None
    assert report.definition.slug == slug
    assert schema.fault(template.sample, report.definition.inputs) == ""
    assert {brought.slug for brought in report.definition.agents} == set(brought_agents(template.source))
    assert template.gives
    for part in ("**You give**", "**A person is asked**", "**Make it yours**"):
        assert part in template.readme


def brought_agents(source: str) -> Iterator[str]:
    """Every agent that a step or a reviewer names."""
    for line in source.splitlines():
        name, _, value = line.strip().removeprefix("- ").partition(": ")
        if name == "agent":
            yield value


def test_every_folder_is_a_template() -> None:
    assert sorted(path.name for path in templates.FOLDER.iterdir()) == sorted(templates.SLUGS)


@pytest.mark.parametrize("slug", templates.SLUGS)
def test_each_template_ends_in_a_checked_deliverable_from_zero(desk: Floor, slug: str) -> None:
    ended = carried_out(desk, slug)
    assert (ended.state, ended.failure_code, ended.failure_detail) == ("succeeded", "", "")
    made = [task for task in children(desk, ended.task_id) if task.state == "done"]
    judged = [check for task in made for check in checks.of_task(desk.db, task.id)]
    assert {check.state for check in judged} == {"pass"}
    assert {"json_schema", "reviewer_agent"} <= {check.kind for check in judged}
    files = {file.path for file in workspace.of_task(desk.world.catalogue.files(desk.tenant.id), ended.task_id).files()}
    assert set(DELIVERS[slug]) <= files
    definition = templates.definition(slug)
    assert schema.fault(ended.output, definition.output_schema or {}) == ""


def children(floor: Floor, task_id: str) -> list[tasks.Task]:
    found = tasks.children(floor.db, task_id)
    return found + [below for child in found for below in children(floor, child.id)]


def test_what_is_written_is_about_what_was_asked(desk: Floor) -> None:
    ended = carried_out(desk, "release-notes")
    folder = workspace.of_task(desk.world.catalogue.files(desk.tenant.id), ended.task_id)
    assert "2.4" in (folder.text("notes.md") or "")
    assert ended.output["version"] == "2.4"


def test_a_no_to_publishing_stops_the_release(desk: Floor) -> None:
    ended = carried_out(desk, "release-notes", "reject")
    assert (ended.state, ended.failure_code, ended.failed_path) == ("failed", "rejected", "agreed")


def test_a_no_to_a_refund_does_not_stop_the_ticket(desk: Floor) -> None:
    templates.apply(desk.db, desk.actor, "support-triage")
    sample = templates.get("support-triage").sample | {"refund_limit": -0.0}
    started = starting.start(desk.db, desk.actor, "support-triage", sample)
    for _ in range(8):
        desk.work()
        answer(desk, desk.world.otto.actor, "reject")
    ended = rows.by_id(desk.db, started.id)
    assert (ended.state, ended.output["worked_on"]) == ("succeeded", len(sample["tickets"]))
    refused = [node for node in nodes.of(desk.db, started.id, limit=500) if node.path.endswith("/refund")]
    assert all(node.output["verdict"] == "rejected" for node in refused)


def test_using_a_template_twice_changes_nothing_and_keeps_what_was_made_of_it(desk: Floor) -> None:
    first = templates.apply(desk.db, desk.actor, "release-notes")
    assert (first.created, first.version, first.agents) == (True, 1, ["release-editor", "release-writer"])
    own = templates.get("release-notes").source.replace("timeout: 7d", "timeout: 8d")
    library.apply(desk.db, desk.actor, own)
    again = templates.apply(desk.db, desk.actor, "release-notes")
    assert (again.created, again.changed, again.version) == (False, False, 2)


def test_without_a_model_a_template_says_what_is_missing(floor: Floor) -> None:
    floor.db.execute("UPDATE agents SET deleted_at = created_at")
    providers.remove(floor.db, floor.actor, samples.ACCOUNT)
    with pytest.raises(Problem, match="no model"):
        templates.apply(floor.db, floor.actor, "release-notes")


def test_who_may_not_make_agents_is_told_so_and_nothing_is_left(desk: Floor) -> None:
    with pytest.raises(Problem) as caught:
        templates.apply(desk.db, desk.world.otto.actor, "release-notes")
    assert caught.value.code == "forbidden"
    assert desk.db.value("SELECT COUNT(*) AS n FROM workflows") == 0


def test_there_is_no_template_of_another_name() -> None:
    with pytest.raises(Problem, match="template"):
        templates.get("../secrets")
