"""The built-in runtime: a tool loop whose every action is a recorded step.

The loop runs from its beginning each time a run is claimed; recorded steps answer at once, so it goes on where it was.
"""

from typing import Any

from appliance.domain import awaited, briefing, checks, endings, hearing, workspace
from appliance.domain.actor import Actor
from appliance.domain.comments import Comment
from appliance.domain.steps import Message
from appliance.engine import asking, delegating, giving, planner, prompt, tooling, tools
from appliance.engine.acceptance import Acceptance
from appliance.engine.tools import REGISTRY, BadArguments, Bench, Tool
from appliance.engine.work import Ended, Work
from appliance.gateway import types
from appliance.gateway.types import ChatRequest, Reply, ToolCall, ToolSpec

BRIEF = "brief"
VERDICT = "verdict"
RESULTS = "results of sub-tasks"
USE = "Use these results for what is left to do, then finish."


def run(work: Work) -> None:
    """Carry the run to its end. Raises what a wait or a failure is told by."""
    Loop(work).go()


class Loop:
    def __init__(self, work: Work) -> None:
        journal = work.journal
        db, run = journal.db, journal.run
        self.work = work
        self.journal = journal
        self.briefing = briefing.of(db, run, work.looked)
        self.task, self.agent = self.briefing.task, self.briefing.agent
        actor = Actor("agent", run.agent_id, self.agent["name"], "operator")
        files, gateway = workspace.of(journal.files, self.task), work.calls.accounts.gateway
        self.bench = Bench(db, self.task, actor, files, gateway, journal.interrupted, journal.blocking, run)
        self.acceptance = Acceptance(work, self.bench)
        self.tools = {name: REGISTRY[name] for name in self.agent["tools"] if name in REGISTRY}
        self.looked: tuple[bool, bool] | None = (self.briefing.held, self.briefing.stopped)
        self.faults = 0
        self.judgements = 0
        self.turn = 0
        self.ended = False

    def go(self) -> None:
        self._brief()
        for _ in range(planner.MAX_TURNS):
            answer = self._ask()
            if self.ended or (not answer.tool_calls and self._end(answer.content)):
                return
            for number, call in enumerate(answer.tool_calls):
                if self._use(ToolCall(**call), f"{self.turn}.{number}"):
                    return
        raise Ended(planner.endless())

    def _brief(self) -> None:
        if self.journal.noted(BRIEF):
            self.journal.note(BRIEF, [])
            return
        found = awaited.of(self.bench.db, self.task.id) if self.briefing.divided else []
        known = [child for child in found if child.ended or child.stuck]
        brief = prompt.opening(self.journal.db, self.journal.run, self.briefing, known)
        self.journal.note(BRIEF, brief, lambda: hearing.heard(self.bench.db, self.journal.run, known))

    def _ask(self) -> Message:
        self._between()
        self._hear()
        request = ChatRequest(
            model=self.agent["model"],
            messages=tuple(_outgoing(m) for m in self.journal.conversation),
            tools=tuple(ToolSpec(t.name, t.description, t.parameters) for t in self.tools.values()),
            seed=self.task.number,
        )
        answer = asking.ask(self.journal, self.work.calls, request, self.journal.run.agent_id, self._conclude)
        stop = self.journal.stop_reason()
        reply = Reply(answer.content, tuple(ToolCall(**call) for call in answer.tool_calls), stop)
        if verdict := planner.after_answer(reply):
            raise Ended(verdict)
        return answer

    def _hear(self) -> None:
        """What people wrote meanwhile; those before the first turn are in the brief."""
        self.turn += 1
        name = f"comments before turn {self.turn}"
        if self.journal.noted(name):
            self.journal.note(name, [])
        elif not self.journal.noted("model") and (found := self._unread()):
            said = [] if self.turn == 1 else prompt.heard(found)
            self.journal.note(name, said, lambda: hearing.read(self.bench.db, self.journal.run, found))

    def _unread(self) -> list[Comment]:
        asked = self.turn > 1 or self.briefing.called
        return hearing.unread(self.bench.db, self.journal.run) if asked else []

    def _conclude(self, reply: Reply) -> None:
        """An answer in words that nothing has to judge ends the run in the commit that records it."""
        if reply.tool_calls or planner.after_answer(reply):
            return
        plain = endings.is_plain(self.bench.db, self.task.id)
        if not plain and (
            checks.of_task(self.bench.db, self.task.id) or awaited.pending(self.bench.db, self.journal.run)
        ):
            return
        self._complete(reply.content, {}, plain)
        self.ended = True

    def _use(self, call: ToolCall, place: str) -> bool:
        """Do one tool call; true when it ended the run."""
        self._between()
        tool, given, fault, code = self._parsed(call)
        if tool is None or fault:
            answer = tooling.refuse(self.journal, call, given, fault)
            self.faults += 1
            if self.faults >= planner.MAX_FAULTS:
                raise Ended(planner.too_many_faults(code, answer.removeprefix("error: ")))
            return False
        self.faults = 0
        if tool.name == tools.FINISH:
            return self._finish(call, given, place)
        if tool.name == tools.WAIT:
            delegating.wait(self.journal, call, place)
            return False
        if tool.name == tools.ASK:
            delegating.ask(self.journal, self.bench, call, given, place)
            return False
        tooling.use(self.journal, self.bench, tool, call, given)
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

    def _finish(self, call: ToolCall, given: dict[str, Any], place: str) -> bool:
        """Judge the checks: all passed ends the run, otherwise the agent is told which failed.

        What it handed out and has not heard of comes first: its results are the answer then.
        """
        if delegating.outstanding(self.journal, place, tools.FINISH):
            said = f"Not finished yet: sub-tasks were open. {delegating.results(self.journal, place)}\n\n{USE}"
            tooling.answer(self.journal, tools.FINISH, "tx", given, call.id, lambda _: said)
            return False
        result = given["summary"]
        verdicts, faults = self.acceptance.judge(result, self.journal.noted(tools.FINISH))

        def act() -> str:
            if faults:
                checks.keep(self.bench.db, verdicts, "system")
                return "error: these checks fail: " + "; ".join(faults) + ". Correct that and finish again."
            outcome = self._complete(result, verdicts)
            return f"accepted, the task is {outcome.replace('_', ' ')}"

        answer = tooling.answer(self.journal, tools.FINISH, "tx", given, call.id, lambda _: act())
        if answer.startswith("accepted"):
            return True
        self.judgements += 1
        if self.judgements >= planner.MAX_JUDGEMENTS:
            raise Ended(planner.not_accepted(faults or [answer]))
        return False

    def _end(self, text: str) -> bool:
        """The model answered in words instead of finishing: its answer is the result, if the checks pass."""
        place = f"{self.turn}"
        if delegating.outstanding(self.journal, place, VERDICT):
            self.journal.note(RESULTS, [Message("user", f"{delegating.results(self.journal, place)}\n\n{USE}")])
            return False
        self.judgements += 1
        if self.journal.noted(VERDICT):
            # What was judged then is not judged again by what came later.
            self.acceptance.judge(text, settled=True)
            self.journal.note(VERDICT, [])
            return False
        verdicts, faults = self.acceptance.judge(text)
        with self.journal.held():
            if not faults:
                self._complete(text, verdicts)
                return True
            checks.keep(self.bench.db, verdicts, "system")
        if self.judgements >= planner.MAX_JUDGEMENTS:
            raise Ended(planner.not_accepted(faults))
        told = f"These checks fail: {'; '.join(faults)}. Correct that and finish again."
        self.journal.note(VERDICT, [Message("user", told)])
        return False

    def _complete(self, result: str, verdicts: dict[str, str], plain: bool = False) -> str:
        giving.give(self.bench.db, self.task.id, self.briefing.step, self.bench.workspace)
        outcome = endings.complete(self.bench.db, self.journal.run, result, verdicts, plain)
        self.journal.ended()
        return outcome

    def _between(self) -> None:
        looked, self.looked = self.looked, None
        self.work.check(looked)


def _outgoing(message: Message) -> types.Message:
    calls = tuple(ToolCall(**call) for call in message.tool_calls)
    return types.Message(message.role, message.content, calls, message.tool_call_id)  # type: ignore[arg-type]
