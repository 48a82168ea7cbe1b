"""Texts with `${{ … }}` in them, and what an expression is made of. Nothing is worked out here."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from appliance.domain.workflows.expression_rules import INT_LIMIT, Rules, Wrong

OPENING = "${{"
LONGEST = 2_000
DEEPEST = 60
ESCAPES = "ntru\\'\""
CONSTANTS = {"true": True, "false": False, "null": None}
OPERATORS = frozenset(Rules().operators)
FUNCTIONS = {name: (least, most) for name, (least, most, _) in Rules().functions.items()} | {"default": (2, 2)}
_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[{}]""", re.DOTALL)
# Python reads these too, but warns whoever runs the box.
_GLUED = re.compile(r"[0-9.](?:and|else|for|if|in|is|or|not)\b")
_PARTS: tuple[type[ast.AST], ...] = (
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Slice,
    ast.List,
    ast.Dict,
)
_PARTS += (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.ListComp, ast.GeneratorExp)
_SLIPS = {"&&": "and", "||": "or", "===": "==", "??": "default(…, …)", " ? ": "x if … else y"}

Name = tuple[str, ...]


class Expression(NamedTuple):
    """`names` are those it uses, each with what is asked of it: ("steps", "review", "output", "text")."""

    text: str
    node: ast.expr
    names: tuple[Name, ...]


def split(template: str) -> Iterator[str | Expression]:
    """The pieces of a text. Raises Wrong for an expression that can't be read."""
    at = 0
    while (start := template.find(OPENING, at)) >= 0:
        if start > at:
            yield template[at:start]
        end = _end(template, start + len(OPENING))
        yield parse(template[start + len(OPENING) : end].strip())
        at = end + 2
    if at < len(template):
        yield template[at:]


def _end(template: str, start: int) -> int:
    """Where the `}}` of an expression begins; braces in texts and objects are its own."""
    depth = 0
    for found in _TOKEN.finditer(template, start, start + LONGEST + 10):
        token, at = found[0], found.start()
        if token == "{":
            depth += 1
        elif token == "}" and depth:
            depth -= 1
        elif token == "}" and template.startswith("}}", at):
            return at
    if template.find("}}", start + LONGEST) >= 0:
        raise Wrong(f"an expression has at most {LONGEST:,} characters, and ends with }}}}")
    raise Wrong("a ${{ has no }} that ends it; a text with ': ' or ' #' in it needs quotes around it")


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Raises Wrong."""
    if not text:
        raise Wrong("there is nothing between ${{ and }}")
    if len(text) > LONGEST:
        raise Wrong(f"an expression has at most {LONGEST:,} characters")
    if any(char not in ESCAPES for char in re.findall(r"\\(.)", text, re.DOTALL)):
        raise Wrong("a backslash in a text stands before n, t, a quote or another backslash")
    if _GLUED.search(_TOKEN.sub("", text)):
        raise Wrong("put a space between the number and the word after it")
    node = _tree(text)
    for part in ast.walk(node):
        if isinstance(part, ast.Constant):
            _constant(part.value)
    return Expression(text, node, tuple(dict.fromkeys(_names(node, frozenset(), 0))))


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(" ".join(text.splitlines()), mode="eval").body
    except SyntaxError as error:
        slip = next(
            (f"; write {right} instead of {left.strip()}" for left, right in _SLIPS.items() if left in text), ""
        )
        raise Wrong(f"it can't be read: {error.msg}{slip}") from error
    except (RecursionError, MemoryError) as error:
        raise Wrong("it is nested too deep") from error
    except ValueError as error:
        raise Wrong(f"it can't be read: {error}") from error


def _names(node: ast.expr, bound: frozenset[str], depth: int) -> Iterator[Name]:
    """The names in it, after a look at every part. Raises Wrong for one that the language does not have."""
    if depth > DEEPEST:
        raise Wrong("it is nested too deep")
    if chain := _chain(node):
        if chain[0] not in bound and chain[0] not in CONSTANTS:
            yield chain
        return
    _allowed(node)
    parts = node.args if isinstance(node, ast.Call) else _inner(node)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        yield from _names(node.generators[0].iter, bound, depth + 1)
        bound |= {_target(node.generators)}
        parts = [node.elt, *node.generators[0].ifs]
    for part in parts:
        yield from _names(part, bound, depth + 1)


def _inner(node: ast.AST) -> list[ast.expr]:
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


def _chain(node: ast.expr) -> Name:
    """`steps.a["b"]` as its names; () for anything that does not start with a name, or goes on with a number."""
    parts: list[str] = []
    while len(parts) < DEEPEST:
        match node:
            case ast.Attribute(value=inner, attr=name):
                parts.append(name)
                node = inner
            case ast.Subscript(value=inner, slice=ast.Constant(value=str(name))):
                parts.append(name)
                node = inner
            case ast.Name(id=name):
                return (name, *reversed(parts))
            case _:
                return ()
    raise Wrong("it is nested too deep")


def _target(generators: list[ast.comprehension]) -> str:
    if len(generators) > 1:
        raise Wrong("one `for` is enough; put another list in brackets of its own")
    target = generators[0].target
    if not isinstance(target, ast.Name) or generators[0].is_async:
        raise Wrong("`for` takes one name")
    return target.id


def _allowed(node: ast.AST) -> None:
    if not isinstance(node, _PARTS):
        raise Wrong(f"{_called(node)} is not part of the language")
    match node:
        case ast.BinOp(op=op) | ast.UnaryOp(op=op) if type(op) not in OPERATORS:
            raise Wrong(f"{_called(op)} is not part of the language")
        case ast.Compare(ops=ops) if not OPERATORS.issuperset(map(type, ops)):
            raise Wrong("`is` is not part of the language; write ==")
        case ast.Dict(keys=keys) if not all(isinstance(key, ast.Constant) and type(key.value) is str for key in keys):
            raise Wrong("the keys of an object are texts in quotes")
        case ast.Call():
            _call(node)


def _constant(value: object) -> None:
    if value is not None and not isinstance(value, bool | int | float | str):
        raise Wrong(f"{value!r} is not a value here"[:100])
    if isinstance(value, int) and abs(value) >= INT_LIMIT or value in (float("inf"), float("-inf")):
        raise Wrong("the number is too large")
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" or char == "\0" for char in value):
        raise Wrong("a text has a character in it that is none")


def _call(node: ast.Call) -> None:
    if not isinstance(node.func, ast.Name):
        raise Wrong(f"only functions are called, not what belongs to a value; there are {', '.join(FUNCTIONS)}")
    if node.func.id not in FUNCTIONS:
        raise Wrong(f"there is no function {node.func.id}; there are {', '.join(FUNCTIONS)}")
    least, most = FUNCTIONS[node.func.id]
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise Wrong(f"{node.func.id} takes plain values")
    if not least <= len(node.args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise Wrong(f"{node.func.id} takes {wanted} value{'' if wanted == '1' else 's'}, not {len(node.args)}")


def _called(node: ast.AST) -> str:
    return {"JoinedStr": "an f-text", "Lambda": "lambda", "Tuple": "a tuple (write a list)"}.get(
        type(node).__name__, f"“{type(node).__name__.lower()}”"
    )
