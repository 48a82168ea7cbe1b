"""A run's log of recorded steps: what is in it is returned, never done again; what is not is done and recorded.

Every write proves the fence first, so a worker that lost its lease can't write at all.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from appliance import clock
from appliance.calls import Caller, Calls, Outcome
from appliance.db.database import Database
from appliance.domain import runs, steps
from appliance.domain.runs import Run
from appliance.domain.steps import Message, Step
from appliance.gateway.types import ChatRequest, Reply


class Cancelled(Exception):
    """A person asked for the run to stop."""


class Journal:
    """`blocking` is called before a wait that another run should use."""

    def __init__(self, db: Database, run: Run, lease_s: float, blocking: Callable[[], None] | None = None) -> None:
        self.db = db
        self._blocking = blocking
        self.run = run
        self._lease_s = lease_s
        self._recorded = {step.key: step for step in steps.of_run(db, run.id)}
        self._ord = max((step.ord for step in self._recorded.values()), default=0)
        self._seen: Counter[str] = Counter()
        self._extended = clock.monotonic()
        self._lost = False
        self._noted: tuple[Step, list[Message]] | None = None
        self.conversation = steps.conversation(db, run.id)

    def key(self, name: str) -> str:
        """The next key of this name: its name, and #n from the second on."""
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"

    def done(self, key: str) -> Step | None:
        step = self._recorded.get(key)
        return step if step and step.state == "done" else None

    def said(self, step: Step) -> Message:
        """The last message the step recorded."""
        assert step.last_message is not None
        return self.conversation[step.last_message - 1]

    def noted(self, name: str) -> bool:
        """Whether the next note of this name is recorded."""
        seen = self._seen[name]
        return self.done(f"{name}#{seen + 1}" if seen else name) is not None

    def note(self, name: str, messages: list[Message]) -> None:
        """Messages that nobody was asked for, once; recorded together with the next step, which rests on them."""
        key = self.key(name)
        if self.done(key):
            return
        self._noted = (self._step(key, "note", name, "tx", None, {}), messages)
        self.conversation += messages
        self._ord += 1

    def tool(self, name: str, effect: str, given: Any, call_id: str, act: Callable[[], str]) -> str:
        """The recorded answer of a tool, or its answer now. `tx` effects and their record commit together."""
        key = self.key(name)
        if step := self.done(key):
            return self.said(step).content
        started = clock.iso()
        answer = "" if effect == "tx" else act()
        with self.db.transaction():
            if self._hold() and effect == "tx":
                raise Cancelled(self.run.id)
            answer = act() if effect == "tx" else answer
            failed = answer.startswith("error:")
            step = self._step(key, "tool", name, effect, given, {"ok": not failed, "preview": answer[:400]}, started)
            self._save(step, [Message("tool", answer, [], call_id)])
        return answer

    def model(self, calls: Calls, request: ChatRequest, agent_id: str, then: Callable[[Reply], None]) -> Message:
        """The recorded answer of the model, or a new one whose price commits with its record.

        `then(reply)` runs in that transaction, unless another worker has the run. Raises ProviderFailure,
        Problem(budget_exceeded), Cancelled and runs.FenceLost.
        """
        key = self.key("model")
        if step := self.done(key):
            return self.said(step)
        before = self._recorded.get(key)
        earlier = before.attempts if before else 0
        started = before.started_at if before else clock.iso()
        spent = before.cost_nano if before else 0

        def settled(outcome: Outcome) -> None:
            self._book(outcome.cost_nano)
            result = _summary(outcome)
            step = self._step(key, "model", outcome.model, "keyed", None, result, started, earlier + outcome.attempts)
            step = msgspec.structs.replace(step, call_id=outcome.call_id, cost_nano=spent + outcome.cost_nano)
            reply = outcome.reply
            calls_made = [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in reply.tool_calls]
            self._save(step, [Message("assistant", reply.content, calls_made)])
            if not self._lost:
                then(reply)

        def failed(call_id: str, cost_nano: int, attempts: int) -> None:
            self._book(cost_nano)
            step = self._step(key, "model", request.model, "keyed", None, {}, started, earlier + attempts)
            step = msgspec.structs.replace(step, state="failed", call_id=call_id, cost_nano=spent + cost_nano)
            self._save(step, [])

        caller = Caller(self.run.id, key, self.run.task_id, agent_id, earlier)
        request = msgspec.structs.replace(request, attempt=earlier + 1)
        calls.make(self.db, caller, request, settled, failed, cancelled=self.interrupted, blocking=self._blocking)
        if self._lost:
            raise runs.FenceLost(self.run.id)
        return self.said(self._recorded[key])

    @contextmanager
    def held(self) -> Iterator[None]:
        """A transaction in which this worker has proved that the run is its own."""
        with self.db.transaction():
            self._hold()
            yield

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

    def check(self) -> None:
        """Between steps: raises Cancelled or FenceLost."""
        row = runs.get(self.db, self.run.id)
        if row.fence != self.run.fence or row.state != "running":
            raise runs.FenceLost(self.run.id)
        if row.cancel_requested:
            raise Cancelled(self.run.id)

    def interrupted(self) -> bool:
        """Asked during a long call: extends the lease, and tells whether to give up."""
        row = runs.get(self.db, self.run.id)
        if row.fence != self.run.fence or row.state != "running" or row.cancel_requested:
            return True
        return clock.monotonic() - self._extended > self._lease_s / 3 and not self._extend()

    def _extend(self) -> bool:
        """False when the lease is gone: the answer under way is void, its money is not."""
        try:
            with self.db.transaction():
                runs.hold(self.db, self.run, self._lease_s)
        except runs.FenceLost:
            return False
        self._extended = clock.monotonic()
        return True

    def _hold(self) -> bool:
        """Prove the fence; was a cancel asked for?"""
        self._extended = clock.monotonic()
        return runs.hold(self.db, self.run, self._lease_s, progress=True)

    def _book(self, cost_nano: int) -> None:
        """Money was spent whoever holds the run now; it is booked before the fence is asked."""
        steps.add_cost(self.db, self.run, cost_nano)
        try:
            self._hold()
        except runs.FenceLost:
            self._lost = True

    def _step(
        self,
        key: str,
        kind: str,
        name: str,
        effect: str,
        given: Any,
        result: dict[str, Any],
        started: str = "",
        attempts: int = 1,
    ) -> Step:
        known = self._recorded.get(key)
        return Step(
            run_id=self.run.id,
            key=key,
            ord=known.ord if known else self._ord + 1,
            kind=kind,
            name=name,
            effect=effect,
            input_digest=steps.digest(given),
            state="done",
            attempts=attempts,
            input=given,
            result=result,
            first_message=None,
            last_message=None,
            call_id=None,
            cost_nano=0,
            fence=self.run.fence,
            started_at=started or clock.iso(),
            finished_at=clock.iso(),
        )

    def _save(self, step: Step, messages: list[Message]) -> None:
        if self._lost:
            return
        if self._noted:
            steps.save(self.db, self.run, *self._noted)
            self._noted = None
        steps.save(self.db, self.run, step, messages)
        last = len(self.conversation) + len(messages) if messages else None
        self._ord = max(self._ord, step.ord)
        self._recorded[step.key] = msgspec.structs.replace(step, last_message=last)
        self.conversation += messages


def _summary(outcome: Outcome) -> dict[str, Any]:
    """What the page shows of a model step; the text itself is in the conversation."""
    reply, usage = outcome.reply, outcome.reply.usage
    counted = {} if usage is None else {"in": usage.input_total, "cached": usage.cache_read, "out": usage.output_total}
    preview = reply.content[:400]
    return {"stop": reply.stop_reason, "preview": preview, "tools": [c.name for c in reply.tool_calls], **counted}
