"""The payload of an approval for people: all of it, and nothing in it invisible."""

import unicodedata
from typing import Any, NamedTuple

import msgspec

from appliance.domain.approvals import Approval
from appliance.web.amounts import usd_exact


class Part(NamedTuple):
    """A named piece of the payload; a `code` one is JSON or a text of several lines."""

    name: str
    text: str
    code: bool


def parts(found: Approval) -> list[Part]:
    """The whole payload: texts as they are, everything else as JSON."""
    shown = found.payload
    if found.kind == "question" and "shape" in shown:
        # The card itself shows the whole question.
        return []
    if found.kind == "action":
        given = shown["arguments"] if isinstance(shown["arguments"], dict) else {"arguments": shown["arguments"]}
        shown = {"Tool": shown["tool"], "Target": shown["target"]} | given
    if found.kind == "in_doubt":
        given = shown["input"] if isinstance(shown["input"], dict) else {"Input": shown["input"]}
        shown = {"Step": shown["step"], "Effect": shown["effect"], "Begun": shown["began"]} | given
    return [_part(name, value) for name, value in shown.items() if value != "" or name not in ("Target",)]


def exact(text: str) -> str:
    """Text with its invisible characters written out, so that what is read is what is done."""
    return "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else f"⟨U+{ord(c):04X}⟩" for c in text)


def _part(name: str, value: Any) -> Part:
    if name.endswith("_nano") and isinstance(value, int):
        return Part(name.removesuffix("_nano"), usd_exact(value), False)
    if isinstance(value, str):
        return Part(name, exact(value), "\n" in value)
    pretty = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return Part(name, exact(pretty), isinstance(value, dict | list))
