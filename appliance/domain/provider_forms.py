"""What people may say about a provider account."""

import msgspec

KINDS = ("openai-compatible", "openai", "anthropic", "anthropic-compatible", "ollama", "simulated")


class ModelPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for a million tokens."""

    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cache_read_usd_per_mtok: float | None = None


class NewProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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
