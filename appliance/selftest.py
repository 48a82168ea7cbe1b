"""Does this very program work here? Starts it in a scratch folder, uses it as a person would, and takes it down.

Run on every built executable before it is shipped, and by anybody who doubts a download.
"""

import json
import os
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from appliance import app, children, clock, crypto, settings, trust
from appliance.app import Box
from appliance.children import programs
from appliance.children.programs import Ended
from appliance.db import library
from appliance.domain import agents, samples, schema, tasks, tenants, workspace
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.checks import NewCheck
from appliance.domain.task_forms import NewTask
from appliance.domain.workflows import templates
from appliance.errors import Problem
from appliance.gateway.client import Gateway
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.prices import PriceBook
from appliance.gateway.types import Account, Usage

PATIENCE_S = 20
GONE_S = 5.0


class Result(NamedTuple):
    name: str
    seconds: float
    fault: str


class Wrong(Exception):
    """Something is not as it should be. Not an assertion: the executable is built without those."""


def run() -> Iterator[Result]:
    """Each check as it ends; `fault` is "" when it passed."""
    with tempfile.TemporaryDirectory(prefix="agenthq-selftest-") as scratch:
        folder = Path(scratch)
        yield _timed("one modern SQLite", library.require)
        yield _timed("secrets seal and open", _secrets)
        yield _timed("TLS is available", _tls)
        yield _timed("children get a clean environment", _environment)
        yield _timed("a program runs and leaves nothing behind", lambda: _program(folder))
        yield _timed("the price catalogue is there", _prices)
        yield _timed("JSON schemas are judged", _schemas)
        yield _timed("the templates are there", _templates)
        yield _timed("a task runs to done", lambda: _task(folder / "task"))
        yield _timed("the data is sound after a restart", lambda: _again(folder / "task"))
        yield _timed("the server serves its pages", lambda: _server(folder / "server"))


def _timed(name: str, check: Callable[[], object]) -> Result:
    start = clock.monotonic()
    fault = ""
    try:
        check()
    except (Wrong, Problem, ProviderFailure, ImportError, OSError, ValueError) as error:
        fault = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Result(name, clock.monotonic() - start, fault)


def _expect(right: bool, fault: str) -> None:
    if not right:
        raise Wrong(fault)


def _secrets() -> None:
    key = crypto.new_key()
    sealed = crypto.seal(key, b"secret", "here")
    _expect(crypto.unseal(key, sealed, "here") == b"secret", "a sealed secret came back changed")
    try:
        crypto.unseal(key, sealed, "elsewhere")
    except Problem:
        return
    raise Wrong("a moved secret opened")


def _tls() -> None:
    _expect(trust.trusting().minimum_version >= ssl.TLSVersion.TLSv1_2, "old TLS would be accepted")


def _environment() -> None:
    seen = children.environment({"AGENTHQ_MASTER_KEY": "x", "_PYI_ARCHIVE_FILE": "y", "PATH": "/bin"})
    _expect(seen == {"PATH": "/bin"}, f"a child would see {sorted(seen)}")


def _program(folder: Path) -> None:
    left = folder / "left"
    script = f"(sleep 60 & echo $! > {left}); echo $HOME $AGENTHQ_MASTER_KEY"
    env = children.plain({"HOME": "/nowhere", "AGENTHQ_MASTER_KEY": "x", "PATH": "/usr/bin:/bin"})
    ended = programs.run(["sh", "-c", script], cwd=folder, env=env, timeout_s=PATIENCE_S, output_limit=1000)
    _expect(ended == Ended(0, "/nowhere\n", ""), f"it ended as {ended}")
    _expect(_gone(int(left.read_text())), "what the program started still runs")


def _gone(pid: int) -> bool:
    """Killed at once, but it is there until whoever inherited it has taken note."""
    until = clock.monotonic() + GONE_S
    while clock.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def _prices() -> None:
    account = Account("selftest", "anthropic")
    price = PriceBook().price(account, "claude-sonnet-4-5", Usage(input_total=1000, output_total=1000), clock.now())
    _expect(bool(price.cost_nano), f"a well-known model has no price: {price.note}")


def _schemas() -> None:
    _expect(bool(schema.fault({}, {"required": ["a"]})), "a missing member was not seen")
    _expect(not schema.fault({"a": 1}, {"required": ["a"]}), "a right value was refused")


def _templates() -> None:
    found = [template.slug for template in templates.listing()]
    _expect(found == list(templates.SLUGS), f"there are only {found}")


@contextmanager
def _box(folder: Path) -> Iterator[Box]:
    values = settings.load({"data": str(folder)}, env={})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as opened:
        yield opened


def _task(folder: Path) -> None:
    with _box(folder) as opened, app.running_engine(opened):
        with opened.catalogue.control() as control:
            tenant = tenants.create(opened.catalogue, control, opened.vault, "selftest", "Selftest")
        with opened.catalogue.open(tenant.id) as db:
            samples.add_simulated(db, SYSTEM, opened.vault, pace="instant")
            agents.create(db, SYSTEM, NewAgent("ada", "Ada", "Write well.", "simulated"))
            checks = [NewCheck("file_exists", {"path": "note.md"})]
            task = tasks.create(db, SYSTEM, NewTask("Write a note", "Save it as note.md", "ada", checks=checks))
            until = clock.monotonic() + PATIENCE_S
            while tasks.get(db, task.id).state in ("todo", "in_progress") and clock.monotonic() < until:
                time.sleep(0.02)
            ended = tasks.get(db, task.id)
        _expect(ended.state == "done", f"it is {ended.state}: {ended.blocked_detail}")
        _expect(ended.cost_nano > 0, "it cost nothing")
        _expect(bool(workspace.of_task(opened.catalogue.files(tenant.id), task.id).files()), "no file was written")


def _again(folder: Path) -> None:
    with _box(folder) as opened:
        with opened.catalogue.control() as control:
            tenant = tenants.by_slug(control, "selftest")
        with opened.catalogue.open(tenant.id) as db:
            _expect(db.integrity() == "ok", "the database is damaged")
            _expect(tasks.get(db, "1").state == "done", "the task was forgotten")


def _server(folder: Path) -> None:
    server = children.start([*children.ourselves(), "serve", "--no-open", "--port", "0", "--data", str(folder)])
    try:
        link = _link(folder)
        _expect(_get(link + "/livez")["status"] == "ok", "the server does not answer")
        _expect(_get(link + "/readyz")["status"] == "ok", "the server is not ready")
        with urllib.request.urlopen(link + "/login", timeout=10) as page:
            _expect(b"AgentHQ" in page.read(), "the first page is not ours")
        _wire(link)
    finally:
        server.terminate()
        _, said = server.communicate(timeout=PATIENCE_S)
    _expect(server.returncode == 0, f"it ended with {server.returncode}: {said[-300:]}")


def _wire(link: str) -> None:
    """The way to a real provider, up to a server that is none: its refusal has to arrive."""
    gateway = Gateway()
    gateway.start()
    try:
        found = gateway.test(Account("selftest", "openai-compatible", link, timeout_s=PATIENCE_S)).failure
    finally:
        gateway.close()
    _expect(found is not None and found.code != "gateway_defect", f"a call to a server ended in {found}")


def _link(folder: Path) -> str:
    """Wait until the server has written where it listens, and answers there."""
    until = clock.monotonic() + PATIENCE_S
    while clock.monotonic() < until:
        try:
            link = str(json.loads((folder / "server.lock").read_text())["link"])
            _get(link + "/livez")
            return link
        except (OSError, ValueError, KeyError):
            time.sleep(0.05)
    raise Wrong(f"the server did not start within {PATIENCE_S} s")


def _get(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return dict(json.load(answer))
