"""What providers report, in their own words, becomes one record; nothing is bent into shape."""

import pytest

from appliance.gateway import usages
from appliance.gateway.types import Usage

MESSAGE = {
    "input_tokens": 12,
    "cache_read_input_tokens": 1000,
    "cache_creation_input_tokens": 500,
    "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
    "output_tokens": 3,
}


def test_the_three_input_fields_of_messages_add_up() -> None:
    assert usages.from_messages(MESSAGE) == Usage(1512, 1000, 300, 200, 3)


def test_writes_to_the_cache_without_a_lifetime_are_those_of_five_minutes() -> None:
    plain = {"input_tokens": 1, "cache_creation_input_tokens": 500, "cache_creation": None}
    assert usages.from_messages(plain) == Usage(501, cache_write_5m=500)
    partly = {
        "input_tokens": 1,
        "cache_creation_input_tokens": 500,
        "cache_creation": {"ephemeral_1h_input_tokens": 200},
    }
    assert usages.from_messages(partly) == Usage(501, cache_write_5m=300, cache_write_1h=200)


def test_cached_tokens_of_chat_and_responses_are_a_part_of_the_input() -> None:
    chat = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    chat |= {"prompt_tokens_details": {"cached_tokens": 60}, "completion_tokens_details": {"reasoning_tokens": 15}}
    responses = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
    responses |= {"input_tokens_details": {"cached_tokens": 60}, "output_tokens_details": {"reasoning_tokens": 15}}
    expected = Usage(100, 60, output_total=20, reasoning=15)
    assert usages.from_chat(chat) == usages.from_responses(responses) == expected


def test_reasoning_that_only_the_total_shows_is_output() -> None:
    chat = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 45}
    found = usages.from_chat(chat | {"completion_tokens_details": {"reasoning_tokens": 30}})
    assert found == Usage(10, output_total=35, reasoning=30)
    assert usages.fault(found) == ""


def test_each_round_of_a_server_side_fallback_keeps_its_own_model() -> None:
    rounds = [
        {"type": "message", "model": "claude-opus-4-8", "input_tokens": 100, "output_tokens": 5},
        {"type": "message", "model": "claude-haiku-4-5", "input_tokens": 100, "output_tokens": 40},
    ]
    told = {"input_tokens": 100, "output_tokens": 40, "iterations": rounds}
    found = usages.from_messages(told | {"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 9}})
    assert found is not None
    assert (found.input_total, found.output_total, found.units) == (200, 45, {"web_searches": 2})
    assert [(share.model, share.usage.output_total) for share in found.shares] == [
        ("claude-opus-4-8", 5),
        ("claude-haiku-4-5", 40),
    ]
    assert usages.fault(found) == ""


def test_rounds_of_one_model_are_added_up() -> None:
    rounds = [{"type": "compaction", "input_tokens": 180, "output_tokens": 3}, {"input_tokens": 20, "output_tokens": 1}]
    found = usages.from_messages({"input_tokens": 20, "output_tokens": 1, "iterations": rounds})
    assert found == Usage(200, output_total=4)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (usages.from_chat({"prompt_tokens": -1}), "below 0"),
        (usages.from_chat({"prompt_tokens": "ten"}), "below 0"),
        (usages.from_chat({"prompt_tokens": 1.5}), "below 0"),
        (usages.from_chat({"prompt_tokens": 1, "completion_tokens": -3, "total_tokens": 9}), "below 0"),
        (
            usages.from_chat({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 20}}),
            "20 tokens of a cache",
        ),
        (usages.from_chat({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 9}), "9 tokens in all"),
        (
            usages.from_chat({"prompt_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 9}}),
            "9 tokens of reaso",
        ),
        (usages.from_responses({"input_tokens": 1, "output_tokens": -1}), "below 0"),
        (usages.from_messages(MESSAGE | {"cache_creation_input_tokens": 400}), "500 tokens written"),
        (usages.from_messages({"input_tokens": 9, "iterations": [{"input_tokens": 1}]}), "iterations"),
        (usages.from_messages(MESSAGE | {"server_tool_use": {"web_search_requests": -2}}), "below 0"),
    ],
)
def test_what_contradicts_itself_is_said_and_not_put_right(found: Usage | None, why: str) -> None:
    assert found is not None
    assert why in usages.fault(found)


@pytest.mark.parametrize("read", [usages.from_messages, usages.from_chat, usages.from_responses])
@pytest.mark.parametrize("raw", [None, {}, {"input_tokens": None, "prompt_tokens": None}])
def test_no_usage_is_none_and_not_zero(read, raw) -> None:
    assert read(raw) is None


@pytest.mark.parametrize(
    ("said", "nano"),
    [
        (0.00001234, 12_340),
        ("0.5", 500_000_000),
        (0, 0),
        (None, None),
        (-1, None),
        ("NaN", None),
        (True, None),
        (1e30, None),
    ],
)
def test_a_cost_the_provider_reports_is_exact_or_none(said: object, nano: int | None) -> None:
    assert usages.cost_nano(said) == nano
