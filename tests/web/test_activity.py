from appliance.domain import agents, comments, providers, tasks
from appliance.domain.agent_forms import NewAgent
from appliance.domain.provider_forms import NewProvider
from appliance.domain.task_forms import NewTask
from tests.world import World


def happenings(world: World) -> None:
    with world.db() as db:
        actor = world.alice.actor
        providers.add(db, actor, world.vault, NewProvider("Sim", "simulated"))
        agents.create(db, actor, NewAgent("mara", "Mara Quill", "Write.", "simulated"))
        task = tasks.create(db, actor, NewTask("Draft the notes"))
        comments.add(db, actor, task.id, "Please keep it short.")


def test_the_page_says_who_did_what(world: World) -> None:
    happenings(world)
    page = world.bob.get(f"{world.bob.pages}/activity").text
    for words in ("Alice", "added a provider account", "Mara Quill", "#1 Draft the notes", "commented on"):
        assert words in page


def test_filters_are_in_the_address(world: World) -> None:
    happenings(world)
    only = world.bob.get(f"{world.bob.pages}/activity?kind=provider").text
    assert "added a provider account" in only and "commented on" not in only
    assert "commented on" in world.bob.get(f"{world.bob.pages}/activity?task=%231").text
    assert "Nothing matches" in world.bob.get(f"{world.bob.pages}/activity?task=99").text


def test_an_empty_log_says_so(world: World) -> None:
    assert "Nothing has happened yet" in world.bob.get(f"{world.bob.pages}/activity").text


def test_older_events_are_a_page_away(world: World) -> None:
    with world.db() as db:
        for n in range(55):
            tasks.create(db, world.alice.actor, NewTask(f"Task {n}"))
    first = world.bob.get(f"{world.bob.pages}/activity").text
    assert "Task 54" in first and "Task 0<" not in first
    older = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert "Task 0<" in world.bob.get(older).text


def test_the_api_reads_on_from_a_number(world: World) -> None:
    happenings(world)
    everything = world.bob.get(f"{world.bob.api}/events").json()
    seqs = [event["seq"] for event in everything["items"]]
    assert seqs == list(range(1, everything["last_seq"] + 1))
    rest = world.bob.get(f"{world.bob.api}/events?after={seqs[1]}&limit=1").json()["items"]
    assert [event["seq"] for event in rest] == [seqs[2]]


def test_a_cursor_nobody_gave_is_refused(world: World) -> None:
    assert world.bob.get(f"{world.bob.pages}/activity?cursor=oops").status_code == 400


def test_charlie_of_another_tenant_finds_nothing(world: World) -> None:
    happenings(world)
    assert world.charlie.get("/t/acme/activity").status_code == 404
    assert world.charlie.get("/api/v1/t/acme/events").status_code == 404
    assert "Draft the notes" not in world.charlie.get(f"{world.charlie.pages}/activity").text
