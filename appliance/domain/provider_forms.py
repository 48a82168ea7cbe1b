"""What people may say about a provider account."""

import msgspec

from appliance.domain.model_facts import Facts

KINDS = ("openai-compatible", "openai", "anthropic", "anthropic-compatible", "ollama", "simulated")


class ModelPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for a million tokens."""

    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cache_read_usd_per_mtok: float | None = None


class NewProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`private` left out is as typed: 127.0.0.1 says by itself that it is not public, a name does not.

    `facts` are what a model can do, by its name, where no list says it.
    """

    name: str
    kind: str
    base_url: str = ""
    secret: str = ""
    models: list[str] = []
    prices: dict[str, ModelPrice] = {}
    billing: str = ""
    pace: str = "instant"
    seed: int = 0
    max_concurrency: int | None = None
    private: bool | None = None
    weight: int = 1
    only_listed: bool = False
    stream_options: bool = True
    facts: dict[str, Facts] = {}


class ProviderChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields left out stay as they are; an empty secret keeps the old one."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    base_url: str | msgspec.UnsetType = msgspec.UNSET
    secret: str = ""
    models: list[str] | msgspec.UnsetType = msgspec.UNSET
    prices: dict[str, ModelPrice] | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET
    pace: str | msgspec.UnsetType = msgspec.UNSET
    max_concurrency: int | None | msgspec.UnsetType = msgspec.UNSET
    private: bool | msgspec.UnsetType = msgspec.UNSET
    weight: int | msgspec.UnsetType = msgspec.UNSET
    only_listed: bool | msgspec.UnsetType = msgspec.UNSET
    stream_options: bool | msgspec.UnsetType = msgspec.UNSET
    facts: dict[str, Facts] | msgspec.UnsetType = msgspec.UNSET
    billing: str | msgspec.UnsetType = msgspec.UNSET
