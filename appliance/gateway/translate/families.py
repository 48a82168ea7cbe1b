"""What a model takes, as far as its name tells: the providers refuse a whole request for one setting too many.

Sources: the model pages of Anthropic (effort, adaptive thinking, sampling) and of OpenAI (reasoning models).
"""

import re
from typing import Literal

from appliance.gateway.types import DEFAULT_OUTPUT_TOKENS

Thinking = Literal["adaptive", "budget", "none"]

_CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?![\d])")
_OPENAI = re.compile(r"^(?:gpt-|chatgpt-|o\d|codex-)")
_OPENAI_REASONING = re.compile(r"^(?:gpt-[5-9](?!.*chat)|o\d|codex-)")
_REASONING = re.compile(r"^(?:gpt-oss|gemini-(?:2\.5|[3-9])|grok-3-mini|grok-4)")
_NEW_OUTPUT_TOKENS = 32_000
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 24_576, "max": 31_999}


def claude(model: str) -> tuple[int, int] | None:
    """The version of a Claude model, None for others; a Claude without a number counts as the newest."""
    name = bare(model)
    if "claude" not in name:
        return None
    found = _CLAUDE.search(name)
    return (int(found[1]), int(found[2] or 0)) if found else (99, 0)


def thinking(model: str) -> Thinking:
    version = claude(model)
    if version is None or version < (3, 7):
        return "none"
    return "adaptive" if version >= (4, 6) else "budget"


def samples(model: str) -> bool:
    """Whether temperature, top_p and stop words are taken beside reasoning."""
    version = claude(model)
    return version < (4, 7) if version else not _OPENAI_REASONING.match(bare(model))


def reasons(model: str) -> bool:
    """Whether an OpenAI-shaped request to this model may name a reasoning effort."""
    name = bare(model)
    return bool(_OPENAI_REASONING.match(name) or _REASONING.match(name))


def new_cap_name(model: str) -> bool:
    """OpenAI's own models want `max_completion_tokens`; most other servers know only `max_tokens`."""
    return bool(_OPENAI.match(bare(model)))


def output_cap(model: str) -> int:
    """A cap for the Messages API, which wants one, where the client named none."""
    version = claude(model)
    return _NEW_OUTPUT_TOKENS if version and version >= (4, 0) else DEFAULT_OUTPUT_TOKENS * 2


def bare(model: str) -> str:
    return model.rsplit("/", 1)[-1].lower()


def effort_of(budget: int) -> str:
    """The effort that a budget of thinking tokens stands for."""
    return next((name for name, most in BUDGETS.items() if name != "minimal" and budget <= most), "max")
