"""Reported usage in any protocol's words → the canonical record.

Sources: the usage objects of the Messages, Chat Completions and Responses API references. Nothing is put right here:
what contradicts itself is passed on as it was said and `fault` says so, since a number bent into shape would be billed.
"""

from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any

import msgspec

from appliance.gateway.types import Share, Usage

# Anthropic counts requests to its own tools; fetching a page costs its tokens only.
UNITS = {
    "web_search_requests": "web_searches",
    "code_execution_requests": "code_executions",
    "num_search_queries": "web_searches",
}
FREE = frozenset({"web_fetch_requests"})
TOKENS = ("input_total", "cache_read", "cache_write_5m", "cache_write_1h", "output_total", "reasoning")
counts = attrgetter(*TOKENS)
MOST_USD = 1_000_000
Raw = Mapping[str, Any]


def from_messages(raw: Raw | None) -> Usage | None:
    """The three input fields add up. With `iterations`, the whole is their sum, each at the model it names.

    `raw` holds the latest value of each counter: in a stream they are cumulative and replace each other.
    """
    if not raw or raw.get("input_tokens") is None:
        return None
    whole = _of_message(raw)
    rounds = [one for one in raw.get("iterations") or () if isinstance(one, Mapping)]
    if not rounds:
        return msgspec.structs.replace(whole, units=units(raw.get("server_tool_use")))
    shares = tuple(Share(str(one.get("model") or ""), _of_message(one)) for one in rounds)
    added = {name: sum(getattr(share.usage, name) for share in shares) for name in TOKENS}
    short = added["input_total"] < whole.input_total or added["output_total"] < whole.output_total
    conflict = "its iterations add up to less than the whole" if short else ""
    several = shares if any(share.model for share in shares) else ()
    return Usage(**added, units=units(raw.get("server_tool_use")), shares=several, conflict=conflict)


def from_chat(raw: Raw | None) -> Usage | None:
    """Cached tokens are a part of the prompt's. Some servers leave reasoning out of the output but not of the total."""
    if not raw or raw.get("prompt_tokens") is None:
        return None
    details = _inner(raw, "prompt_tokens_details")
    asked, answered, total = _count(raw, "prompt_tokens"), _count(raw, "completion_tokens"), _count(raw, "total_tokens")
    return Usage(
        input_total=asked,
        cache_read=_count(details, "cached_tokens") or _count(raw, "prompt_cache_hit_tokens"),
        cache_write_5m=_count(details, "cache_write_tokens"),
        output_total=max(answered, total - asked) if answered >= 0 else answered,
        reasoning=_count(_inner(raw, "completion_tokens_details"), "reasoning_tokens"),
        units=units({"num_search_queries": raw["num_search_queries"]}) if "num_search_queries" in raw else {},
        conflict=_total_conflict(total, asked, answered),
    )


def from_responses(raw: Raw | None, searches: int = 0) -> Usage | None:
    """`searches` counts the web searches among the answer's items, which its usage does not tell."""
    if not raw or raw.get("input_tokens") is None:
        return None
    asked, answered, total = _count(raw, "input_tokens"), _count(raw, "output_tokens"), _count(raw, "total_tokens")
    return Usage(
        input_total=asked,
        cache_read=_count(_inner(raw, "input_tokens_details"), "cached_tokens"),
        output_total=answered,
        reasoning=_count(_inner(raw, "output_tokens_details"), "reasoning_tokens"),
        units={"web_searches": searches} if searches else {},
        conflict=_total_conflict(total, asked, answered),
    )


def units(raw: Raw | None) -> dict[str, int]:
    """Billed units by the price list's names; what is free or 0 is left out, an unknown name is kept."""
    found: dict[str, int] = {}
    for name, count in (raw or {}).items():
        if name not in FREE and isinstance(count, int) and count:
            known = UNITS.get(name, name)
            found[known] = found.get(known, 0) + count
    return found


def cost_nano(usd: object) -> int | None:
    """What a provider says the answer cost, in nano-dollars; None for what is no amount."""
    if isinstance(usd, bool) or not isinstance(usd, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(usd))
    except ArithmeticError:
        return None
    return int((amount * 10**9).to_integral_value()) if amount.is_finite() and 0 <= amount < MOST_USD else None


def fault(usage: Usage) -> str:
    """Why this usage can't be true, in words; "" when nothing speaks against it."""
    if usage.conflict:
        return usage.conflict
    if min(counts(usage)) < 0 or (usage.units and min(usage.units.values()) < 0):
        return "a count below 0, or one that is no whole number"
    cached = usage.cache_read + usage.cache_write_5m + usage.cache_write_1h
    if cached > usage.input_total:
        return f"{cached:,} tokens of a cache in {usage.input_total:,} of input"
    if usage.reasoning > usage.output_total:
        return f"{usage.reasoning:,} tokens of reasoning in {usage.output_total:,} of output"
    for share in usage.shares:
        if why := fault(share.usage):
            return why
    return ""


def _of_message(raw: Raw) -> Usage:
    read, created = _count(raw, "cache_read_input_tokens"), _count(raw, "cache_creation_input_tokens")
    split = _inner(raw, "cache_creation")
    hour, minutes = _count(split, "ephemeral_1h_input_tokens"), _count(split, "ephemeral_5m_input_tokens")
    # Where no lifetime is named, it is the five minutes that are the default.
    if split.get("ephemeral_5m_input_tokens") is None:
        minutes = created - hour
    return Usage(
        input_total=_count(raw, "input_tokens") + read + max(created, hour + minutes),
        cache_read=read,
        cache_write_5m=minutes,
        cache_write_1h=hour,
        output_total=_count(raw, "output_tokens"),
        conflict=f"{hour + minutes:,} tokens written to the cache, and {created:,}"
        if hour + minutes != created
        else "",
    )


def _total_conflict(total: int, asked: int, answered: int) -> str:
    return f"{total:,} tokens in all, and {asked:,} + {answered:,}" if 0 < total < asked + answered else ""


def _inner(raw: Raw, name: str) -> Raw:
    found = raw.get(name)
    # The ABC alone takes ten times as long to say yes to a dict.
    return found if isinstance(found, (dict, Mapping)) else {}


def _count(raw: Raw, name: str) -> int:
    """0 for what is left out; what is no whole number becomes -1, which no price is given for."""
    found = raw.get(name)
    if found is None:
        return 0
    return found if isinstance(found, int) and not isinstance(found, bool) else -1
