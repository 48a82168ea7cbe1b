"""Expressions: `${{ inputs.amount > 100 }}`, worked out by simpleeval over plain data, never by Python itself.

Only texts, numbers, true, false, null, lists and objects exist; there is no way from them to anything of Python's.
Every expression ends: its length, its depth and the work it may do are bounded (expression_parts, expression_rules).
"""

import ast
import threading
from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

import simpleeval

from appliance.domain.workflows import expression_parts
from appliance.domain.workflows.expression_parts import CONSTANTS, OPENING, Expression, Name
from appliance.domain.workflows.expression_rules import BUDGET, TEXT_LIMIT, Missing, Rules, Wrong, kind, text_of, truth
from appliance.domain.workflows.nearest import meant
from appliance.errors import Problem

STEP_PARTS = ("output", "state")
_local = threading.local()


class Known(NamedTuple):
    """What exists where an expression stands. `later` are steps of its blocks that need not have ended before it.

    `own` are the step itself and those it stands in. `only` are the names where there is no workflow around it.
    """

    inputs: frozenset[str] = frozenset()
    steps: Set[str] = frozenset()
    later: Set[str] = frozenset()
    item: bool = False
    own: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()


def value(template: Any, names: Mapping[str, Any]) -> Any:
    """The template with every expression in it worked out, however deep it stands.

    A text that is one expression gives its typed value; in a longer text, values are put in as text: null as nothing,
    lists and objects as JSON. Raises Problem(expression).
    """
    if isinstance(template, str):
        return _text(template, names) if OPENING in template else template
    if isinstance(template, dict):
        return {key: value(part, names) for key, part in template.items()}
    if isinstance(template, list):
        return [value(part, names) for part in template]
    return template


def holds(condition: str, names: Mapping[str, Any]) -> bool:
    """Whether it is true. Raises Problem(expression), also for a value that is neither true nor false."""
    given = value(condition, names)
    if not isinstance(given, bool):
        raise _problem(condition, f"a condition must be true or false, not {kind(given)}")
    return given


def check(template: Any, known: Known) -> str:
    """What is wrong with the first expression at fault in it; "" when all can be worked out where this is `known`."""
    if isinstance(template, dict | list):
        parts = template.values() if isinstance(template, dict) else template
        return next((fault for part in parts if (fault := check(part, known))), "")
    if not isinstance(template, str) or OPENING not in template:
        return ""
    try:
        for part in expression_parts.split(template):
            if isinstance(part, Expression) and (fault := _unknown(part.names, known)):
                return f"{part.text[:200]}: {fault}"
    except Wrong as wrong:
        return str(wrong)
    return ""


def single(template: str) -> bool:
    """Whether the text is one expression and nothing else."""
    try:
        parts = list(expression_parts.split(template.strip()))
    except Wrong:
        return False
    return len(parts) == 1 and isinstance(parts[0], Expression)


def _text(template: str, names: Mapping[str, Any]) -> Any:
    try:
        parts = list(expression_parts.split(template))
    except Wrong as wrong:
        raise _problem(template, str(wrong)) from wrong
    inner = [part for part in parts if not isinstance(part, str) or part.strip()]
    if len(inner) == 1 and isinstance(inner[0], Expression):
        return _worked_out(inner[0], names)
    texts = [part if isinstance(part, str) else text_of(_worked_out(part, names)) for part in parts]
    if sum(map(len, texts)) > TEXT_LIMIT:
        raise _problem(template, f"the text would be longer than {TEXT_LIMIT:,} characters")
    return "".join(texts)


def _worked_out(expression: Expression, names: Mapping[str, Any]) -> Any:
    if not hasattr(_local, "evaluator"):
        _local.evaluator = _Evaluator()
    try:
        return _local.evaluator.work_out(expression, names)
    except Wrong as wrong:
        raise _problem(f"{OPENING} {expression.text} }}}}", str(wrong)) from wrong
    except (RecursionError, MemoryError) as error:
        raise _problem(f"{OPENING} {expression.text} }}}}", "the values are nested too deep") from error


def _problem(template: str, sentence: str) -> Problem:
    shown = template if len(template) <= 200 else template[:200] + "…"
    return Problem("expression", f"{shown}: {sentence}{'' if sentence.endswith('?') else '.'}")


def _unknown(names: tuple[Name, ...], known: Known) -> str:
    if known.only:
        strange = next((name[0][:100] for name in names if name[0] not in known.only), "")
        return strange and f"there is no '{strange}'; there is {' and '.join(sorted(known.only))}"
    short = (tuple(part[:100] for part in name) for name in names)
    return next((fault for name in short if (fault := _not_there(name, known))), "")


def _not_there(name: Name, known: Known) -> str:
    match name:
        case ("inputs", wanted, *_):
            return "" if wanted in known.inputs else f"there is no input '{wanted}'{meant(wanted, known.inputs)}"
        case ("instance", wanted, *_):
            return "" if wanted == "number" else f"an instance has no '{wanted}'; it has number"
        case ("steps", *parts):
            return _no_step(parts, known)
        case ("item" | "index", *_):
            return "" if known.item else f"there is no {name[0]} outside the steps of a map"
    there = ("inputs", "steps", "instance", *(("item", "index") if known.item else ()))
    if name[0] in there:
        return ""
    said = f"there is no '{name[0]}'{meant(name[0], there)}"
    return said if said.endswith("?") else f"{said}; a text needs quotes around it"


def _no_step(parts: list[str], known: Known) -> str:
    if not parts:
        return "name the step: steps.<id>.output or steps.<id>.state"
    wanted, *parts = parts
    if wanted in known.own and wanted not in known.steps:
        return f"the step '{wanted}' has not ended here: this is a part of it"
    if wanted in known.later and wanted not in known.steps:
        return f"the step '{wanted}' need not have ended by then; name it in needs"
    if wanted not in known.steps:
        return f"there is no step '{wanted}' ahead of this{meant(wanted, known.steps)}"
    if parts and parts[0] not in STEP_PARTS:
        return f"a step has no '{parts[0]}'; write steps.{wanted}.output.{parts[0]}, or steps.{wanted}.state"
    return ""


class _Evaluator(simpleeval.SimpleEval):  # type: ignore[misc]
    """simpleeval with the language's own parts only; how values behave is in expression_rules."""

    def __init__(self) -> None:
        self.rules = Rules()
        super().__init__(operators=self.rules.operators, functions={}, names={})
        self.nodes: dict[type, Callable[[Any], Any]] = {
            ast.Constant: self._eval_constant,
            ast.Name: self._eval_name,
            ast.UnaryOp: self._eval_unaryop,
            ast.BinOp: self._eval_binop,
            ast.BoolOp: self._eval_boolop,
            ast.Compare: self._eval_compare,
            ast.IfExp: self._eval_ifexp,
            ast.Call: self._eval_call,
            ast.Subscript: self._eval_subscript,
            ast.Attribute: self._eval_attribute,
            ast.Slice: self._eval_slice,
            ast.List: lambda node: [self._eval(item) for item in node.elts],
            ast.Dict: lambda node: {k.value: self._eval(v) for k, v in zip(node.keys, node.values, strict=True)},
            ast.ListComp: self._each,
            ast.GeneratorExp: self._each,
        }

    def work_out(self, expression: Expression, names: Mapping[str, Any]) -> Any:
        self.rules.left = BUDGET
        self.names = names
        try:
            return self.eval(expression.text, expression.node)
        finally:
            self.names = {}

    def _eval(self, node: Any) -> Any:
        self.rules.spend(1)
        return self.nodes[type(node)](node)

    def _eval_name(self, node: ast.Name) -> Any:
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if node.id not in self.names:
            raise Missing(f"there is no '{node.id}' here{meant(node.id, self.names)}")
        return self.names[node.id]

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        return _part(self._eval(node.value), node.attr)

    def _eval_subscript(self, node: ast.Subscript) -> Any:
        whole, key = self._eval(node.value), self._eval(node.slice)
        if isinstance(key, str):
            return _part(whole, key)
        if not isinstance(whole, str | list):
            raise Missing(f"{kind(whole)} has no items that are counted")
        if isinstance(key, slice):
            self.rules.spend(len(whole) // 100)
            return whole[key]
        if not isinstance(key, int) or isinstance(key, bool):
            raise Wrong(f"an item is named by a whole number, not by {kind(key)}")
        if not -len(whole) <= key < len(whole):
            raise Missing(f"there is no item {key}; there are {len(whole)}, counted from 0")
        return whole[key]

    def _eval_slice(self, node: ast.Slice) -> slice:
        ends = [None if part is None else self._eval(part) for part in (node.lower, node.upper, node.step)]
        if any(end is not None and type(end) is not int for end in ends) or ends[2] == 0:
            raise Wrong("a part of a list or text is named by whole numbers")
        return slice(*ends)

    def _eval_boolop(self, node: ast.BoolOp) -> bool:
        both = isinstance(node.op, ast.And)
        for part in node.values:
            if truth(self._eval(part), "and" if both else "or") is not both:
                return not both
        return both

    def _eval_ifexp(self, node: ast.IfExp) -> Any:
        return self._eval(node.body if truth(self._eval(node.test), "if") else node.orelse)

    def _eval_call(self, node: ast.Call) -> Any:
        assert isinstance(node.func, ast.Name)
        if node.func.id == "default":
            return self._default(*node.args)
        return self.rules.functions[node.func.id][2](*[self._eval(argument) for argument in node.args])

    def _default(self, wanted: ast.expr, otherwise: ast.expr) -> Any:
        try:
            found = self._eval(wanted)
        except Missing:
            found = None
        return self._eval(otherwise) if found is None else found

    def _each(self, node: ast.ListComp | ast.GeneratorExp) -> list[Any]:
        made, loop, outer = [], node.generators[0], self.names
        assert isinstance(loop.target, ast.Name)
        items = self.rules.list_of("for", self._eval(loop.iter))
        inner = dict(outer)
        try:
            for inner[loop.target.id] in items:
                self.names = inner
                if all(truth(self._eval(test), "if") for test in loop.ifs):
                    made.append(self._eval(node.elt))
        finally:
            self.names = outer
        return made


def _part(whole: Any, name: str) -> Any:
    if not isinstance(whole, dict):
        raise Missing(f"{kind(whole)} has no '{name}'")
    if name not in whole:
        raise Missing(f"there is no '{name}'{meant(name, whole)}")
    return whole[name]
