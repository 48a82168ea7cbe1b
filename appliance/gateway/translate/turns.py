"""Turns in the order that every protocol takes: neighbours joined, results right after the calls they answer."""

from collections.abc import Iterable

from appliance.gateway.translate.form import Call, Part, Result, Role, Text, Turn

NO_RESULT = Text("There is no result: the call was interrupted.")


def ordered(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """A result without its call becomes plain text, and a call that was passed over gets a result that says so."""
    given = [turn for turn in turns if turn.parts]
    joined: list[Turn] = []
    asked: set[str] = set()
    for at, turn in enumerate(given):
        _add(joined, turn.role, tuple(_kept(turn, asked)))
        asked |= {call.id for call in _calls(turn)}
        if turn.role == "assistant" and not _runs_on(given, at):
            _add(joined, "user", _answers(_calls(joined[-1]), given[at + 1 :]))
    return tuple(joined)


def instructions(turns: tuple[Turn, ...]) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    """The system texts that stand before the conversation, and the conversation."""
    at = next((at for at, turn in enumerate(turns) if turn.role != "system"), len(turns))
    said = (part.text for turn in turns[:at] for part in turn.parts if isinstance(part, Text) and part.text)
    return tuple(said), turns[at:]


def demoted(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """System texts inside the conversation as the user's, for servers that take them only at its beginning."""
    joined: list[Turn] = []
    for turn in turns:
        if turn.role == "system":
            texts = (part.text for part in turn.parts if isinstance(part, Text))
            reminders = (Text(f"<system-reminder>\n{text}\n</system-reminder>") for text in texts)
            _add(joined, "user", tuple(reminders))
        else:
            _add(joined, turn.role, turn.parts)
    return tuple(joined)


def failed(turns: tuple[Turn, ...]) -> bool:
    """Whether the result of a tool is marked as an error, which only the Messages API can say."""
    return any(isinstance(part, Result) and part.failed for turn in turns for part in turn.parts)


def _runs_on(turns: list[Turn], at: int) -> bool:
    return at + 1 < len(turns) and turns[at + 1].role == "assistant"


def _kept(turn: Turn, asked: set[str]) -> Iterable[Part]:
    for part in turn.parts:
        if not isinstance(part, Result):
            yield part
        elif part.call_id not in asked:
            yield from (Text("The result of an earlier tool call:"), *part.parts)


def _answers(calls: list[Call], later: list[Turn]) -> tuple[Part, ...]:
    """The next result of each call, since some servers use an id again; while all is open, nothing is made up."""
    found: dict[str, Result] = {}
    for part in (part for turn in reversed(later) for part in reversed(turn.parts)):
        if isinstance(part, Result):
            found[part.call_id] = part
    if not later:
        return ()
    return tuple(found.get(call.id) or Result(call.id, (NO_RESULT,), failed=True) for call in calls)


def _calls(turn: Turn) -> list[Call]:
    return [part for part in turn.parts if isinstance(part, Call)]


def _add(joined: list[Turn], role: Role, parts: tuple[Part, ...]) -> None:
    if parts and joined and joined[-1].role == role != "system":
        joined[-1] = Turn(role, joined[-1].parts + parts)
    elif parts:
        joined.append(Turn(role, parts))
