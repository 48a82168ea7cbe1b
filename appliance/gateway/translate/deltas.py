"""What is answered, piece by piece, in the words of no protocol; a whole answer is all of its pieces."""

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct, field

from appliance.gateway.translate.form import Call, Refusal, Text, ToolKind
from appliance.gateway.types import Usage

Stop = Literal["stop", "stop_sequence", "tool_calls", "length", "context", "filtered", "pause"]
Trouble = Literal[
    "server", "overloaded", "rate", "billing", "auth", "permission", "not_found", "invalid", "too_long", "timeout"
]


class Begun(Struct, frozen=True):
    """`usage` where the protocol tells it at the start."""

    id: str = ""
    usage: Usage | None = None


class Said(Struct, frozen=True):
    text: str


class Thought(Struct, frozen=True):
    text: str


class Declined(Struct, frozen=True):
    text: str


class Called(Struct, frozen=True):
    """A call starts; what is Argued from here on belongs to it."""

    id: str
    name: str
    kind: ToolKind = "function"
    namespace: str = ""


class Argued(Struct, frozen=True):
    text: str


class Ended(Struct, frozen=True):
    stop: Stop = "stop"
    usage: Usage | None = None
    sequence: str | None = None
    tier: str = ""


class Broke(Struct, frozen=True):
    trouble: Trouble
    message: str


Delta = Begun | Said | Thought | Declined | Called | Argued | Ended | Broke
Part = Text | Refusal | Call


class Answer(Struct):
    """What has arrived so far."""

    id: str = ""
    parts: list[Part] = field(default_factory=list)
    thought: str = ""
    end: Ended | None = None
    broke: Broke | None = None

    def take(self, delta: Delta) -> None:
        match delta:
            case Begun():
                self.id = delta.id
            case Thought():
                self.thought += delta.text
            case Ended():
                self.end = delta
            case Broke():
                self.broke = delta
            case _:
                self._grow(delta)

    def _grow(self, delta: Said | Declined | Called | Argued) -> None:
        last = self.parts[-1] if self.parts else None
        match delta, last:
            case Said(text), Text(before):
                self.parts[-1] = Text(before + text)
            case Declined(text), Refusal(before):
                self.parts[-1] = Refusal(before + text)
            case Argued(text), Call():
                self.parts[-1] = msgspec.structs.replace(last, arguments=last.arguments + text)
            case Said(text), _:
                self.parts.append(Text(text))
            case Declined(text), _:
                self.parts.append(Refusal(text))
            case Called(), _:
                self.parts.append(Call(delta.id, delta.name, "", delta.kind, delta.namespace))

    @property
    def calls(self) -> list[Call]:
        return [part for part in self.parts if isinstance(part, Call)]


def gathered(deltas: Iterable[Delta]) -> Answer:
    answer = Answer()
    for delta in deltas:
        answer.take(delta)
    return answer
