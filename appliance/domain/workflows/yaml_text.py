"""YAML text → plain data that knows its lines. YAML 1.2 in what a plain word means: only true and false are booleans.

What is read is bounded: its size, its depth and, because an alias repeats what it names, the number of its values.
"""

import re
from typing import Any

import yaml

from appliance.domain.workflows.places import Fault, Place, shown

LONGEST = 1_000_000
MOST = 100_000
DEEPEST = 60
INT_LIMIT = 2**63
_CONSTANTS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_CONSTANTS |= {word: True for word in ("true", "True", "TRUE")} | {word: False for word in ("false", "False", "FALSE")}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mapping(dict[str, Any]):
    """An object; `line` is where it starts, `lines` where each of its keys stands."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Items(list[Any]):
    """A list; `lines` is where each of its items starts."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


class _Stop(Exception):
    """Nothing more is read."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def read(source: str) -> tuple[Any, list[Fault]]:
    """The data, or None, and what is wrong with the text itself."""
    if len(source) > LONGEST:
        return None, [Fault("", 1, f"the text is longer than {LONGEST:,} characters; put long material into files")]
    reader = _Reader()
    try:
        data = reader.document(source)
    except _Stop as stop:
        return None, [*reader.faults, Fault("", stop.line, stop.message)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [*reader.faults, Fault("", mark.line + 1 if mark else 1, _unreadable(error))]
    except (yaml.YAMLError, UnicodeEncodeError, ValueError) as error:
        return None, [*reader.faults, Fault("", 1, f"the text has a character in it that YAML does not know: {error}")]
    return data, reader.faults


def line_of(data: Any, place: Place) -> int:
    """The line on which what `place` names begins, or the nearest thing around it."""
    line = getattr(data, "line", 1)
    for part in place:
        if isinstance(data, Mapping) and part in data:
            line, data = data.lines[str(part)], data[str(part)]
        elif isinstance(data, Items) and isinstance(part, int) and part < len(data):
            line, data = data.lines[part], data[part]
        else:
            break
    return int(line)


def _unreadable(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem)
    hint = "; put the text in quotes" if "mapping values" in problem else ""
    if "cannot start any token" in problem:
        hint = "; indent with spaces, not tabs, and put a text that begins with a sign in quotes"
    return f"this can't be read as YAML: {error.problem or error.context}{hint}"


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._place: list[str | int] = []

    def document(self, source: str) -> Any:
        loader = _LOADER(source)
        self._next = loader.get_event
        try:
            self._next()
            if isinstance(self._next(), yaml.StreamEndEvent):
                return None
            data = self._value(self._next())
            self._next()
            if not isinstance(after := self._next(), yaml.StreamEndEvent):
                raise _Stop(after.start_mark.line + 1, "a second document starts here; a file holds one workflow")
            return data
        finally:
            loader.dispose()

    def _value(self, event: Any) -> Any:
        line = event.start_mark.line + 1
        self._spend(1, line)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _Stop(line, f"there is no &{event.anchor} before this that *{event.anchor} could repeat")
            data, size = self._anchors[event.anchor]
            self._spend(size, line)
            return data
        if event.tag is not None and event.tag != "!":
            self._fault(line, "tags such as !!str are not used here; put a text in quotes")
        before = self._count
        if type(event) is yaml.ScalarEvent:
            data = self._scalar(event, line)
        elif len(self._place) >= DEEPEST:
            raise _Stop(line, f"this is nested deeper than {DEEPEST} levels")
        else:
            data = self._mapping(line) if isinstance(event, yaml.MappingStartEvent) else self._items(line)
        if event.anchor:
            self._anchors[event.anchor] = (data, self._count - before + 1)
        return data

    def _mapping(self, line: int) -> Mapping:
        made = Mapping(line)
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            at = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise _Stop(at, "a key is a plain word or a text")
            key = self._clean(event.value, at)
            self._place.append(key)
            if key in made:
                self._fault(at, f"'{key}' is here twice, first on line {made.lines[key]}; keep one")
            made.lines[key] = at
            made[key] = self._value(self._next())
            self._place.pop()
        return made

    def _items(self, line: int) -> Items:
        made = Items(line)
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._place.append(len(made))
            made.lines.append(event.start_mark.line + 1)
            made.append(self._value(event))
            self._place.pop()
        return made

    def _scalar(self, event: Any, line: int) -> Any:
        if not event.implicit[0]:
            return self._clean(event.value, line)
        text: str = event.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        return self._number(text, line) if text[0] in "+-.0123456789" else self._clean(text, line)

    def _number(self, text: str, line: int) -> Any:
        number: Any = text
        if len(text) < 100 and _INT.fullmatch(text):
            number = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        elif len(text) < 100 and _FLOAT.fullmatch(text):
            number = float(text)
        if number != text and not -INT_LIMIT <= number < INT_LIMIT:
            self._fault(line, "the number is too large; put it in quotes if it is a text")
        return number

    def _clean(self, text: str, line: int) -> str:
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text) or "\0" in text:
            self._fault(line, "the text has a character in it that is none")
        return text

    def _spend(self, count: int, line: int) -> None:
        self._count += count
        if self._count > MOST:
            raise _Stop(line, f"there are more than {MOST:,} values in it, those that aliases repeat counted")

    def _fault(self, line: int, message: str) -> None:
        self.faults.append(Fault(shown(tuple(self._place)), line, message))
