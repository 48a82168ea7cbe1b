"""Tokens of an answer, between the canonical record and what each protocol writes.

Messages adds its three input fields up; chat and Responses count the cached tokens inside the input.
"""

from typing import Any

from msgspec import Struct

from appliance.gateway.types import Usage


class Creation(Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class Thinking(Struct):
    thinking_tokens: int | None = None


class MessagesUsage(Struct):
    """Cumulative: a later one replaces what it names of an earlier one."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: Creation | None = None
    output_tokens_details: Thinking | None = None
    service_tier: str | None = None

    def later(self, newer: "MessagesUsage | None") -> "MessagesUsage":
        names = self.__struct_fields__
        picked = [getattr(self if newer is None or getattr(newer, n) is None else newer, n) for n in names]
        return MessagesUsage(*picked)

    def canonical(self) -> Usage | None:
        if self.input_tokens is None and self.output_tokens is None:
            return None
        read, created = self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0
        hour = min((self.cache_creation or Creation()).ephemeral_1h_input_tokens or 0, created)
        output = self.output_tokens or 0
        return Usage(
            input_total=(self.input_tokens or 0) + read + created,
            cache_read=read,
            cache_write_5m=created - hour,
            cache_write_1h=hour,
            output_total=output,
            reasoning=min((self.output_tokens_details or Thinking()).thinking_tokens or 0, output),
        )


class _Details(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class OpenAIUsage(Struct):
    """Both OpenAI protocols: the one names prompt and completion what the other names input and output."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None
    prompt_cache_hit_tokens: int | None = None

    def canonical(self) -> Usage | None:
        given = self.prompt_tokens if self.prompt_tokens is not None else self.input_tokens
        if given is None:
            return None
        details = self.prompt_tokens_details or self.input_tokens_details or _Details()
        spent = self.completion_tokens_details or self.output_tokens_details or _Details()
        read = min(details.cached_tokens or self.prompt_cache_hit_tokens or 0, given)
        # Some servers leave reasoning out of completion_tokens and show it only in the total.
        output = max(self.completion_tokens or self.output_tokens or 0, (self.total_tokens or 0) - given)
        return Usage(
            input_total=given,
            cache_read=read,
            cache_write_5m=min(details.cache_write_tokens or 0, given - read),
            output_total=output,
            reasoning=min(spent.reasoning_tokens or 0, output),
        )


def as_messages(usage: Usage | None) -> dict[str, Any]:
    """Zeros where nothing was reported: its clients can't do without."""
    told = usage or Usage()
    created = told.cache_write_5m + told.cache_write_1h
    return {
        "input_tokens": told.input_total - told.cache_read - created,
        "cache_creation_input_tokens": created,
        "cache_read_input_tokens": told.cache_read,
        "output_tokens": told.output_total,
    }


def as_chat(usage: Usage | None) -> dict[str, Any] | None:
    return _openai(usage, "prompt", "completion")


def as_responses(usage: Usage | None) -> dict[str, Any] | None:
    return _openai(usage, "input", "output")


def _openai(usage: Usage | None, given: str, spent: str) -> dict[str, Any] | None:
    if usage is None:
        return None
    written = usage.cache_write_5m + usage.cache_write_1h
    return {
        f"{given}_tokens": usage.input_total,
        f"{given}_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": written},
        f"{spent}_tokens": usage.output_total,
        f"{spent}_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input_total + usage.output_total,
    }
