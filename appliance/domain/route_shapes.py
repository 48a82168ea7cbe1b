"""What routing is asked, and what it answers."""

from typing import Any, Protocol

import msgspec

from appliance.domain.model_facts import Facts
from appliance.domain.providers import Provider

# What an account of each kind speaks, the usual one first.
SPEAKS: dict[str, tuple[str, ...]] = {
    "anthropic": ("messages",),
    "anthropic-compatible": ("messages",),
    "openai": ("chat", "responses", "embeddings"),
    "openai-compatible": ("chat", "embeddings"),
    "ollama": ("chat", "embeddings"),
    "simulated": ("chat", "messages", "responses"),
}


class Want(msgspec.Struct, frozen=True):
    """A request to find a target for. `model` is the name of a route, of a model, or account/model.

    `needs` are the capabilities it takes (tools, vision, schema), `surface` the protocol it came in, `output_tokens`
    the most it asks for (0: not named), `task_kind` the kind of work it belongs to, where that is known.
    """

    model: str
    needs: frozenset[str] = frozenset()
    session_id: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    surface: str = "agent"
    task_kind: str = ""


class Candidate(msgspec.Struct, frozen=True):
    """A model of an account, and the `protocol` to speak to it.

    `nano_estimate` is what the request may cost there, None without a price; `unknown` what it needs and nobody knows
    of this model; `resting`: it failed several times in a row, so it is tried last.
    """

    provider: Provider
    model: str
    protocol: str
    nano_estimate: int | None = None
    weight: int = 1
    unknown: tuple[str, ...] = ()
    resting: bool = False

    @property
    def name(self) -> str:
        return f"{self.provider.name}/{self.model}"


class Plan(msgspec.Struct, frozen=True):
    """Where a request may go, in the order to try. `best` is the cheapest target that is fit and does not rest.

    `alias` is the route's name, "" for a plain model. `decision` says in plain values who was looked at and why.
    """

    targets: tuple[Candidate, ...]
    alias: str
    strategy: str
    decision: dict[str, Any]
    best: Candidate | None = None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def first(self) -> Candidate:
        return self.targets[0]


class Knowledge(Protocol):
    """What only the price list knows of models."""

    def estimate(self, provider: Provider, model: str, input_tokens: int, output_tokens: int) -> int | None:
        """Nano-dollars; None without a price."""

    def facts(self, provider: Provider, model: str) -> Facts: ...


class Nothing:
    """For who has no price list at hand: accounts and health decide."""

    def estimate(self, provider: Provider, model: str, input_tokens: int, output_tokens: int) -> int | None:
        return None

    def facts(self, provider: Provider, model: str) -> Facts:
        return Facts()


NOTHING = Nothing()


def protocol(kind: str, surface: str) -> str:
    """The one of the surface where the account speaks it, so that nothing has to be translated."""
    spoken = SPEAKS[kind]
    return surface if surface in spoken else spoken[0]
