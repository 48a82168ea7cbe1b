"""The fields of the form of an own price, and what is said by them."""

from typing import Any

from appliance.domain.price_forms import NewPrice
from appliance.errors import Problem
from appliance.web import respond

EMPTY = dict.fromkeys(
    (
        "model",
        "input",
        "output",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "web_searches",
        "starts",
        "ends",
        "note",
    ),
    "",
)
_PRICES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


def faults(problem: Problem) -> dict[str, str]:
    """By the names of the form's fields."""
    names = {"units_usd_per_1000": "web_searches"}
    plain = {name.partition("[")[0].rpartition(".")[2]: why for name, why in respond.faults(problem).items()}
    return {names.get(name, name.removesuffix("_usd_per_mtok")): why for name, why in plain.items()}


def read(fields: dict[str, str]) -> NewPrice:
    """Raises Problem(invalid) naming the field."""
    typed = {name: text.strip().removeprefix("$").replace(",", "") for name, text in fields.items()}
    amounts: dict[str, Any] = {f"{name}_usd_per_mtok": typed[name] for name in _PRICES if typed.get(name)}
    if typed.get("web_searches"):
        amounts["units_usd_per_1000"] = {"web_searches": typed["web_searches"]}
    plain: dict[str, Any] = {name: fields.get(name, "") for name in ("model", "starts", "ends", "note")}
    return respond.form(NewPrice, plain | {"prices": amounts, "confirm": fields.get("confirm") == "true"})
