"""The built-in runtime: a tool loop whose every action is a recorded step.

The loop runs from its beginning each time a run is claimed; recorded steps answer at once, so it goes on where it was.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.calls import Calls
from appliance.db.database import Database
from appliance.domain import checks, judging, lifecycle, revisions, runs, tasks, waits, workspace
from appliance.domain.actor import Actor
from appliance.domain.budgets import OverBudget
from appliance.domain.runs import Run
from appliance.domain.steps import Message
from appliance.engine import planner, prompt, tools
from appliance.engine.journal import Cancelled, Journal
from appliance.engine.planner import Verdict
from appliance.engine.tools import REGISTRY, BadArguments, Bench, Tool
from appliance.errors import Problem
from appliance.gateway import types
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.types import ChatRequest, Reply, ToolCall, ToolSpec

VERDICT = "verdict"


class Stopping(Exception):
    """The server is shutting down; the run is given back between two steps."""


class Stopped(Exception):
    """The run ends or waits as the verdict says."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.code)
        self.verdict = verdict


def work(
    db: Database,
    calls: Calls,
    files: Path,
    run: Run,
    lease_s: float,
    stopping: threading.Event,
    blocking: Callable[[], None] | None = None,
) -> None:
    """Carry a claimed run to its end or to a wait, and store which. Raises FenceLost when another worker took it.

    `blocking` is called before each wait for a model's answer.
    """
    journal = Journal(db, run, lease_s, blocking)
    try:
        Loop(journal, calls, files, stopping).go()
    except Stopped as stop:
        _store(db, run, stop.verdict)
    except ProviderFailure as failure:
        if failure.code == "cancelled" and not runs.get(db, run.id).cancel_requested:
            # The gateway closed under the call: nobody asked this run to end.
            return _give_back(db, run)
        _store(db, run, planner.after_failure(failure, journal.attempts(), run.id))
    except Cancelled:
        _store(db, run, Verdict("cancelled", "cancelled", "Stopped by a person."))
    except Stopping:
        _give_back(db, run)
    except Problem as problem:
        _store_problem(db, run, problem)


class Loop:
    def __init__(self, journal: Journal, calls: Calls, files: Path, stopping: threading.Event) -> None:
        db, run = journal.db, journal.run
        self.journal = journal
        self.calls = calls
        self.stopping = stopping
        self.task = tasks.get(db, run.task_id)
        self.agent = revisions.at(db, run.agent_id, run.agent_revision)
        actor = Actor("agent", run.agent_id, self.agent["name"], "operator")
        self.bench = Bench(db, self.task, actor, workspace.of_task(files, run.task_id))
        self.tools = {name: REGISTRY[name] for name in self.agent["tools"] if name in REGISTRY}
        self.faults = 0
        self.judgements = 0
        self.ended = False

    def go(self) -> None:
        self.journal.note("brief", prompt.opening(self.journal.db, self.journal.run, self.task, self.agent))
        for _ in range(planner.MAX_TURNS):
            answer = self._ask()
            if self.ended or (not answer.tool_calls and self._end(answer.content)):
                return
            for call in answer.tool_calls:
                if self._use(ToolCall(**call)):
                    return
        raise Stopped(planner.endless())

    def _ask(self) -> Message:
        self._between()
        request = ChatRequest(
            model=self.agent["model"],
            messages=tuple(_outgoing(m) for m in self.journal.conversation),
            tools=tuple(ToolSpec(t.name, t.description, t.parameters) for t in self.tools.values()),
            seed=self.task.number,
        )
        answer = self.journal.model(self.calls, request, self.journal.run.agent_id, self._conclude)
        stop = self.journal.stop_reason()
        reply = Reply(answer.content, tuple(ToolCall(**call) for call in answer.tool_calls), stop)
        if verdict := planner.after_answer(reply):
            raise Stopped(verdict)
        return answer

    def _conclude(self, reply: Reply) -> None:
        """An answer in words that nothing has to judge ends the run in the commit that records it."""
        if reply.tool_calls or planner.after_answer(reply) or checks.of_task(self.bench.db, self.task.id):
            return
        lifecycle.complete(self.bench.db, self.journal.run, reply.content, {})
        self.ended = True

    def _use(self, call: ToolCall) -> bool:
        """Do one tool call; true when it ended the run."""
        self._between()
        tool, given, fault, code = self._parsed(call)
        if tool is None or fault:
            answer = self.journal.tool(call.name, "idempotent", given, call.id, lambda: f"error: {fault}")
            self.faults += 1
            if self.faults >= planner.MAX_FAULTS:
                raise Stopped(planner.too_many_faults(code, answer.removeprefix("error: ")))
            return False
        self.faults = 0
        if tool.name == tools.FINISH:
            return self._finish(call, given)
        self.journal.tool(tool.name, tool.effect, given, call.id, lambda: tools.use(tool, self.bench, given))
        return False

    def _parsed(self, call: ToolCall) -> tuple[Tool | None, dict[str, Any], str, str]:
        tool = self.tools.get(call.name)
        if tool is None:
            known = ", ".join(self.tools) or "none"
            return None, {}, f"There is no tool '{call.name}'. There are: {known}.", "unknown_tool"
        try:
            return tool, tools.parse(tool, call.arguments), "", ""
        except BadArguments as bad:
            return tool, {}, str(bad), "bad_tool_arguments"

    def _finish(self, call: ToolCall, given: dict[str, Any]) -> bool:
        """Judge the checks: all passed ends the run, otherwise the agent is told which failed."""
        result = given["summary"]
        verdicts, faults = self._judge(result)

        def act() -> str:
            if faults:
                checks.keep(self.bench.db, verdicts, "system")
                return "error: these checks fail: " + "; ".join(faults) + ". Correct that and finish again."
            outcome = lifecycle.complete(self.bench.db, self.journal.run, result, verdicts)
            return f"accepted, the task is {outcome.replace('_', ' ')}"

        answer = self.journal.tool(tools.FINISH, "tx", given, call.id, act)
        if answer.startswith("accepted"):
            return True
        self.judgements += 1
        if self.judgements >= planner.MAX_JUDGEMENTS:
            raise Stopped(planner.not_accepted(faults or [answer]))
        return False

    def _end(self, text: str) -> bool:
        """The model answered in words instead of finishing: its answer is the result, if the checks pass."""
        self.judgements += 1
        if self.journal.noted(VERDICT):
            # What was judged then is not judged again by what came later.
            self.journal.note(VERDICT, [])
            return False
        verdicts, faults = self._judge(text)
        with self.journal.held():
            if not faults:
                lifecycle.complete(self.bench.db, self.journal.run, text, verdicts)
                return True
            checks.keep(self.bench.db, verdicts, "system")
        if self.judgements >= planner.MAX_JUDGEMENTS:
            raise Stopped(planner.not_accepted(faults))
        told = f"These checks fail: {'; '.join(faults)}. Correct that and finish again."
        self.journal.note(VERDICT, [Message("user", told)])
        return False

    def _judge(self, result: str) -> tuple[dict[str, str], list[str]]:
        """The verdicts by check, and the faults in words; a waived check has none."""
        found = checks.of_task(self.bench.db, self.task.id)
        verdicts = judging.judge(found, result, self.bench.workspace.text)
        faults = [c for c in found if verdicts.get(c.id) and c.state != "waived"]
        return verdicts, [f"{check.sentence} ({verdicts[check.id]})" for check in faults]

    def _between(self) -> None:
        if self.stopping.is_set():
            raise Stopping
        self.journal.check()


def _outgoing(message: Message) -> types.Message:
    calls = tuple(ToolCall(**call) for call in message.tool_calls)
    return types.Message(message.role, message.content, calls, message.tool_call_id)  # type: ignore[arg-type]


def _give_back(db: Database, run: Run) -> None:
    runs.release(db, "id = :id AND fence = :fence", {"id": run.id, "fence": run.fence})


def _store(db: Database, run: Run, verdict: Verdict) -> None:
    with db.transaction():
        if verdict.state == "waiting":
            waits.for_time(db, run, verdict.reason, verdict.seconds, verdict.detail)
        elif verdict.state == "cancelled":
            runs.end(db, run, "cancelled", verdict.code, verdict.detail)
        else:
            lifecycle.fail(db, run, verdict.state, verdict.code, verdict.detail, verdict.reason)


def _store_problem(db: Database, run: Run, problem: Problem) -> None:
    with db.transaction():
        if isinstance(problem, OverBudget):
            waits.for_budget(db, run, problem)
        elif problem.code in ("disk_full", "unavailable"):
            waits.for_time(db, run, "timer", 30, problem.detail)
        else:
            lifecycle.fail(db, run, "failed", problem.code, problem.detail, "capability")
