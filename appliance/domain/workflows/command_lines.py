"""The command of a step: split into words as it is written, before any value is put into it.

So a value stays in the word it stands in, with whatever spaces and quotes it holds: it adds no argument.
"""

import re
import shlex
from collections.abc import Callable

from appliance.domain.workflows import expression_parts
from appliance.domain.workflows.expression_parts import OPENING, Expression
from appliance.domain.workflows.expression_rules import Wrong

# Nothing to take apart: shlex reads each character by itself.
_PLAIN = re.compile("[\\w ./:=@%+,\0-]*", re.ASCII)
_MARK = re.compile("\0([0-9]+)\0")


def words(template: str, give: Callable[[str], str]) -> list[str]:
    """The program and its arguments; `give` has the text that an expression is worth. Raises ValueError."""
    if "\0" in template:
        raise ValueError("it has a character that no command may have")
    texts, values = list[str](), list[str]()
    for part in _parts(template):
        if isinstance(part, Expression):
            texts.append(f"\0{len(values)}\0")
            values.append(give(f"{OPENING} {part.text} }}}}"))
        else:
            texts.append(part)
    if any("\0" in value for value in values):
        raise ValueError("a value in it has a character that no command may have")
    found = [_MARK.sub(lambda mark: values[int(mark[1])], word) for word in _split("".join(texts))]
    if not found or not found[0].strip():
        raise ValueError("it names no program")
    return found


def fault(template: str) -> str:
    """Why it can't be split; "" when it can, and when the fault is an expression's own."""
    try:
        words(template, lambda _: "value")
    except ValueError as error:
        return "" if isinstance(error.__cause__, Wrong) else f"the command can't be read: {error}"
    return ""


def _split(text: str) -> list[str]:
    return text.split() if _PLAIN.fullmatch(text) else shlex.split(text)


def _parts(template: str) -> list[str | Expression]:
    try:
        return list(expression_parts.split(template))
    except Wrong as wrong:
        raise ValueError(str(wrong)) from wrong
