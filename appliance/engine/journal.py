"""A run's log of recorded steps: what is in it is returned, never done again; what is not is done and recorded.

Every write proves the fence first, so a worker that lost its lease can't write at all.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from appliance import clock, redaction
from appliance.db.database import Database
from appliance.domain import claims, steps
from appliance.domain.runs import FenceLost, Run
from appliance.domain.steps import Message, Step


class Cancelled(Exception):
    """Somebody asked for the run to stop, or its time limit is over."""


class Waits(Exception):
    """The run waits now; its worker is free."""


class Mismatch(Exception):
    """The run no longer does what its log says; going on could do an effect twice."""


class InDoubt(Exception):
    """An effect may have happened or not, and nothing but a person can tell."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.key)
        self.step = step


class Journal:
    """`files` is the tenant's folder for what is too long for a row; `blocking` is called before a wait that another
    run should use, `ended` in the transaction that has completed the run."""

    def __init__(
        self,
        db: Database,
        run: Run,
        lease_s: float,
        files: Path,
        blocking: Callable[[], None] | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.db = db
        self.run = run
        self.files = files
        self.blocking = blocking
        self.ended = ended
        self.lost = False
        self._lease_s = lease_s
        # A run claimed for the first time has no log yet, unless it took over another's.
        fresh = run.fence == 1 and not run.fork_of
        self._recorded = {} if fresh else {step.key: step for step in steps.of_run(db, run.id)}
        self.conversation = [] if fresh else steps.conversation(db, run.id, files)
        self._ord = max((step.ord for step in self._recorded.values()), default=0)
        self._seen: Counter[str] = Counter()
        self._visited: set[str] = set()
        self._extended = clock.monotonic()
        self._noted: list[tuple[Step, list[Message], Callable[[], None]]] = []

    def key(self, name: str) -> str:
        """The next key of this name: its name, and #n from the second on."""
        # As it will be stored: what holds a secret is another text there.
        name = redaction.clean(name, self.db.name)
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"

    def visit(self, key: str, kind: str, given: Any = None) -> Step | None:
        """What is recorded under the key, or None for a step that begins now.

        Raises Mismatch when the run's path has changed since: another kind or input than recorded, or a new step while
        an older one was not passed.
        """
        self._visited.add(key)
        step = self._recorded.get(key)
        if step and step.state == "done":
            if step.kind != kind or (kind != "model" and step.input_digest != steps.digest(given)):
                raise Mismatch(f"The step {key} is not the one that was recorded; its {kind} input has changed.")
            return step
        place = step.ord if step else self._ord + 1
        if passed := [s.key for s in self._recorded.values() if s.ord < place and s.key not in self._visited]:
            raise Mismatch(f"The step {key} came before {passed[0]}, which was done earlier.")
        return step

    def said(self, step: Step) -> Message:
        """The last message the step recorded."""
        assert step.last_message is not None
        return self.conversation[step.last_message - 1]

    def recorded(self, key: str) -> Step:
        """A step that has been recorded."""
        return self._recorded[key]

    def noted(self, name: str) -> bool:
        """Whether the next note of this name is recorded."""
        seen = self._seen[name]
        step = self._recorded.get(f"{name}#{seen + 1}" if seen else name)
        return step is not None and step.state == "done"

    def begun(self, name: str) -> bool:
        """Whether the next step of this name is in the log, over or not."""
        seen = self._seen[name]
        return (f"{name}#{seen + 1}" if seen else name) in self._recorded

    def note(self, name: str, messages: list[Message], then: Callable[[], None] = lambda: None) -> None:
        """Messages that nobody was asked for, once; recorded together with the next step, which rests on them.

        `then` runs in the transaction that records them.
        """
        key = self.key(name)
        if self.visit(key, "note", {}):
            return
        messages = [_stored(message, self.db.name) for message in messages]
        self._noted.append((self.build(key, "note", name, "tx", {}), messages, then))
        self.conversation += messages
        self._ord += 1

    @contextmanager
    def held(self, progress: bool = True) -> Iterator[bool]:
        """A transaction in which this worker has proved that the run is its own; was a stop asked for?

        Without `progress` what is recorded in it brings the run no further: a death after it counts like the last.
        """
        with self.db.transaction():
            yield self._hold(progress)

    def attempts(self) -> int:
        """Tries so far of the model step asked for last."""
        step = self._last_model()
        return step.attempts if step else 0

    def stop_reason(self) -> str:
        """Why the model step asked for last stopped."""
        step = self._last_model()
        return str(step.result.get("stop", "stop")) if step else "stop"

    def _last_model(self) -> Step | None:
        seen = self._seen["model"]
        return self._recorded.get("model" if seen == 1 else f"model#{seen}")

    def check(self, looked: tuple[bool, bool] | None = None) -> None:
        """Between steps: raises Cancelled or FenceLost. `looked` is what claims.held would say, for who knows it."""
        held, stopped = looked or claims.held(self.db, self.run)
        if not held:
            raise FenceLost(self.run.id)
        if stopped:
            raise Cancelled(self.run.id)

    def interrupted(self) -> bool:
        """Asked during a long call: extends the lease, and tells whether to give up."""
        held, stopped = claims.held(self.db, self.run)
        if stopped or not held:
            return True
        return clock.monotonic() - self._extended > self._lease_s / 3 and not self._extend()

    def _extend(self) -> bool:
        """False when the lease is gone: the answer under way is void, its money is not."""
        try:
            with self.db.transaction():
                claims.hold(self.db, self.run, self._lease_s)
        except FenceLost:
            return False
        self._extended = clock.monotonic()
        return True

    def _hold(self, progress: bool = True) -> bool:
        self._extended = clock.monotonic()
        return claims.hold(self.db, self.run, self._lease_s, progress)

    def book(self, cost_nano: int) -> None:
        """Money was spent whoever holds the run now; whether that is still this worker is asked with it."""
        self._extended = clock.monotonic()
        if not claims.book(self.db, self.run, self._lease_s, cost_nano):
            self.lost = True

    def build(self, key: str, kind: str, name: str, effect: str, given: Any, **values: Any) -> Step:
        """A step that is done now, unless `values` say otherwise."""
        known = self._recorded.get(key)
        now = clock.iso()
        base: dict[str, Any] = {"run_id": self.run.id, "key": key, "kind": kind, "name": name, "effect": effect}
        base |= {"ord": known.ord if known else self._ord + 1, "input": given, "input_digest": steps.digest(given)}
        base |= {"state": "done", "attempts": 1, "result": {}, "first_message": None, "last_message": None}
        base |= {"call_id": None, "cost_nano": 0, "fence": self.run.fence, "started_at": now, "finished_at": now}
        return Step(**(base | values))

    def save(self, step: Step, messages: list[Message]) -> None:
        """Record in the open transaction, after the fence was held there; nothing when the run is another's now."""
        if self.lost:
            return
        messages = [_stored(message, self.db.name) for message in messages]
        made = [*((note, said) for note, said, _ in self._noted), (step, messages)]
        before = len(self.conversation) - sum(len(said) for _, said, _ in self._noted)
        for _, _, then in self._noted:
            then()
        self._noted = []
        steps.save_all(self.db, self.run, made, self.files, before, self._recorded)
        last = len(self.conversation) + len(messages) if messages else None
        self._ord = max(self._ord, step.ord)
        self._recorded[step.key] = msgspec.structs.replace(step, last_message=last)
        self.conversation += messages


def _stored(message: Message, tenant_id: str) -> Message:
    """The message as a replay will read it, so that this worker goes by the same words as the next."""
    made = [{name: redaction.clean(text, tenant_id) for name, text in call.items()} for call in message.tool_calls]
    return msgspec.structs.replace(message, content=redaction.clean(message.content, tenant_id), tool_calls=made)
