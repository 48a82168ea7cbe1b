"""What the pinned catalogue knows of a model besides its price."""

from typing import Any

from appliance.gateway.types import Account

_PROVIDERS = {"anthropic": "anthropic", "openai": "openai"}


def context(account: Account, model: str) -> int | None:
    """The tokens it reads at most, question and answer together; None when the catalogue does not say."""
    from genai_prices import data_snapshot  # noqa: PLC0415  its data takes 0.2 s to import, which no start should wait for

    snapshot = data_snapshot.get_snapshot()
    found = _found(snapshot, model, provider_id=_PROVIDERS.get(account.kind), provider_api_url=account.base_url or None)
    found = found or _found(snapshot, model, provider_id=None, provider_api_url=None)
    size = getattr(found, "context_window", None)
    return int(size) if size else None


def _found(snapshot: Any, model: str, **by: str | None) -> Any:
    try:
        return snapshot.find_provider_model(model, None, by["provider_id"], by["provider_api_url"])[1]
    except LookupError:
        return None
