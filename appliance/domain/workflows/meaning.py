"""What a workflow's form can't say by itself: names that exist, no circles, joins that can be met, expressions."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from appliance.domain import check_forms, schema
from appliance.domain.workflows import (
    building,
    command_lines,
    expression_parts,
    expressions,
    graph_order,
    published,
    schema_forms,
)
from appliance.domain.workflows.expressions import Known
from appliance.domain.workflows.graph_order import Both
from appliance.domain.workflows.nearest import meant
from appliance.domain.workflows.places import Found, Place
from appliance.errors import Problem

Data = dict[str, Any]
DEEPEST = 8
MOST_STEPS = 2_000
MOST_INPUTS = 200
# Pages and API have addresses of their own beside those of the workflows.
RESERVED = ("new", "check", "schema", "validate", "templates")
# Where expressions are worked out, by kind of step; anywhere else a `${{` is a fault.
RENDERED: dict[str, tuple[str, ...]] = {
    "agent": ("title", "body", "checks"),
    "approval": ("title", "approval", "detail", "options"),
    "wait": ("title", "wait"),
    "http": ("title", "http"),
    "command": ("title", "command"),
    "map": ("title", "map"),
    "when": ("title", "when"),
    "workflow": ("title", "with"),
}
# Of these only some parts.
INSIDE = {"wait": ("until",), "http": ("url", "headers", "body"), "options": ("label", "detail")}
BLOCKS = {"map": ("do",), "when": ("then", "otherwise")}

# What of a step is judged elsewhere than by _stray.
_INNER = {"compensate", *(name for names in BLOCKS.values() for name in names)}
_JUDGED = {kind: _INNER | {*keys} | ({"output"} if kind == "map" else set()) for kind, keys in RENDERED.items()}


class _Around(NamedTuple):
    """What a block stands in."""

    known: Known
    depth: int = 1


def faults(data: Data) -> Iterator[Found]:
    """Of a document whose form is right."""
    if data.get("slug") in RESERVED:
        yield ("slug",), f"take another slug: {', '.join(RESERVED)} are addresses of their own"
    inputs = building.inputs(data.get("inputs", {}))
    yield from _inputs(data.get("inputs", {}), inputs)
    if "output_schema" in data:
        yield from _schema(data["output_schema"], ("output_schema",))
    yield from _agents(data.get("agents", []))
    named = inputs.get("properties")
    known = Known(inputs=frozenset(named if isinstance(named, dict) else ()))
    if _count(data["steps"]) > MOST_STEPS:
        yield ("steps",), f"there are more than {MOST_STEPS:,} steps; let a workflow step carry out a part of them"
    yield from _block(data["steps"], ("steps",), _Around(known))
    ids = frozenset(step["id"] for step in data["steps"])
    yield from _expressions(data.get("output"), ("output",), known._replace(steps=ids))
    yield from _stray(data, ("slug", "name", "description", "agents"), ())


def _inputs(given: Data, made: Data) -> Iterator[Found]:
    whole = building.is_schema(given)
    odd = [] if whole else [name for name, part in given.items() if not isinstance(part, str | dict)]
    if odd:
        yield ("inputs", odd[0]), "write its type, such as string, or a JSON Schema"
    elif isinstance(made.get("properties"), dict) and len(made["properties"]) > MOST_INPUTS:
        yield ("inputs",), f"at most {MOST_INPUTS} inputs; let one of them be an object"
    elif fault := schema_forms.broken(made):
        yield ("inputs",), f"this is no JSON Schema: {fault}"
    else:
        yield from _defaults(made.get("properties", {}), ("inputs", "properties") if whole else ("inputs",))


def _defaults(properties: Data, place: Place) -> Iterator[Found]:
    for name, part in properties.items():
        if isinstance(part, dict) and "default" in part and (fault := schema.fault(part["default"], part)):
            yield (*place, name, "default"), f"the default does not fit: {fault}"


def _agents(agents: list[Data]) -> Iterator[Found]:
    seen: set[str] = set()
    for n, agent in enumerate(agents):
        if agent["slug"] in seen:
            yield ("agents", n, "slug"), f"'{agent['slug']}' is brought twice; keep one"
        seen.add(agent["slug"])
        if unknown := [tool for tool in agent.get("tools", []) if tool not in building.TOOLS]:
            yield ("agents", n, "tools"), f"there is no tool '{unknown[0]}'{meant(unknown[0], building.TOOLS)}"


def _count(block: list[Data]) -> int:
    inner = (step[name] for step in block for names in BLOCKS.values() for name in names if name in step)
    return len(block) + sum(map(_count, inner))


def _block(block: list[Data], place: Place, around: _Around) -> Iterator[Found]:
    if around.depth > DEEPEST:
        yield place, f"steps are nested deeper than {DEEPEST} levels; let a workflow step carry out this part"
        return
    needs = building.needs_of(block)
    order = graph_order.of([step["id"] for step in block], needs)
    ids, outer = frozenset(order.ids), around.known
    later = Both(ids, outer.later)
    yield from ((place + at, message) for at, message in order.faults)
    for n, step in enumerate(block):
        ahead = Both(order.ahead[n], outer.steps, hidden=ids)
        known = outer._replace(steps=ahead, later=later, own=outer.own | {step["id"]})
        yield from _step(step, (*place, n), known, around.depth, len(needs[n]))


def _step(step: Data, place: Place, known: Known, depth: int, needs: int) -> Iterator[Found]:
    kind = building.kind_of(step)
    yield from _joins(step, kind, place, needs)
    yield from _work(step, kind, place, known)
    for name in BLOCKS.get(kind, ()):
        inner = known._replace(item=True) if kind == "map" else known
        if name in step:
            yield from _block(step[name], (*place, name), _Around(inner, depth + 1))
    if kind == "map" and "output" in step:
        inside = frozenset(inner["id"] for inner in step["do"])
        yield from _expressions(
            step["output"], (*place, "output"), known._replace(item=True, steps=Both(inside, known.steps))
        )
    if "compensate" in step:
        undo = step["compensate"]
        own = known._replace(steps=Both({step["id"]}, known.steps))
        yield from _work(undo, building.kind_of(undo), (*place, "compensate"), own)


def _joins(step: Data, kind: str, place: Place, needs: int) -> Iterator[Found]:
    key = "join_needs" if kind == "map" else "join"
    least = step.get(key)
    if isinstance(least, int) and least > needs:
        yield (*place, key), f"this waits for {least} of {needs} steps; write at most {needs}, or name more in needs"
    elif least == "any" and not needs:
        yield (*place, key), "this needs no step, so any of them never ends; leave join out"
    items, enough = step.get("map"), step.get("join")
    if isinstance(items, list) and isinstance(enough, int) and enough > len(items):
        yield (*place, "join"), f"there are only {len(items)} items"


def _work(step: Data, kind: str, place: Place, known: Known) -> Iterator[Found]:
    """What a step says of itself, without the steps inside it."""
    yield from _schemas(step, kind, place)
    for n, one in enumerate(step.get("checks", [])):
        if fault := _check(one):
            yield (*place, "checks", n), fault
    for key in RENDERED[kind]:
        if key in step:
            yield from _rendered(step[key], key, (*place, key), known)
    if kind == "command" and (fault := command_lines.fault(step["command"])):
        yield (*place, "command"), fault
    if kind == "when" and isinstance(step["when"], str) and not expressions.single(step["when"]):
        yield (*place, "when"), f"write one expression, such as ${{{{ {step['when'][:60] or 'inputs.amount > 100'} }}}}"
    if kind == "map" and isinstance(step["map"], str) and not expressions.single(step["map"]):
        yield (
            (*place, "map"),
            "write one expression that gives a list, such as ${{ steps.list.output.data }}, or a list",
        )
    yield from _stray(step, tuple(sorted(step.keys() - _JUDGED[kind])), place)


def _rendered(value: Any, key: str, place: Place, known: Known) -> Iterator[Found]:
    parts = INSIDE.get(key)
    if isinstance(value, list) and parts:
        for n, item in enumerate(value):
            yield from _rendered(item, key, (*place, n), known)
    elif isinstance(value, dict) and parts:
        for name in parts:
            yield from _expressions(value.get(name), (*place, name), known)
        yield from _stray(value, tuple(set(value) - set(parts)), place)
    else:
        yield from _expressions(value, place, known)


def _expressions(value: Any, place: Place, known: Known) -> Iterator[Found]:
    if isinstance(value, str):
        if expression_parts.OPENING in value and (fault := expressions.check(value, known)):
            yield place, fault
        return
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _expressions(part, (*place, key), known)


def _stray(data: Data, keys: tuple[str, ...], place: Place) -> Iterator[Found]:
    for key in keys:
        if (at := _opening(data.get(key))) is not None:
            yield (*place, key, *at), "no expression is worked out here; write the value itself"


def _opening(value: Any) -> Place | None:
    """Where in it an expression starts."""
    if isinstance(value, str):
        return () if "${{" in value else None
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next(((key, *at) for key, part in parts if (at := _opening(part)) is not None), None)


def _check(data: Data) -> str:
    made = building.check(data)
    if _opening(made.spec) is not None:
        missing = [name for name in check_forms.NEEDED[made.kind] if not made.spec.get(name)]
        return f"a {made.kind} check needs '{missing[0]}'" if missing else ""
    try:
        check_forms.validate(1, made)
    except Problem as problem:
        return next(iter(problem.errors.values()))
    return ""


def _schemas(step: Data, kind: str, place: Place) -> Iterator[Found]:
    for key in ("output", "wait"):
        if key == "output" and kind != "agent":
            continue
        if isinstance(step.get(key), dict) and "schema" in step[key]:
            yield from _schema(step[key]["schema"], (*place, key, "schema"))


def _schema(given: Any, place: Place) -> Iterator[Found]:
    if fault := schema_forms.broken(given):
        yield place, f"this is no JSON Schema: {fault}"


assert set(RENDERED) == set(published.KINDS)
