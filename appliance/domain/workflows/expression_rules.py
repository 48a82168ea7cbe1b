"""What operators and functions of expressions do: with plain values only, typed, and within bounds.

`Wrong` says in a sentence why there is no value.
"""

import ast
import math
from collections.abc import Callable
from typing import Any

import msgspec

# What one expression may cost: a part that is worked out costs 1, a text or a list costs by its length.
BUDGET = 200_000
TEXT_LIMIT = 1_000_000
LIST_LIMIT = 100_000
INT_LIMIT = 2**63


class Wrong(Exception):
    """Why an expression has no value."""


class Missing(Wrong):
    """It names something that is not there; `default` has an answer for that."""


def kind(value: Any) -> str:
    """What a value is called in a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return {int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}[type(value)]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_of(value: Any) -> str:
    """A value as a part of a text: null is nothing, lists and objects are JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return msgspec.json.encode(value).decode()


class Rules:
    """The operators and functions, with what is left of the budget of the expression at hand."""

    def __init__(self) -> None:
        self.left = 0
        self.operators: dict[type, Callable[..., Any]] = {
            ast.Add: self.add,
            ast.Sub: _numbers("-", lambda a, b: a - b),
            ast.Mult: _numbers("*", lambda a, b: a * b),
            ast.Div: _numbers("/", lambda a, b: a / b),
            ast.FloorDiv: _numbers("//", lambda a, b: a // b),
            ast.Mod: _numbers("%", lambda a, b: a % b),
            ast.Pow: _numbers("**", _power),
            ast.USub: lambda a: _numbers("-", lambda zero, b: zero - b)(0, a),
            ast.UAdd: lambda a: _numbers("+", lambda zero, b: zero + b)(0, a),
            ast.Not: lambda a: not truth(a, "not"),
            ast.Eq: self.same,
            ast.NotEq: lambda a, b: not self.same(a, b),
            ast.Lt: self.ordered("<", lambda a, b: a < b),
            ast.LtE: self.ordered("<=", lambda a, b: a <= b),
            ast.Gt: self.ordered(">", lambda a, b: a > b),
            ast.GtE: self.ordered(">=", lambda a, b: a >= b),
            ast.In: lambda a, b: self.contains(b, a),
            ast.NotIn: lambda a, b: not self.contains(b, a),
        }
        self.functions: dict[str, tuple[int, int, Callable[..., Any]]] = {
            "len": (1, 1, _len),
            "str": (1, 1, self.text),
            "int": (1, 1, self.int),
            "float": (1, 1, self.float),
            "round": (1, 2, _round),
            "min": (1, 100, lambda *values: self.extreme("min", min, values)),
            "max": (1, 100, lambda *values: self.extreme("max", max, values)),
            "sum": (1, 1, self.sum),
            "any": (1, 1, lambda values: any(self.truths("any", values))),
            "all": (1, 1, lambda values: all(self.truths("all", values))),
            "sorted": (1, 1, lambda values: sorted(self.alike("sorted", values))),
            "join": (1, 2, self.join),
            "lower": (1, 1, lambda text: self.cased("lower", text).lower()),
            "upper": (1, 1, lambda text: self.cased("upper", text).upper()),
            "contains": (2, 2, self.contains),
        }

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise Wrong("it is too much work for one expression; let a step do it")

    def add(self, a: Any, b: Any) -> Any:
        if isinstance(a, str) and isinstance(b, str):
            self.spend((len(a) + len(b)) // 100)
            return _short(a + b)
        if isinstance(a, list) and isinstance(b, list):
            self.spend((len(a) + len(b)) // 4)
            if len(a) + len(b) > LIST_LIMIT:
                raise Wrong(f"the list would have more than {LIST_LIMIT:,} items")
            return a + b
        hint = "; put str(…) around the other" if isinstance(a, str) or isinstance(b, str) else ""
        return _numbers("+", lambda a, b: a + b, hint)(a, b)

    def same(self, a: Any, b: Any) -> bool:
        """Values of different types are different; 1 and 1.0 are the same, true and 1 are not."""
        self.spend(1)
        if is_number(a) and is_number(b):
            return bool(a == b)
        if type(a) is not type(b):
            return False
        if isinstance(a, list):
            return len(a) == len(b) and all(self.same(x, y) for x, y in zip(a, b, strict=True))
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(self.same(value, b[key]) for key, value in a.items())
        if isinstance(a, str):
            self.spend(len(a) // 1000)
        return bool(a == b)

    def ordered(self, sign: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        def judge(a: Any, b: Any) -> bool:
            if (is_number(a) and is_number(b)) or (isinstance(a, str) and isinstance(b, str)):
                return compare(a, b)
            raise Wrong(f"{sign} compares two numbers or two texts, not {kind(a)} with {kind(b)}")

        return judge

    def contains(self, where: Any, what: Any) -> bool:
        if isinstance(where, list):
            return any(self.same(item, what) for item in where)
        if isinstance(where, str | dict) and isinstance(what, str):
            self.spend(len(where) // 100 if isinstance(where, str) else 1)
            return what in where
        raise Wrong(f"{kind(what)} can't be in {kind(where)}; look for text in a text or object, or anything in a list")

    def text(self, value: Any) -> str:
        told = text_of(value)
        self.spend(len(told) // 20)
        return _short(told)

    def int(self, value: Any) -> Any:
        return self._to_number("int", value, int)

    def float(self, value: Any) -> Any:
        return self._to_number("float", value, float)

    def _to_number(self, name: str, value: Any, make: Callable[[Any], Any]) -> Any:
        if not (is_number(value) or (isinstance(value, str) and len(value) <= 100)):
            raise Wrong(f"{name} takes a number or a text that holds one, not {kind(value)}")
        try:
            return _whole(make(value))
        except (ValueError, OverflowError) as error:
            raise Wrong(f"“{value}” is not a number that {name} can read") from error

    def list_of(self, name: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Wrong(f"{name} takes a list, not {kind(value)}")
        self.spend(len(value) // 4)
        return value

    def alike(self, name: str, value: Any) -> list[Any]:
        items = self.list_of(name, value)
        if all(is_number(item) for item in items) or all(isinstance(item, str) for item in items):
            return items
        raise Wrong(f"{name} takes numbers only or texts only")

    def extreme(self, name: str, choose: Callable[[list[Any]], Any], values: tuple[Any, ...]) -> Any:
        items = self.alike(name, list(values) if len(values) > 1 else values[0])
        if not items:
            raise Missing(f"{name} of an empty list")
        return choose(items)

    def sum(self, values: Any) -> Any:
        items = self.list_of("sum", values)
        if not all(is_number(item) for item in items):
            raise Wrong("sum takes a list of numbers")
        return _whole(sum(items))

    def truths(self, name: str, values: Any) -> list[bool]:
        return [truth(item, name) for item in self.list_of(name, values)]

    def join(self, values: Any, between: Any = ", ") -> str:
        if not isinstance(between, str):
            raise Wrong(f"join puts a text between the items, not {kind(between)}")
        items = self.list_of("join", values)
        parts = [self.text(item) for item in items]
        if sum(map(len, parts)) + len(between) * len(parts) > TEXT_LIMIT:
            raise Wrong(f"the text would be longer than {TEXT_LIMIT:,} characters")
        return between.join(parts)

    def cased(self, name: str, text: Any) -> str:
        if not isinstance(text, str):
            raise Wrong(f"{name} takes text, not {kind(text)}")
        self.spend(len(text) // 100)
        return _short(text)


def truth(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"{what} needs true or false, not {kind(value)}; compare it, for example with == or >")
    return value


def _numbers(sign: str, work: Callable[[Any, Any], Any], hint: str = "") -> Callable[[Any, Any], Any]:
    def judge(a: Any, b: Any) -> Any:
        if not (is_number(a) and is_number(b)):
            raise Wrong(f"{sign} takes numbers, not {kind(b if is_number(a) else a)}{hint}")
        try:
            return _whole(work(a, b))
        except ZeroDivisionError as error:
            raise Wrong("it divides by zero") from error
        except OverflowError as error:
            raise Wrong("the number is too large") from error

    return judge


def _power(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and (abs(a) > 1) and b > 63:
        raise OverflowError
    return a**b


def _whole(number: Any) -> Any:
    """The number, which has to fit into JSON."""
    if isinstance(number, complex):
        raise Wrong("the root of a negative number is not a number here")
    if isinstance(number, int) and not -INT_LIMIT <= number < INT_LIMIT:
        raise Wrong("the number is too large")
    if isinstance(number, float) and not math.isfinite(number):
        raise Wrong("the number is too large")
    return number


def _short(text: str) -> str:
    if len(text) > TEXT_LIMIT:
        raise Wrong(f"the text would be longer than {TEXT_LIMIT:,} characters")
    return text


def _len(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise Wrong(f"len takes text, a list or an object, not {kind(value)}")
    return len(value)


def _round(number: Any, digits: Any = None) -> Any:
    if not is_number(number):
        raise Wrong(f"round takes a number, not {kind(number)}")
    if digits is not None and (not isinstance(digits, int) or isinstance(digits, bool) or not 0 <= digits <= 15):
        raise Wrong("round takes 0 to 15 digits")
    return _whole(round(number, digits))
