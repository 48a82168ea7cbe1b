"""The form of a route and the sample request it can be tried with: text as the API's JSON, and back."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import routes
from appliance.domain.model_facts import NEEDS
from appliance.domain.route_forms import MOST_TARGETS, STRATEGIES
from appliance.domain.route_shapes import Knowledge
from appliance.domain.routes import Route, Want
from appliance.errors import Problem, invalid

SPARE_ROWS = 3
WORDS = {
    "fixed": ("In this order", "The first that is well; the next ones when it fails."),
    "weighted": ("By weight", "Each gets its share of the calls."),
    "least_busy": ("Least busy", "The account with the fewest calls under way for its weight."),
    "lowest_latency": ("Fastest", "The lowest median time to the first byte over the last hour."),
    "cheapest": ("Cheapest that is fit", "The lowest price of those that can do what the request needs."),
}
CHOICES = [(name, *WORDS[name]) for name in STRATEGIES]


class Sample(msgspec.Struct, frozen=True):
    """A request that nobody sends: to see where it would go."""

    input_tokens: int = 2000
    output_tokens: int = 1000
    tools: bool = False
    vision: bool = False
    schema: bool = False
    task_kind: str = ""

    def want(self, model: str) -> Want:
        needs = frozenset(need for need in NEEDS if getattr(self, need))
        kind = self.task_kind.strip()
        return Want(model, needs, "", max(0, self.input_tokens), max(0, self.output_tokens), task_kind=kind)


class Tested(msgspec.Struct, frozen=True):
    """Where a sample would go, and what was looked at; `targets` in the order to try."""

    route: str
    strategy: str
    why: str
    targets: list[str]
    candidates: list[dict[str, Any]]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`model` is the name of a route, of a model, or account/model."""

    model: str
    needs: list[str] = []
    input_tokens: int = 2000
    output_tokens: int = 1000
    task_kind: str = ""

    def want(self) -> Want:
        if set(self.needs) - set(NEEDS):
            raise invalid(needs=f"use {', '.join(NEEDS)}")
        needs = frozenset(self.needs)
        return Want(self.model, needs, "", self.input_tokens, self.output_tokens, task_kind=self.task_kind)


def tested(db: Database, want: Want, knows: Knowledge) -> Tested:
    """Raises Problem(conflict): a plan that can't be made is no failure of a provider, as nobody was asked."""
    try:
        plan = routes.look(db, want, knows)
    except Problem as problem:
        raise Problem("conflict", problem.detail) if problem.code == "provider_failed" else problem from problem
    decision = plan.decision
    names = [one.name for one in plan.targets]
    return Tested(plan.alias, plan.strategy, decision["why"], names, decision["candidates"])


def decoded(fields: dict[str, str]) -> dict[str, Any]:
    """`target:0` is account/model, beside `weight:0` and `kinds:0`; rows without a target are left out."""
    targets = []
    for n in range(MOST_TARGETS):
        account, _, model = fields.get(f"target:{n}", "").strip().partition("/")
        if account or model:
            kinds = [kind.strip() for kind in fields.get(f"kinds:{n}", "").split(",") if kind.strip()]
            weight = fields.get(f"weight:{n}", "").strip() or "1"
            targets.append({"account": account, "model": model, "weight": weight, "task_kinds": kinds})
    plain = {name: text for name, text in fields.items() if name in ("name", "strategy")}
    return plain | {"targets": targets, "sticky": "sticky" in fields}


def rows(route: Route | None, given: dict[str, str]) -> list[dict[str, str]]:
    """The rows to show: what was typed, or what is stored, and some to fill in."""
    found = _typed(given) if given else _stored(route) if route else []
    spare = min(SPARE_ROWS, MOST_TARGETS - len(found))
    return found + [{"target": "", "weight": "", "kinds": ""}] * spare


def _typed(given: dict[str, str]) -> list[dict[str, str]]:
    names = ("target", "weight", "kinds")
    found = [{name: given.get(f"{name}:{n}", "") for name in names} for n in range(MOST_TARGETS)]
    return [row for row in found if any(row.values())]


def _stored(route: Route) -> list[dict[str, str]]:
    return [
        {"target": f"{t.provider_name}/{t.model}", "weight": str(t.weight), "kinds": ", ".join(t.task_kinds)}
        for t in route.targets
    ]
