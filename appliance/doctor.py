"""Is everything all right here? Each check says what it saw and, when something is wrong, what to do. Read-only."""

import contextlib
import os
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from appliance import keyfile
from appliance.db import datafolder, library, migrate, ownership
from appliance.db.database import Database
from appliance.db.tenants import Catalogue, open_catalogue
from appliance.domain import providers, setup, tenants, workers
from appliance.errors import Problem
from appliance.settings import Settings, resource_root

LOW_DISK = 0.05
FEW_FILES = 1024


class Finding(NamedTuple):
    """`severity` is ok, warning or error; `evidence` is what was seen, `fix` what to do about it."""

    id: str
    severity: Literal["ok", "warning", "error"]
    evidence: str
    fix: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """The program first, then the folder, then what is in it; later checks need the earlier ones."""
    yield _sqlite_version()
    yield _sqlite_copies()
    yield _sqlite_search()
    yield _interface()
    yield _descriptors()
    folder = settings.data_dir
    if not folder.exists():
        yield Finding("data.folder", "ok", f"{folder} does not exist yet", "It is made by the first start.")
        return
    yield _tried("data.folder", lambda: _folder(folder, bool(settings.database_url)))
    yield _private(folder)
    yield _disk(folder)
    yield _server(folder)
    if settings.database_url or (folder / "control.db").exists() or any((folder / "tenants").glob("*/tenant.db")):
        yield from _inside(settings)


def _inside(settings: Settings) -> Iterator[Finding]:
    try:
        catalogue = open_catalogue(settings.data_dir, settings.database_url)
    except Problem as problem:
        yield Finding("data.open", "error", problem.detail, "See docs/operations.md, “When it does not start”.")
        return
    with contextlib.closing(catalogue):
        yield (schema := _tried("data.control", lambda: _schema(catalogue)))
        if schema.severity == "ok":
            yield from _contents(catalogue, settings)


def _contents(catalogue: Catalogue, settings: Settings) -> Iterator[Finding]:
    yield _tried("keys.master", lambda: _key(catalogue, settings))
    with catalogue.control() as control:
        yield _owner(control)
        found = tenants.every(control)
    if catalogue.shared:
        yield _tried("queue", lambda: _queue(settings))
        yield _processes(catalogue)
    for tenant in found:
        yield _tried(f"tenant.{tenant.slug}", lambda tenant=tenant: _tenant(catalogue, tenant.id))  # type: ignore[misc]
        yield _tried(f"providers.{tenant.slug}", lambda tenant=tenant: _providers(catalogue, tenant.id))  # type: ignore[misc]


def _tried(id_: str, look: Callable[[], str]) -> Finding:
    """`look` returns what it saw or raises the Problem it found."""
    try:
        return Finding(id_, "ok", look())
    except Problem as problem:
        return Finding(id_, "error", problem.title, problem.detail)


def _sqlite_version() -> Finding:
    good = tuple(map(int, library.version().split("."))) >= library.OLDEST
    fix = "" if good else "Install pysqlite3 0.6.1 or newer; older SQLite can corrupt write-ahead logs."
    return Finding("sqlite.version", "ok" if good else "error", f"SQLite {library.version()}", fix)


def _sqlite_copies() -> Finding:
    copies = library.mapped_copies()
    good = len(copies) <= 1
    fix = "" if good else "Start AgentHQ alone in its process; two copies drop each other's locks."
    return Finding("sqlite.copies", "ok" if good else "error", f"{max(len(copies), 1)} in this process", fix)


def _sqlite_search() -> Finding:
    good = library.has_fts5()
    return Finding(
        "sqlite.fts5", "ok" if good else "error", "present" if good else "missing", "" if good else "Install pysqlite3."
    )


def _interface() -> Finding:
    folder = resource_root() / "ui"
    good = (folder / "templates").is_dir() and (folder / "static").is_dir()
    fix = "" if good else "The program is incomplete: download it again, or run it from a whole checkout."
    return Finding("program.interface", "ok" if good else "error", "pages and assets found" if good else "missing", fix)


def _descriptors() -> Finding:
    import resource  # noqa: PLC0415  not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = soft >= FEW_FILES
    fix = "" if good else f"Raise the limit of open files (ulimit -n {FEW_FILES})."
    return Finding("system.files", "ok" if good else "warning", f"{soft} open files allowed (hard limit {hard})", fix)


def _folder(folder: Path, shared: bool) -> str:
    datafolder.prepare(folder, shared)
    return f"{folder} can be written ({datafolder.filesystem(folder) or 'local'})"


def _private(folder: Path) -> Finding:
    open_to = [p for p in (folder, keyfile.path(folder)) if p.exists() and stat.S_IMODE(os.stat(p).st_mode) & 0o077]
    if not open_to:
        return Finding("data.private", "ok", "only its owner can read the folder and the key")
    names = ", ".join(str(p) for p in open_to)
    return Finding("data.private", "warning", f"others can read {names}", f"Run: chmod go-rwx {names.replace(',', '')}")


def _disk(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    share = usage.free / usage.total
    fix = "" if share >= LOW_DISK else "Free some space: below 5 % new work is not started."
    evidence = f"{usage.free / 2**30:.1f} GiB free ({share:.0%})"
    return Finding("data.disk", "ok" if share >= LOW_DISK else "error", evidence, fix)


def _server(folder: Path) -> Finding:
    owner = ownership.owner(folder)
    evidence = f"running as process {owner.get('pid')} at {owner.get('link')}" if owner else "not running"
    return Finding("server", "ok", evidence)


def _schema(catalogue: Catalogue) -> str:
    with catalogue.control() as control:
        _sound(control)
        return f"schema {migrate.version(control)}, sound"


def _key(catalogue: Catalogue, settings: Settings) -> str:
    keyfile.unlock(catalogue, settings)
    return "opens this box's secrets"


def _owner(control: Database) -> Finding:
    if setup.has_owner(control):
        return Finding("people.owner", "ok", "there is an owner")
    return Finding("people.owner", "warning", "nobody owns this box yet", "Start the server and open the printed link.")


def _queue(settings: Settings) -> str:
    from appliance.engine.bells.chosen import open_server  # noqa: PLC0415  only where there is a queue server

    url = settings.queue_url or settings.database_url
    with contextlib.closing(open_server(url)) as server:
        return f"{url.partition(':')[0]} answers, {server.size()} bells in line"


def _processes(catalogue: Catalogue) -> Finding:
    with catalogue.control() as control:
        alive = workers.living(control, shared=True)
        found = [worker for worker in workers.all(control) if worker.role != workers.COMMAND]
    roles = Counter(worker.role for worker in found if worker.owner in alive)
    silent = [f"{worker.role} {worker.pid} on {worker.host}" for worker in found if worker.owner not in alive]
    said = ", ".join(f"{count} {role}" for role, count in sorted(roles.items())) or "none runs"
    if silent:
        return Finding("processes", "warning", f"no heartbeat from {', '.join(silent)}", "Start them again.")
    if roles and not roles["all"]:
        missing = [f"--role {role}" for role in ("web", "worker", "scheduler") if not roles[role]]
        if missing:
            return Finding("processes", "warning", said, f"Start agenthq serve {' and '.join(missing)}.")
    return Finding("processes", "ok", said)


def _tenant(catalogue: Catalogue, tenant_id: str) -> str:
    with catalogue.open(tenant_id) as db:
        _sound(db)
        tasks = db.value("SELECT COUNT(*) AS n FROM tasks")
        waiting = db.value("SELECT COUNT(*) AS n FROM runs WHERE state IN ('ready', 'running', 'waiting')")
        return f"schema {migrate.version(db)}, sound, {tasks} tasks, {waiting} open runs"


def _providers(catalogue: Catalogue, tenant_id: str) -> str:
    with catalogue.open(tenant_id) as db:
        accounts = providers.all(db)
    failing = [p for p in accounts if p.test_ok is False and not p.paused]
    if failing:
        raise Problem("provider_failed", f"{failing[0].name}: {failing[0].test_detail}")
    return f"{len(accounts)} accounts, none failing its last test"


def _sound(db: Database) -> None:
    if (fault := db.integrity()) != "ok":
        raise Problem("unavailable", f"The database {db.name} is damaged ({fault}). Restore it from a backup.")
