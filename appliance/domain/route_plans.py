"""Which targets may serve a request, in the order to try them, and why."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import model_facts, route_book, route_decisions, route_health, route_order
from appliance.domain.providers import Provider
from appliance.domain.route_book import Book
from appliance.domain.route_rows import Route, Target
from appliance.domain.route_shapes import NOTHING, SPEAKS, Candidate, Knowledge, Plan, Want, protocol
from appliance.errors import Problem

# Each candidate as the decision shows it: the name, and what speaks against it.
Seen = list[dict[str, Any]]
WHY = {
    "fixed": "the first in order that does not rest",
    "weighted": "drawn by weight",
    "least_busy": "the fewest calls under way",
    "lowest_latency": "the fastest in the last hour, or not measured in it",
    "cheapest": "the lowest price of what is fit for it",
}


def plan(db: Database, want: Want, knows: Knowledge = NOTHING, book: Book | None = None) -> Plan:
    """Raises Problem(provider_failed) that says what to do when nothing can serve it.

    May take the one probe of a target whose rest is over: the call has to be made, or another may probe in a minute.
    Who plans many at once reads the `book` once for all of them.
    """
    return _plan(db, want, knows, book or route_book.read(db), probing=True)


def look(db: Database, want: Want, knows: Knowledge = NOTHING) -> Plan:
    """The plan that would be made now, for a page or a queue: nothing is taken."""
    return _plan(db, want, knows, route_book.read(db), probing=False)


def _plan(db: Database, want: Want, knows: Knowledge, book: Book, probing: bool) -> Plan:
    route = book.routes.get(want.model)
    found, seen = _of_route(book, route, want, knows) if route else _of_model(book, want, knows)
    strategy = route.strategy if route else "fixed"
    order, why = route_order.ordered(db, strategy, found), WHY[strategy]
    kept = _of_session(db, route, want, order) if route else None
    if kept:
        order, why = [kept, *(one for one in order if one is not kept)], "this session began there"
    order, why = _steered(db, book, order, why, probing, strategy)
    healthy = [one for one in order if not one.resting]
    best = route_order.cheapest_first(healthy)[0] if healthy else None
    decision = {"asked": want.model, "strategy": strategy, "why": why, "candidates": seen} | _asked(want)
    return Plan(tuple(order), route.name if route else "", strategy, decision, best)


def _of_model(book: Book, want: Want, knows: Knowledge) -> tuple[list[Candidate], Seen]:
    """The accounts that serve a plain name, and the account itself of `account/model`."""
    model = want.model
    named = [
        (p, model[len(p.name) + 1 :]) for p in book.accounts.values() if "/" in model and model.startswith(p.name + "/")
    ]
    serving = [(p, name) for p, name in named if not p.only_listed or name in p.models]
    serving += [(p, model) for p in book.serving.get(model, ())]
    if not serving:
        raise Problem(
            "provider_failed", f"No provider account serves the model '{model}'. Add one, or name another model."
        )
    found, seen = [], []
    for provider, name in serving:
        against = _closed(provider)
        one = _candidate(book, provider, name, want, knows)
        seen.append(_shown(one, against))
        if not against:
            found.append(one)
    if not found:
        first = serving[0][0]
        raise Problem("provider_failed", f"The account {first.name} serves '{model}' but {_closed(first)}")
    return found, seen


def _of_route(book: Book, route: Route, want: Want, knows: Knowledge) -> tuple[list[Candidate], Seen]:
    found, seen = [], []
    for target in route.targets:
        provider = book.accounts.get(target.provider_id)
        if provider is None:
            continue
        facts = model_facts.over(provider.facts.get(target.model), knows.facts(provider, target.model))
        lacks, unknown = model_facts.judged(facts, want)
        one = _candidate(book, provider, target.model, want, knows, target.weight * provider.weight, unknown)
        against = _closed(provider) or _not_for(target, provider, want) or lacks or _unpriced(one, knows)
        seen.append(_shown(one, against))
        if not against:
            found.append(one)
    if not found:
        said = "; ".join(f"{one['target']} {one['against']}" for one in seen) or "it has no target"
        raise Problem("provider_failed", f"The route {route.name} has nowhere to send this: {said.rstrip('.')}.")
    return found, seen


def _closed(provider: Provider) -> str:
    if provider.paused:
        return "is paused. Resume it."
    return f"is out: {provider.out_reason} Bring it back on its page." if provider.out_at else ""


def _not_for(target: Target, provider: Provider, want: Want) -> str:
    if target.task_kinds and want.task_kind not in target.task_kinds:
        return f"is only for {', '.join(target.task_kinds)}"
    if provider.only_listed and target.model not in provider.models:
        return "is not among the models of its account"
    if want.surface == "embeddings" and "embeddings" not in SPEAKS[provider.kind]:
        return "makes no embeddings"
    return ""


def _unpriced(one: Candidate, knows: Knowledge) -> str:
    return "has no price" if knows is not NOTHING and one.nano_estimate is None else ""


def _candidate(
    book: Book,
    provider: Provider,
    model: str,
    want: Want,
    knows: Knowledge,
    weight: int = 1,
    unknown: tuple[str, ...] = (),
) -> Candidate:
    return Candidate(
        provider,
        model,
        protocol(provider.kind, want.surface),
        knows.estimate(provider, model, want.input_tokens, want.output_tokens),
        weight,
        unknown,
        route_health.rests(book.health.get((provider.id, model))),
    )


def _of_session(db: Database, route: Route, want: Want, order: list[Candidate]) -> Candidate | None:
    """The target the session is with, so that its prompt cache is of use. A fixed order is kept whatever was."""
    if not (route.sticky and want.session_id and route.strategy != "fixed" and len(order) > 1):
        return None
    last = route_decisions.of_session(db, want.session_id, want.model)
    return next((one for one in order if (one.provider.id, one.model) == last and not one.resting), None)


def _steered(
    db: Database, book: Book, order: list[Candidate], why: str, probing: bool, strategy: str
) -> tuple[list[Candidate], str]:
    """What rests goes last, but for the one call that tries it again when its turn comes."""
    if len(order) == 1 and not order[0].resting:
        return order, why
    head = None
    for one in order:
        if not one.resting:
            head = one
        elif probing and route_health.may_probe(db, book.health[one.provider.id, one.model]):
            head, why = msgspec.structs.replace(one, resting=False), "its rest is over, and this call tries it"
        if head:
            break
    if head is None:
        return order, "every target rests; they are tried in order all the same"
    rest = [one for one in order if (one.provider.id, one.model) != (head.provider.id, head.model)]
    alike = strategy != "fixed"
    return [head, *sorted(rest, key=lambda one: (one.resting, alike and one.protocol != head.protocol))], why


def _shown(one: Candidate, against: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"target": one.name, "provider_id": one.provider.id, "model": one.model}
    shown |= {"protocol": one.protocol, "nano_estimate": one.nano_estimate, "healthy": not one.resting}
    return shown | {"unknown": list(one.unknown), "against": against}


def _asked(want: Want) -> dict[str, Any]:
    return {
        "needs": sorted(want.needs),
        "session_id": want.session_id,
        "input_tokens": want.input_tokens,
        "output_tokens": want.output_tokens,
        "task_kind": want.task_kind,
    }
