"""Settings of one protocol in the words of another, where the model takes them; the rest is named as lost."""

from typing import Any

import pytest

from .asking import sent


@pytest.mark.parametrize(
    ("source", "target", "model", "asked", "carried", "lossy"),
    [
        # The effort to think.
        ("messages", "chat", "gpt-5.2", {"output_config": {"effort": "low"}}, {"reasoning_effort": "low"}, ()),
        (
            "messages",
            "chat",
            "o3",
            {"thinking": {"type": "enabled", "budget_tokens": 8000}},
            {"reasoning_effort": "medium"},
            (),
        ),
        (
            "messages",
            "responses",
            "gpt-5.2",
            {"output_config": {"effort": "max"}},
            {"reasoning": {"effort": "max"}},
            (),
        ),
        ("messages", "chat", "llama3", {"output_config": {"effort": "low"}}, {}, ("reasoning_effort",)),
        ("chat", "responses", "gpt-5.2", {"reasoning_effort": "none"}, {"reasoning": {"effort": "none"}}, ()),
        (
            "chat",
            "messages",
            "claude-opus-4-8",
            {"reasoning_effort": "minimal"},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            (),
        ),
        (
            "responses",
            "messages",
            "claude-sonnet-4-5",
            {"reasoning": {"effort": "high"}},
            {"thinking": {"type": "enabled", "budget_tokens": 16_000}},
            (),
        ),
        ("chat", "messages", "kimi-k2", {"reasoning_effort": "high"}, {}, ("reasoning_effort",)),
        # Sampling and stop words, which newer models refuse.
        (
            "messages",
            "chat",
            "llama3",
            {"temperature": 0.2, "stop_sequences": ["E"]},
            {"temperature": 0.2, "stop": ["E"]},
            (),
        ),
        (
            "messages",
            "chat",
            "gpt-5.2",
            {"temperature": 0.2, "stop_sequences": ["E"]},
            {},
            ("stop_sequences", "temperature"),
        ),
        ("messages", "chat", "llama3", {"stop_sequences": list("abcde")}, {"stop": list("abcd")}, ("stop_sequences",)),
        (
            "messages",
            "responses",
            "gpt-4.1",
            {"top_p": 0.5, "stop_sequences": ["E"]},
            {"top_p": 0.5},
            ("stop_sequences",),
        ),
        (
            "chat",
            "messages",
            "claude-sonnet-4-5",
            {"temperature": 1.7, "stop": "E"},
            {"temperature": 1.0, "stop_sequences": ["E"]},
            (),
        ),
        ("chat", "messages", "claude-opus-4-8", {"temperature": 0.1}, {}, ("temperature",)),
        ("messages", "chat", "llama3", {"top_k": 5}, {}, ("top_k",)),
        ("chat", "messages", "", {"seed": 7, "logit_bias": {"1": 2}, "user": "u"}, {}, ("logit_bias", "seed", "user")),
        # The cap on the answer.
        ("messages", "chat", "llama3", {"max_tokens": 7}, {"max_tokens": 7}, ()),
        ("messages", "chat", "openai/gpt-5.2", {"max_tokens": 7}, {"max_completion_tokens": 7}, ()),
        ("messages", "responses", "", {"max_tokens": 7}, {"max_output_tokens": 7}, ()),
        ("responses", "messages", "claude-opus-4-8", {}, {"max_tokens": 32_000}, ()),
        ("chat", "messages", "glm-4.6", {"max_completion_tokens": 9}, {"max_tokens": 9}, ()),
        # The shape of the answer.
        (
            "chat",
            "responses",
            "",
            {"response_format": {"type": "json_object"}},
            {"text": {"format": {"type": "json_object"}}},
            (),
        ),
        ("responses", "chat", "", {"text": {"verbosity": "low"}}, {"verbosity": "low"}, ()),
        ("responses", "messages", "", {"text": {"verbosity": "low"}}, {}, ("verbosity",)),
        # Caching.
        ("responses", "chat", "gpt-5.2", {"prompt_cache_key": "k"}, {"prompt_cache_key": "k"}, ()),
        ("responses", "chat", "llama3", {"prompt_cache_key": "k"}, {}, ("prompt_cache_key",)),
        (
            "messages",
            "chat",
            "",
            {"service_tier": "auto", "mcp_servers": [{"url": "x"}]},
            {},
            ("mcp_servers", "service_tier"),
        ),
        ("responses", "chat", "", {"store": False, "metadata": {}, "include": ["reasoning.encrypted_content"]}, {}, ()),
        ("responses", "chat", "", {"store": True, "truncation": "auto"}, {}, ("store", "truncation")),
    ],
)
def test_settings(
    source: str, target: str, model: str, asked: dict[str, Any], carried: dict[str, Any], lossy: tuple[str, ...]
) -> None:
    body, lost = sent(source, target, model, **asked)
    plain, _ = sent(source, target, model)
    assert {name: value for name, value in body.items() if plain.get(name) != value or name in carried} == carried
    assert lost == lossy
