"""The fields of the budget forms, and the API's JSON from them."""

from typing import Annotated, Any

from litestar.enums import RequestEncodingType
from litestar.params import Body

from appliance.db.database import Database
from appliance.domain import agents, budgets, providers, scopes
from appliance.domain.key_forms import ApiKey
from appliance.web.frame import Frame

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
EMPTY = {"scope": "tenant", "which": "", "span": "month", "limit_usd": "", "action": "pause", "downgrade_to": ""}
EMPTY |= {"strict": ""}
SPANS = [
    ("month", "A calendar month"),
    ("week", "A week, from Monday"),
    ("day", "A day"),
    ("hour", "An hour"),
    ("5h", "Any 5 hours"),
    ("24h", "Any 24 hours"),
    ("7d", "Any 7 days"),
    ("30d", "Any 30 days"),
    ("lifetime", "Its whole life"),
]
ACTIONS = [
    ("pause", "Refuse, and ask a person"),
    ("block", "Refuse, and ask nobody"),
    ("downgrade", "From 80 % on a cheaper model, then refuse"),
]
# A scope whose things are not listed is named in a field of its own.
NAMED = {"task": "One task and everything below it", "run": "One run", "session": "One session of a tool"}


def choices(frame: Frame, db: Database, keys: list[ApiKey]) -> list[tuple[str, str]]:
    found = providers.all(db)
    accounts = [(f"provider:{one.id}", f"Account {one.name}") for one in found]
    models = [(f"model:{name}", f"Model {name}") for name in sorted({name for one in found for name in one.models})]
    theirs = [(f"key:{key.id}", f"Key {key.name}") for key in keys if key.revoked_at is None]
    team = [(f"agent:{agent.slug}", f"Agent {agent.name}") for agent in agents.all(db)]
    work = [(f"project:{name}", f"Project {name}") for name in scopes.projects(db)]
    everything = ("tenant", f"{frame.tenant.name}, everything")
    return [everything, *accounts, *models, *theirs, *team, *work, *NAMED.items()]


def decoded(fields: dict[str, str]) -> dict[str, Any]:
    """The form of a new limit as the API's JSON; a scope is chosen as `kind:id`, some have their own field."""
    kind, _, chosen = fields.get("scope", "").partition(":")
    which = fields.get("which", "") if kind in NAMED else ""
    said = ("span", "limit_usd", "action", "downgrade_to")
    given: dict[str, Any] = {name: fields[name] for name in said if name in fields}
    given |= {"strict": fields.get("strict") == "true", "confirm": meant(fields, "limit_usd")}
    return given | {"scope": kind, "scope_id": chosen or which}


def changed(fields: dict[str, str]) -> dict[str, Any]:
    """The form of one limit as the API's JSON."""
    given: dict[str, Any] = {n: fields[n] for n in ("limit_usd", "action", "downgrade_to") if n in fields}
    if "action" in fields:
        given["strict"] = fields.get("strict") == "true"
    return {"limit_usd": ""} | given | {"confirm": meant(fields, "limit_usd")}


def meant(fields: dict[str, str], amount: str) -> bool:
    """The amount was typed a second time."""
    again = fields.get("confirm", "").strip()
    return bool(again) and budgets.nano(again, "confirm") == budgets.nano(fields.get(amount, ""), amount)
