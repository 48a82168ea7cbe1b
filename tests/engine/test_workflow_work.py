"""Steps that the box does itself, and the files and data that steps hand on."""

from urllib.parse import urlsplit

import pytest

from appliance.domain import agents, assignees, decisions, hosts, org, runs, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.workflows.definition import AgentStep, CommandStep, HttpStep, MapStep, Retry
from appliance.errors import Problem
from tests.engine import flows
from tests.engine.floor import Dead, Floor, write
from tests.engine.flows import chain, says, step
from tests.gateway.scripted import ScriptedServer, http


@pytest.fixture
def site(floor: Floor, provider: ScriptedServer) -> str:
    place = f"127.0.0.1:{urlsplit(provider.url).port}"
    hosts.allow(floor.db, SYSTEM, place)
    return f"http://{place}"


def test_a_request_gives_its_status_and_its_body(floor: Floor, provider: ScriptedServer, site: str) -> None:
    provider.will(http(201, '{"id": 7}', Content_Type="application/json"))
    does = HttpStep(site + "/orders", "POST", {"X-Who": "${{ inputs.who }}"}, {"sum": "${{ inputs.sum }}"})
    flow = flows.run(floor, [step("call", does)], {"who": "ada", "sum": 5})
    assert (flow.now.state, flow.output("call")) == ("succeeded", {"status": 201, "body": {"id": 7}})
    [got] = provider.received
    assert (got.method, got.path, got.body) == ("POST", "/orders", {"sum": 5})
    assert (got.headers["x-who"], got.headers["content-type"]) == ("ada", "application/json")


def test_a_status_that_is_not_expected_fails_the_step(floor: Floor, provider: ScriptedServer, site: str) -> None:
    provider.will(http(500, "broken"))
    flow = flows.run(floor, [step("call", HttpStep(site))])
    assert flow.failure() == ("failed", "http_status", "call")
    assert "broken" in flow.now.failure_detail
    provider.will(http(404, "gone"))
    assert flows.run(floor, [step("call", HttpStep(site, expect=[404]))]).now.state == "succeeded"


def test_a_host_that_nobody_allowed_is_not_called(floor: Floor) -> None:
    flow = flows.run(floor, [step("call", HttpStep("https://example.com/"))])
    assert flow.failure() == ("failed", "unreachable", "call")
    assert "agenthq host allow example.com" in flow.now.failure_detail


def test_every_attempt_at_a_keyed_request_has_the_same_key(floor: Floor, provider: ScriptedServer, site: str) -> None:
    provider.will(http(503, ""), http(200, "ok", Content_Type="text/plain"))
    flow = flows.run(floor, [step("call", HttpStep(site, "POST", effect="keyed"), retry=Retry(2, 1))])
    with floor.later(5):
        floor.work()
    assert flow.output("call") == {"status": 200, "body": "ok"}
    keys = [got.headers["idempotency-key"] for got in provider.received]
    assert keys == [f"{flow.id}:call"] * 2


def test_a_command_gives_its_code_its_text_and_the_json_in_it(floor: Floor) -> None:
    flow = flows.run(floor, [step("test", CommandStep("printf '{\"n\": %s}' ${{ inputs.n }}"))], {"n": 4})
    assert flow.output("test") == {"code": 0, "text": '{"n": 4}', "data": {"n": 4}}


def test_a_command_that_ends_badly_fails_the_step_with_what_it_said(floor: Floor) -> None:
    flow = flows.run(floor, [step("test", CommandStep("sh -c 'echo no luck; exit 3'"))])
    assert flow.failure() == ("failed", "command_failed", "test")
    assert flow.now.failure_detail == "It ended with exit code 3. no luck"


def test_a_command_whose_worker_dies_is_not_run_again_but_asked_about(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appliance.engine.tools import programs

    def die(*given: object) -> None:
        raise Dead

    flow = flows.start(floor, [step("test", CommandStep("date"))])
    with monkeypatch.context() as patched:
        patched.setattr(programs, "run", die)
        with pytest.raises(Dead):
            floor.new_pump("mortal").serve(floor.tenant.id)
    floor.take_back()
    floor.work()
    [run] = runs.of_task(floor.db, str(flow.node("test").task_id))
    assert (run.state, run.reason, flow.node("test").state) == ("parked", "in_doubt", "running")
    asked = floor.db.value("SELECT id FROM approvals WHERE kind = 'in_doubt'")
    decisions.decide(floor.db, floor.actor, asked, "approve", "I saw it", {"option": "done"})
    floor.work()
    assert (flow.now.state, flow.output("test")["text"]) == ("succeeded", "I saw it")


def test_the_steps_of_a_workflow_share_one_folder_of_files(floor: Floor) -> None:
    first = step("write", AgentStep("ada", body=f"{write('a.txt', 'from the first')}\nsim: say done"))
    flow = flows.run(floor, chain(first, step("read", CommandStep("cat a.txt"))))
    assert flow.output("read")["text"] == "from the first"
    assert flow.output("write")["files"] == ["a.txt"]
    assert floor.files(tasks.get(floor.db, flow.now.task_id)).text("a.txt") == "from the first"


def test_each_item_of_a_map_has_files_of_its_own_that_its_steps_share(floor: Floor) -> None:
    write_it = step("write", AgentStep("ada", body=write("a.txt", "${{ item }}") + "\nsim: say done"))
    do = chain(write_it, step("read", CommandStep("cat a.txt")))
    does = MapStep("${{ inputs.list }}", do, output="${{ steps.read.output.text }}")
    flow = flows.run(floor, [step("each", does)], {"list": ["one", "two"]})
    assert flow.output("each") == ["one", "two"]


def test_the_data_of_a_step_is_the_json_in_its_output_file(floor: Floor) -> None:
    wanted = {"type": "object", "required": ["bugs"]}
    script = [write("f.json", '{"bugs": "none"}'), "sim: say first", write("f.json", '{"bugs": 2}'), "sim: say second"]
    wanted = {"type": "object", "properties": {"bugs": {"type": "integer"}}, "required": ["bugs"]}
    does = AgentStep("ada", body="\n".join(script), output_file="f.json", output_schema=wanted)
    flow = flows.run(
        floor, chain(step("review", does), step("tell", says("${{ steps.review.output.data.bugs }} bugs")))
    )
    assert flow.output("review")["data"] == {"bugs": 2}
    assert (flow.output("review")["text"], flow.output("tell")["text"]) == ("second", "2 bugs")


def test_the_boxs_own_agent_is_seen_by_nobody(floor: Floor) -> None:
    flow = flows.run(floor, [step("test", CommandStep("true"))])
    task = tasks.get(floor.db, str(flow.node("test").task_id))
    assert task.agent_slug == "agenthq"
    assert [agent.slug for agent in agents.all(floor.db)] == ["ada"]
    assert [place.agent.slug for place in org.tree(floor.db)] == ["ada"]
    with floor.world.control() as control:
        assert "agenthq" not in [one.ref for one in assignees.all(floor.db, control, floor.tenant.id)]
    with pytest.raises(Problem):
        agents.get(floor.db, "agenthq")
    with pytest.raises(Problem, match="no agent"):
        floor.task(assignee="agenthq")


def test_two_workflows_use_the_same_hidden_agent(floor: Floor) -> None:
    for _ in range(2):
        flows.run(floor, [step("test", CommandStep("true"))])
    assert floor.db.value("SELECT COUNT(*) AS n FROM agents WHERE hidden") == 1
