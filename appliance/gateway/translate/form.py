"""What is asked of a model, in the words of no protocol: each has one reader into this form and one writer out."""

import re
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct, field

Protocol = Literal["messages", "chat", "responses"]
Role = Literal["system", "user", "assistant"]
ToolKind = Literal["function", "custom", "local_shell"]
T = TypeVar("T")
LONGEST_WORD = 60
MOST_WORDS = 40
_UNTOLD = re.compile(r"[^a-zA-Z0-9_:.-]")


class Untranslatable(Exception):
    """A request that the target's protocol can't carry at all; the message says what, for the one who asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Text(Struct, frozen=True):
    text: str


class Image(Struct, frozen=True):
    """Either `url`, or `data` in base64 with its `media_type`."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    detail: str = ""


class Document(Struct, frozen=True):
    """Either `url`, or `data` in base64 with its `media_type`."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    name: str = ""


class Refusal(Struct, frozen=True):
    text: str


class Call(Struct, frozen=True):
    """`arguments` is raw JSON text; for a tool of kind custom it is the free text itself."""

    id: str
    name: str
    arguments: str
    kind: ToolKind = "function"
    namespace: str = ""


class Result(Struct, frozen=True):
    call_id: str
    parts: "tuple[Part, ...]" = ()
    failed: bool = False


Part = Text | Image | Document | Refusal | Call | Result


class Turn(Struct, frozen=True):
    role: Role
    parts: tuple[Part, ...]


class Tool(Struct, frozen=True):
    """`grammar` is what the input of a custom tool must match, in words for a model."""

    name: str
    description: str = ""
    schema: dict[str, Any] = {}
    strict: bool | None = None
    kind: ToolKind = "function"
    namespace: str = ""
    grammar: str = ""
    format: dict[str, Any] | None = None


class Choice(Struct, frozen=True):
    """`any` is some tool, `one` is the tool named."""

    kind: Literal["auto", "none", "any", "one"] = "auto"
    name: str = ""
    namespace: str = ""


class Shape(Struct, frozen=True):
    """What the text of the answer must be: any JSON object, or one of this schema."""

    schema: dict[str, Any] | None = None
    name: str = ""
    strict: bool | None = None


class Prompt(Struct):
    """`effort` is none, minimal, low, medium, high, xhigh or max, "" when not asked; `lossy` grows on the way."""

    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: Choice | None = None
    parallel: bool | None = None
    output_cap: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    effort: str = ""
    summary: str = ""
    verbosity: str = ""
    shape: Shape | None = None
    stream: bool = False
    cache_key: str = ""
    session: str = ""
    usage_wanted: bool = True
    lossy: list[str] = field(default_factory=list)

    def lose(self, *words: str) -> None:
        """Some words are the client's own, such as a field's name, and all of them go into a header."""
        told = (_UNTOLD.sub("_", word)[:LONGEST_WORD] for word in words)
        self.lossy += [word for word in dict.fromkeys(told) if word not in self.lossy][: MOST_WORDS - len(self.lossy)]


def decode(raw: bytes, into: type[T], what: str) -> T:
    """Raises Untranslatable for what is not of that shape."""
    try:
        return msgspec.json.decode(raw, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Untranslatable(f"This is not {what}: {error}.") from None


def unread(raw: bytes, known: frozenset[str]) -> list[str]:
    """The fields of an object beyond those known that hold something."""
    fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return sorted(name for name, value in fields.items() if name not in known and bytes(value) not in _NOTHING)


_NOTHING = frozenset({b"null", b"[]", b"{}", b'""', b"false"})


def compact(**fields: Any) -> dict[str, Any]:
    """Only the fields that hold something."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def text_of(parts: tuple[Part, ...], between: str = "\n\n") -> str:
    return between.join(part.text for part in parts if isinstance(part, Text | Refusal) and part.text)
