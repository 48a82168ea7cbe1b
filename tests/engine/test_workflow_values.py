"""Values from outside in commands, requests and questions: they are taken as they are, or refused in a sentence."""

from urllib.parse import urlsplit

import pytest

from appliance.domain import approvals, hosts, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.workflows.definition import AgentStep, ApprovalStep, CommandStep, HttpStep
from tests.engine import flows
from tests.engine.floor import Floor
from tests.engine.flows import step
from tests.gateway.scripted import ScriptedServer, http

SHOWN = """python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' """


@pytest.mark.parametrize("value", ["a b", "it's", '"', "--evil; rm", "", "x\ny", "\\", "${{ 1 }}", "$HOME `id`"])
def test_a_value_in_a_command_is_one_argument_whatever_is_in_it(floor: Floor, value: str) -> None:
    does = CommandStep(SHOWN + """--name=${{ inputs.x }} ${{ inputs.x }} '${{ inputs.x }} "y z"' end""")
    flow = flows.run(floor, [step("test", does)], {"x": value})
    assert flow.output("test")["data"] == [f"--name={value}", value, f'{value} "y z"', "end"]


def test_an_expression_in_a_command_may_have_spaces_and_quotes_of_its_own(floor: Floor) -> None:
    does = CommandStep(SHOWN + """${{ inputs.x + " it's 'so'" }}""")
    flow = flows.run(floor, [step("test", does)], {"x": "a"})
    assert flow.output("test")["data"] == ["a it's 'so'"]


@pytest.mark.parametrize("command", ["echo 'open", " ", "${{ '' }}"])
def test_a_command_that_names_no_program_fails_the_step(floor: Floor, command: str) -> None:
    flow = flows.run(floor, [step("test", CommandStep(command))])
    assert flow.failure() == ("failed", "invalid", "test")
    assert "command" in flow.now.failure_detail


@pytest.mark.parametrize("url", ["http://[1", "http://[::1", "ftp://x", "http://a b/", "http://x/\r\nHost: y", "//x"])
def test_an_address_that_is_none_fails_the_step(floor: Floor, url: str) -> None:
    flow = flows.run(floor, [step("call", HttpStep("${{ inputs.url }}"))], {"url": url})
    assert flow.failure() == ("failed", "invalid", "call")


@pytest.mark.parametrize("value", ["x\r\nX-Evil: 1", "x\n", "\0", "a\x7f"])
def test_a_value_adds_no_header(floor: Floor, provider: ScriptedServer, value: str) -> None:
    place = f"127.0.0.1:{urlsplit(provider.url).port}"
    hosts.allow(floor.db, SYSTEM, place)
    provider.will(http(200, "ok"))
    does = HttpStep(f"http://{place}", headers={"X-Who": "${{ inputs.who }}"})
    flow = flows.run(floor, [step("call", does)], {"who": value})
    assert flow.failure() == ("failed", "invalid", "call")
    assert "X-Who" in flow.now.failure_detail
    assert provider.received == []


def test_long_texts_are_cut_to_what_a_task_and_a_question_take(floor: Floor) -> None:
    steps = [
        step("a", AgentStep("ada", body="sim: say x"), title="${{ inputs.x }}"),
        step("ok", ApprovalStep("${{ inputs.x }}")),
    ]
    flow = flows.start(floor, steps, {"x": "long " * 400})
    assert len(tasks.get(floor.db, str(flow.node("a").task_id)).title) <= 200
    assert len(approvals.get(floor.db, str(flow.node("ok").approval_id)).title) <= 300


def test_an_option_may_be_worded_by_any_value(floor: Floor) -> None:
    options = [approvals.Option("a", "${{ inputs.x }}", detail="${{ inputs.x }}")]
    flow = flows.start(floor, [step("ok", ApprovalStep("Which?", options=options))], {"x": {"n": [1]}})
    [option] = approvals.get(floor.db, str(flow.node("ok").approval_id)).options
    assert (option.label, option.detail) == ('{"n":[1]}', '{"n":[1]}')
