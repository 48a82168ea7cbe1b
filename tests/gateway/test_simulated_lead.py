"""The simulated provider leads: parts in plain words become calls of task.delegate."""

import json

from appliance.gateway.client import Gateway
from appliance.gateway.types import ToolSpec
from tests.gateway.test_simulated import calls, work

HAND_OUT = (
    ToolSpec("task.delegate", "", {"type": "object"}),
    ToolSpec("task.wait", "", {"type": "object"}),
    ToolSpec("task.finish", "", {"type": "object", "properties": {"summary": {}}}),
)


def test_it_hands_parts_out_when_it_is_told_to(gateway: Gateway) -> None:
    prompt = "Task: Report\n\nHand each part to Ben and Cleo:\n- Figures\n- Chart\n- Words.\n\nSave report.md."
    replies = work(gateway, prompt, HAND_OUT)
    handed = [json.loads(call.arguments) for reply in replies for call in reply.tool_calls][:3]
    assert [(part["key"], part["title"], part["to"]) for part in handed] == [
        ("part-1", "Figures", "Ben"),
        ("part-2", "Chart", "Cleo"),
        ("part-3", "Words", "Ben"),
    ]
    assert calls(replies) == ["task.delegate"] * 3 + ["task.wait", "task.finish"]


def test_without_the_tools_or_the_words_it_works_alone(gateway: Gateway) -> None:
    assert calls(work(gateway, "Task: Report\n\nHand each part to Ben:\n- Figures", HAND_OUT[1:])) == ["task.finish"]
    assert calls(work(gateway, "Task: Report\n\n- Figures", HAND_OUT)) == ["task.finish"]
