"""Judging a result by the task's checks, those that take long or cost money too, each once for each judgement."""

from collections.abc import Callable
from typing import Any

from appliance.domain import checks, judging
from appliance.domain.checks import Check
from appliance.engine import reviewing
from appliance.engine.tools import Bench, programs, web
from appliance.engine.work import Work
from appliance.gateway.fetching import Unfetched

JUDGE = "judge"
TIMEOUT_S = 120
TAIL = 1500
Verdicts = dict[str, str]


class Acceptance:
    """The checks of one run's task, judged in its journal."""

    def __init__(self, work: Work, bench: Bench) -> None:
        self._work = work
        self._bench = bench

    def judge(self, result: str, settled: bool = False) -> tuple[Verdicts, list[str]]:
        """The verdicts by check, and the faults in words; a waived check has none.

        `settled` says that what came of this judgement is recorded: then it is only gone through again. Raises what a
        turn of the run raises, and Problem(conflict) when a reviewer can't be asked.
        """
        found = [check for check in checks.of_task(self._bench.db, self._bench.task.id) if check.state != "waived"]
        slow = [check for check in found if check.kind in SLOW]
        if not (self._work.journal.noted(JUDGE) or (slow and not settled)):
            verdicts = {} if settled else judging.judge(found, result, self._bench.workspace.text)
        else:
            verdicts = self._slowly(found, slow, result)
        faults = [check for check in found if verdicts.get(check.id)]
        return verdicts, [f"{check.sentence} ({verdicts[check.id]})" for check in faults]

    def _slowly(self, found: list[Check], slow: list[Check], result: str) -> Verdicts:
        """What decides which checks are judged is recorded first, so that a replay goes the same way."""

        def quickly(_: str) -> dict[str, Any]:
            verdicts = judging.judge(found, result, self._bench.workspace.text)
            return {"faults": verdicts, "slow": [check.id for check in slow]}

        first = self._work.step(JUDGE, quickly)
        known = {check.id: check for check in checks.of_task(self._bench.db, self._bench.task.id)}
        verdicts: Verdicts = dict(first["faults"])
        left = [known[check_id] for check_id in first["slow"]]
        # Reviewers come last and only for what passes everything else: they cost money.
        for check in sorted(left, key=lambda check: check.kind == "reviewer_agent"):
            if check.kind == "reviewer_agent" and any(verdicts.values()):
                break
            verdicts[check.id] = SLOW[check.kind](self, check, result)
        return verdicts

    def _command(self, check: Check, result: str) -> str:
        def act() -> dict[str, str]:
            timeout_s = check.spec.get("timeout_s", TIMEOUT_S)
            ended = programs.run(self._bench, check.spec["command"], timeout_s)
            tail = ended.output[-TAIL:].strip()
            said = programs.fault(ended, timeout_s)
            return {"fault": said and f"{said} {tail}".strip(), "output": tail}

        return self._found(check, act)

    def _url(self, check: Check, result: str) -> str:
        def act() -> dict[str, str]:
            try:
                status = web.fetch(self._bench, check.spec["url"]).status
            except Unfetched as fault:
                return {"fault": str(fault)}
            return {"fault": "" if status == 200 else f"it answered {status}"}

        return self._found(check, act)

    def _review(self, check: Check, result: str) -> str:
        return reviewing.review(self._work, self._bench, check, result)

    def _found(self, check: Check, act: Callable[[], dict[str, str]]) -> str:
        def do(_: str) -> dict[str, str]:
            found = act()
            # What a cancel or another worker cut short says nothing about the work.
            self._work.journal.check()
            return found

        given = {"check": check.id, "asks": check.sentence}
        return self._work.step(f"check.{check.kind}", do, given)["fault"]


SLOW: dict[str, Callable[[Acceptance, Check, str], str]] = {
    "command_exit_0": Acceptance._command,
    "url_200": Acceptance._url,
    "reviewer_agent": Acceptance._review,
}
