"""Steps of workflows that need no model: a request, and a program in the workflow's folder of files.

A person has allowed both by applying the workflow. What they came to is kept on the step's node in the commit that ends
the run; an outcome that nobody knows is decided by a person.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance.domain import endings, hosts, tasks, workspace
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import nodes
from appliance.domain.instances.nodes import Node
from appliance.engine.journal import Cancelled, InDoubt
from appliance.engine.planner import Verdict
from appliance.engine.tools import Bench, programs
from appliance.engine.work import Ended, Work
from appliance.gateway.fetching import Fetched, Request, Unfetched

REQUEST_S = 60.0
COMMAND_S = 3600.0
TAIL = 1500
# What a definition may say, and the class of effect it is; there is nothing to look it up by.
CLASSES = {"tx": "idempotent", "checkable": "once"}
Given = dict[str, Any]


def run(work: Work) -> None:
    """Carry out the step of the run's task. Raises what a run is told to end or to wait by."""
    journal = work.journal
    node = nodes.of_task(journal.db, journal.run.task_id)
    if node is None or node.kind not in DOES:
        raise Ended(Verdict("failed", "not_found", "No workflow waits for this task.", "needs_decision"))
    output, result = DOES[node.kind](work, node)
    with journal.held() as stop:
        if stop:
            raise Cancelled(journal.run.id)
        nodes.give(journal.db, journal.run.task_id, output)
        endings.complete(journal.db, journal.run, result, {})
        journal.ended()


def _http(work: Work, node: Node) -> tuple[Given, str]:
    given = node.input
    value = _effect(work, "http", given, lambda: _send(work, node, given))
    if not isinstance(value, dict):
        # A person has confirmed that it was done; the answer was lost.
        return {"status": 0, "body": value}, str(value)
    if "fault" in value:
        raise Ended(Verdict("failed", "unreachable", value["fault"], "transient"))
    status = value["status"]
    if status not in given["expect"] if given["expect"] else status >= 400:
        said = f"{given['method']} {given['url']} answered {status}. {_tail(str(value['body']))}"
        raise Ended(Verdict("failed", "http_status", said.strip(), "needs_decision"))
    return value, str(status)


def _send(work: Work, node: Node, given: Given) -> Given:
    headers, body = dict(given["headers"]), given["body"]
    known = {name.lower() for name in headers}
    if body is not None and not isinstance(body, str) and "content-type" not in known:
        headers["Content-Type"] = "application/json"
    if given["effect"] == "keyed" and "idempotency-key" not in known:
        # The same for every attempt at the step.
        headers["Idempotency-Key"] = f"{node.instance_id}:{node.path}"
    sent = None if body is None else body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    bench = _bench(work)
    bench.step_aside()
    request = Request(given["url"], given["method"], headers, sent, REQUEST_S)
    answer = bench.gateway.request(request, hosts.allowed(bench.db), bench.cancelled)
    return {"status": answer.status, "body": _body(answer)}


def _body(answer: Fetched) -> Any:
    if answer.cut:
        raise Unfetched(f"{answer.url} answered with more than a step may keep.", sent=True)
    if "json" in answer.content_type:
        try:
            return msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, RecursionError):
            return answer.text
    return answer.text


def _command(work: Work, node: Node) -> tuple[Given, str]:
    given = node.input
    value = _effect(work, "command", given, lambda: _start(work, given["command"]))
    if not isinstance(value, dict):
        return {"code": 0, "text": value, "data": None}, str(value)
    if value["fault"]:
        said = f"{value['fault']} {_tail(value['output'])}".strip()
        raise Ended(Verdict("failed", "command_failed", said, "needs_decision"))
    return {name: value[name] for name in ("code", "text", "data")}, value["text"][-TAIL:].strip()


def _start(work: Work, command: str) -> Given:
    try:
        ended = programs.run(_bench(work), command, COMMAND_S)
    except (ValueError, OSError) as error:
        return {"fault": f"The command can't be started: {error}.", "output": ""}
    fault = programs.fault(ended, COMMAND_S)
    return {
        "code": ended.code,
        "text": ended.stdout,
        "data": _data(ended.stdout),
        "output": ended.output,
        "fault": fault,
    }


def _data(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _effect(work: Work, name: str, given: Given, act: Callable[[], Given]) -> Any:
    """What came of it, recorded; {"fault"} when nothing did. Raises InDoubt when nobody can tell."""
    effect = str(CLASSES.get(given["effect"], given["effect"]))

    def do(_: str) -> Given:
        try:
            found = act()
        except Unfetched as fault:
            work.journal.check()
            if fault.sent and effect == "once":
                raise InDoubt(work.journal.recorded(name)) from None
            return {"fault": str(fault)}
        # What a cancel or another worker cut short says nothing about the step.
        work.journal.check()
        return found

    return work.step(name, do, given, effect)


def _bench(work: Work) -> Bench:
    journal = work.journal
    task = tasks.get(journal.db, journal.run.task_id)
    files = workspace.of(journal.files, task)
    gateway = work.calls.accounts.gateway
    return Bench(journal.db, task, SYSTEM, files, gateway, journal.interrupted, journal.blocking)


def _tail(text: str) -> str:
    return text.strip()[-TAIL:]


DOES: dict[str, Callable[[Work, Node], tuple[Given, str]]] = {"http": _http, "command": _command}
