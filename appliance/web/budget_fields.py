"""The fields of the budget forms, and the API's JSON from them."""

from typing import Annotated, Any

from litestar.enums import RequestEncodingType
from litestar.params import Body

from appliance.db.database import Database
from appliance.domain import agents, budgets, providers, scopes
from appliance.web.frame import Frame

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
EMPTY = {"scope": "tenant", "which": "", "span": "month", "limit_usd": ""}


def choices(frame: Frame, db: Database) -> list[tuple[str, str]]:
    accounts = [(f"provider:{one.id}", f"Account {one.name}") for one in providers.all(db)]
    team = [(f"agent:{agent.slug}", f"Agent {agent.name}") for agent in agents.all(db)]
    work = [(f"project:{name}", f"Project {name}") for name in scopes.projects(db)]
    named = [("task", "One task and everything below it"), ("run", "One run")]
    return [("tenant", f"{frame.tenant.name}, everything"), *accounts, *team, *work, *named]


def decoded(fields: dict[str, str]) -> dict[str, Any]:
    """The form of a new limit as the API's JSON; a scope is chosen as `kind:id`, a task or run has its own field."""
    kind, _, chosen = fields.get("scope", "").partition(":")
    which = fields.get("which", "") if kind in ("task", "run") else ""
    plain = {name: fields.get(name, "") for name in ("span", "limit_usd")}
    return plain | {"scope": kind, "scope_id": chosen or which, "confirm": meant(fields, "limit_usd")}


def meant(fields: dict[str, str], amount: str) -> bool:
    """The amount was typed a second time."""
    again = fields.get("confirm", "").strip()
    return bool(again) and budgets.nano(again, "confirm") == budgets.nano(fields.get(amount, ""), amount)
