import pytest

from appliance.gateway.translate import families


@pytest.mark.parametrize(
    ("model", "version", "thinking"),
    [
        ("claude-opus-4-8", (4, 8), "adaptive"),
        ("anthropic/claude-sonnet-4.6", (4, 6), "adaptive"),
        ("claude-sonnet-4-5-20250929", (4, 5), "budget"),
        ("claude-sonnet-4-20250514", (4, 0), "budget"),
        ("claude-3-7-sonnet-20250219", (3, 7), "budget"),
        ("claude-3-haiku-20240307", (3, 0), "none"),
        ("claude-fable-5", (5, 0), "adaptive"),
        ("claude-latest", (99, 0), "adaptive"),
        ("gpt-5.2", None, "none"),
    ],
)
def test_the_version_of_a_claude(model: str, version: tuple[int, int] | None, thinking: str) -> None:
    assert (families.claude(model), families.thinking(model)) == (version, thinking)


@pytest.mark.parametrize(
    ("model", "reasons", "samples", "new_cap"),
    [
        ("gpt-5.2-codex", True, False, True),
        ("openai/o3", True, False, True),
        ("gpt-5-chat-latest", False, True, True),
        ("gpt-4.1", False, True, True),
        ("gpt-oss-120b", True, True, True),
        ("gemini-2.5-pro", True, True, False),
        ("llama3.1:8b", False, True, False),
        ("ollama3", False, True, False),
    ],
)
def test_what_openai_shaped_models_take(model: str, reasons: bool, samples: bool, new_cap: bool) -> None:
    assert (families.reasons(model), families.samples(model), families.new_cap_name(model)) == (
        reasons,
        samples,
        new_cap,
    )


@pytest.mark.parametrize(("budget", "effort"), [(1024, "low"), (8000, "medium"), (10_000, "high"), (60_000, "max")])
def test_a_budget_as_an_effort(budget: int, effort: str) -> None:
    assert families.effort_of(budget) == effort
