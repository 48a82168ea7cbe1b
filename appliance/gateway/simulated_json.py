"""JSON that fits a schema, about a topic: the same seed gives the same values.

It knows the keywords that say what a value looks like, and takes `const`, `enum` and `examples` where they are given.
Conditions (`if`, `not`, `dependentSchemas`) are not looked at; a pattern is met from the examples or a few usual forms.
"""

import random
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from appliance.gateway import simulated_prose

DEEPEST = 5
_FORMATS = {
    "date": "2026-11-27",
    "date-time": "2026-11-27T09:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "0193671c-7c00-7000-8000-000000000000",
}
_USUAL = ("1.0.0", "A-1", "a1", "1", "2026-11-27", "2026-11-27T09:00:00Z", "example", "Example", "EXAMPLE")
_SUMMARY = ("summary", "intent", "answer", "claim", "finding", "conclusion")
_SHORT = ("title", "name", "heading", "headline", "theme", "label", "topic", "subject", "what")


@lru_cache(maxsize=128)
def document(schema: str, topic: str, seed: int) -> str:
    """A file for the schema with this text; "" when the text is none."""
    try:
        made = fitting(msgspec.json.decode(schema), topic, seed)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ""
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n"


def fitting(schema: Any, topic: str, seed: int) -> Any:
    """A value for `schema`, which is its own root for `$ref`."""
    return _Maker(schema, topic, seed).make(schema, "", 0)


class _Maker:
    def __init__(self, root: Any, topic: str, seed: int) -> None:
        self._root = root
        self._topic = topic
        self._choose = random.Random(seed)

    def make(self, schema: Any, name: str, depth: int) -> Any:
        """`name` is that of the member it is for: a title reads otherwise than a reason."""
        whole = self._whole(schema)
        if "const" in whole:
            return whole["const"]
        for key in ("enum", "examples"):
            if whole.get(key):
                return self._choose.choice(whole[key])
        for key in ("anyOf", "oneOf"):
            if whole.get(key):
                rest = {k: v for k, v in whole.items() if k != key}
                return self.make({"allOf": [rest, whole[key][0]]}, name, depth + 1)
        return _KINDS[_kind(whole)](self, whole, name, depth)

    def _whole(self, schema: Any) -> dict[str, Any]:
        """With what it refers to and all of its `allOf` in one."""
        if not isinstance(schema, dict):
            return {}
        parts = [*schema.get("allOf", ()), *([self._named(schema["$ref"])] if "$ref" in schema else [])]
        whole: dict[str, Any] = {k: v for k, v in schema.items() if k not in ("allOf", "$ref")}
        for part in parts:
            for key, value in self._whole(part).items():
                both = isinstance(value, dict) and isinstance(whole.get(key), dict)
                whole[key] = {**whole[key], **value} if both else value
        return whole

    def _named(self, ref: str) -> Any:
        found = self._root
        for part in ref.removeprefix("#").split("/")[1:]:
            found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
        return found

    def _object(self, schema: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        known = schema.get("properties", {})
        needed = schema.get("required", ())
        wanted = dict.fromkeys([*(known if depth < DEEPEST else ()), *needed])
        return {key: self.make(known.get(key, {}), key, depth + 1) for key in wanted}

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        fewest, most = schema.get("minItems", 0), schema.get("maxItems", 4)
        count = self._choose.randint(max(fewest, min(2, most)), max(fewest, min(most, fewest + 3, 4)))
        made: list[Any] = []
        for _ in range(count if depth < DEEPEST else fewest):
            value = self.make(schema.get("items", {}), name, depth + 1)
            for _ in range(20):
                if value not in made:
                    break
                value = self.make(schema.get("items", {}), name, depth + 1)
            if value not in made or not schema.get("uniqueItems"):
                made.append(value)
        return made

    def _number(self, schema: dict[str, Any], name: str, depth: int) -> float:
        low, high = schema.get("minimum", 0), schema.get("maximum")
        low = max(low, schema.get("exclusiveMinimum", low))
        high = min([n for n in (high, schema.get("exclusiveMaximum")) if n is not None], default=low + 10)
        if schema.get("multipleOf", 1) <= 1 < high - low:
            # Hundredths and the like: whole numbers are multiples of them without a rounding error.
            return float(self._choose.randint(int(low) + 1, int(high - 0.01)))
        step = schema.get("multipleOf") or (high - low) / 20 or 1
        inside = [low + step * n for n in range(1, 20) if low + step * n < high] or [low]
        return float(round(self._choose.choice(inside), 6))

    def _integer(self, schema: dict[str, Any], name: str, depth: int) -> int:
        low = int(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))
        high = int(schema.get("maximum", schema.get("exclusiveMaximum", low + 6) - 1))
        step = int(schema.get("multipleOf", 1))
        return self._choose.choice(range(-(-low // step) * step, min(high, low + 9 * step) + 1, step) or [low])

    def _boolean(self, schema: dict[str, Any], name: str, depth: int) -> bool:
        return self._choose.random() < 0.5

    def _null(self, schema: dict[str, Any], name: str, depth: int) -> None:
        return None

    def _string(self, schema: dict[str, Any], name: str, depth: int) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if pattern := schema.get("pattern"):
            return next((usual for usual in _USUAL if re.search(pattern, usual)), _USUAL[0])
        text = simulated_prose.sentence(self._topic, self._choose)
        if name.endswith(_SHORT):
            text = simulated_prose.label(self._topic, self._choose)
        elif name.endswith(_SUMMARY):
            text = f"{self._topic[:1].upper()}{self._topic[1:]}: {text[:1].lower()}{text[1:]}"
        while len(text) < schema.get("minLength", 0):
            text += f" {simulated_prose.sentence(self._topic, self._choose)}"
        return _cut(text, schema.get("minLength", 0), schema.get("maxLength"))


def _kind(schema: dict[str, Any]) -> str:
    stated = schema.get("type")
    if isinstance(stated, list):
        stated = next((kind for kind in stated if kind != "null"), "null")
    if stated in _KINDS:
        return str(stated)
    return "object" if "properties" in schema or "required" in schema else "array" if "items" in schema else "string"


def _cut(text: str, fewest: int, most: int | None) -> str:
    if most is None or len(text) <= most:
        return text
    whole = text[:most].rpartition(" ")[0].rstrip(",;:")
    return whole if len(whole) >= max(fewest, 1) else text[:most]


_KINDS: dict[str, Callable[[_Maker, dict[str, Any], str, int], Any]] = {
    "object": _Maker._object,
    "array": _Maker._array,
    "number": _Maker._number,
    "integer": _Maker._integer,
    "boolean": _Maker._boolean,
    "null": _Maker._null,
    "string": _Maker._string,
}
