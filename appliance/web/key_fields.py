"""The fields of the forms of keys, and the API's JSON from them."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import agents, providers, scopes
from appliance.domain.key_forms import LIMITS, ApiKey
from appliance.web.budget_fields import meant
from appliance.web.money import usd

TEXTS = ("name", "expires", "budget_usd", "agent", "project", *LIMITS)


def decoded(fields: dict[str, str]) -> dict[str, Any]:
    """The form of a new key as the API's JSON."""
    given: dict[str, Any] = {n: v for name, v in fields.items() if (n := name) in ("role", *TEXTS) and v.strip()}
    return given | {"models": _names(fields), "gateway_only": fields.get("gateway_only") == "true"}


def changed(fields: dict[str, str]) -> dict[str, Any]:
    """The form of an existing key, which holds all of it: an empty field takes something away."""
    given: dict[str, Any] = {name: fields.get(name, "").strip() or None for name in TEXTS}
    given |= {"models": _names(fields), "gateway_only": fields.get("gateway_only") == "true"}
    given["name"] = fields.get("name", "")
    return given | {"confirm": meant(fields, "budget_usd")}


def of(key: ApiKey) -> dict[str, str]:
    """What the form of a key shows."""
    plain = {name: value for name, value in msgspec.to_builtins(key).items() if name in TEXTS and value is not None}
    ends = {"expires": (key.expires_at or "")[:19], "agent": key.agent_id or "", "models": ", ".join(key.models)}
    ends["gateway_only"] = "true" if key.gateway_only else ""
    return {name: str(value) for name, value in plain.items()} | ends | {"budget_usd": usd(key.budget_nano) or ""}


def choices(db: Database) -> dict[str, Any]:
    """What a key can be narrowed to."""
    return {
        "agents": [(agent.id, agent.name) for agent in agents.all(db)],
        "projects": [(name, name) for name in scopes.projects(db)],
        "models": sorted({model for provider in providers.all(db) for model in provider.models}),
    }


def _names(fields: dict[str, str]) -> list[str]:
    return fields.get("models", "").replace(",", " ").split()
