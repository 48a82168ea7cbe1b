"""What a person made or removed is on the disk when the verb returns, and each tenant has files of its own."""

import pytest

from appliance.db.tenants import open_catalogue
from appliance.domain import agents, comments, tasks, workspace
from appliance.domain.agent_forms import NewAgent
from appliance.domain.task_forms import NewTask
from tests.world import World


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_mistake_30_what_was_made_or_removed_is_so_for_another_process(world: World) -> None:
    alice = world.alice.actor
    with world.db() as db:
        for slug in ("kept", "gone"):
            agents.create(db, alice, NewAgent(slug, slug.title(), "Work.", "simulated"))
        agents.delete(db, alice, "gone")
        task = tasks.create(db, alice, NewTask("Made"))
        comments.add(db, alice, task.id, "Said.")
        other = open_catalogue(world.catalogue.folder)
        with other.open(world.acme.id) as seen:
            assert [agent.slug for agent in agents.all(seen)] == ["kept"]
            assert [c.body for c in comments.of_task(seen, task.id)] == ["Said."]
        other.close()


def test_mistake_36_agents_of_the_same_name_in_two_tenants_share_no_files(world: World) -> None:
    texts = {}
    for tenant, actor in ((world.acme, world.alice.actor), (world.globex, world.charlie.actor)):
        with world.db(tenant) as db:
            agents.create(db, actor, NewAgent("twin", "Twin", "Work.", "simulated"))
            task = tasks.create(db, actor, NewTask("The same", assignee="twin", start=False))
            files = workspace.of_task(world.catalogue.files(tenant.id), task.id)
            files.write("notes.md", tenant.slug.encode())
            texts[tenant.slug] = files
    assert {slug: files.text("notes.md") for slug, files in texts.items()} == {"acme": "acme", "globex": "globex"}
    assert texts["acme"].folder != texts["globex"].folder


@pytest.mark.parametrize("name", ["x-tenant", "x-agenthq-tenant", "x-tenant-id", "tenant"])
def test_mistake_36_no_header_chooses_a_tenant(world: World, name: str) -> None:
    for value in (world.acme.slug, world.acme.id):
        answer = world.charlie.get(f"{world.charlie.api}/tasks", headers={name: value})
        assert answer.status_code == 200
        assert world.charlie.get("/api/v1/t/acme/tasks", headers={name: value}).status_code == 404
