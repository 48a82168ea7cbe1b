"""The filter of the list of calls: its names in the address, and what can be chosen."""

from typing import Any
from urllib.parse import urlencode

from appliance.db.database import Database
from appliance.domain import providers
from appliance.domain.ledger import CallFilter
from appliance.web import cost_figures

SURFACES = [
    ("agent", "Our own agents"),
    ("messages", "Messages"),
    ("chat", "Chat completions"),
    ("responses", "Responses"),
    ("embeddings", "Embeddings"),
]
STATES = [("ok", "Answered"), ("failed", "Failed"), ("lost", "Lost"), ("open", "In flight")]


def context(db: Database, chosen: dict[str, str]) -> dict[str, Any]:
    """What the page needs; `query` keeps the choice in a link to the next page."""
    accounts = [(one.id, one.name) for one in providers.all(db)]
    return cost_figures.choices(db) | {
        "chosen": chosen,
        "narrowed": any(chosen.values()),
        "query": urlencode({name: value for name, value in chosen.items() if value}),
        "accounts": accounts,
        "surfaces": SURFACES,
        "states": STATES,
    }


def meant(chosen: dict[str, str]) -> CallFilter:
    return CallFilter(
        agent_id=chosen["agent"],
        model=chosen["model"],
        key_id=chosen["key"],
        session_id=chosen["session"],
        surface=chosen["surface"],
        provider_id=chosen["provider"],
        state=chosen["state"],
    )
