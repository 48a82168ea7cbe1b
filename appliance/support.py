"""The support bundle: what helps somebody else to see what is wrong, and nothing that people or models have written.

Every file is put together as text, cleaned of every secret that this box knows, and can be looked at before.
"""

import contextlib
import io
import os
import platform
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from appliance import __version__, clock, doctor, logs, redaction
from appliance.crypto import Vault
from appliance.db import library, migrate
from appliance.db.database import Database
from appliance.db.tenants import Catalogue, open_catalogue
from appliance.doctor.finding import AskQueue
from appliance.domain import alert_channels, alerts, heartbeats, provider_secrets, providers, tenants, workers
from appliance.domain.notices import channels
from appliance.errors import Problem
from appliance.metrics import page
from appliance.metrics.counts import Counts
from appliance.settings import TABLE, Settings

LAST_LOG = 2 * 2**20
COUNTED = ("agents", "tasks", "runs", "steps", "calls", "attempts", "events", "workflows", "instances", "schedules")
COUNTED_OF_BOX = ("tenants", "users", "memberships", "api_keys", "hooks", "sessions", "alerts", "alert_channels")


class Part(NamedTuple):
    name: str
    text: str


def collect(settings: Settings, vault: Vault | None, ask_queue: AskQueue | None = None) -> list[Part]:
    """The files of the bundle, redacted. With the `vault` secrets of tenants are known by value and taken out."""
    parts = [
        Part("README.txt", _about()),
        Part("versions.json", _json(_versions())),
        Part("config.json", _json(_config(settings))),
        Part("doctor.json", _json([finding._asdict() for finding in doctor.examine(settings, ask_queue)])),
    ]
    try:
        catalogue = open_catalogue(settings.data_dir, settings.database_url, looking=True)
    except Problem as problem:
        parts.append(Part("data.txt", problem.detail + "\n"))
    else:
        with contextlib.closing(catalogue):
            parts += _inside(catalogue, vault)
    parts += [Part(f"logs/{path.name}", _tail(path)) for path in logs.files(settings.data_dir)[:2]]
    _remember_settings(settings)
    return [Part(part.name, redaction.clean_log(part.text)) for part in parts]


def zipped(parts: list[Part]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.writestr(part.name, part.text)
    return out.getvalue()


def write(path: Path, parts: list[Part]) -> None:
    """For its owner alone. Raises Problem(usage) where it can't be written or is there already."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(zipped(parts))
    except OSError as error:
        raise Problem("usage", f"{path} can't be written: {error.strerror}.") from error


def _inside(catalogue: Catalogue, vault: Vault | None) -> list[Part]:
    """A part that can't be made says why: what is broken is what the bundle is for."""
    with catalogue.control() as control:
        found = max(migrate.applied(control), default=0)
    if found != migrate.latest("control"):
        return [Part("data.txt", f"Schema {found}, this program has {migrate.latest('control')}: not looked into.\n")]
    made: tuple[tuple[str, Callable[[], str]], ...] = (
        ("counts.json", lambda: _json(_counts(catalogue, vault))),
        ("alerts.json", lambda: _json(_alerts(catalogue))),
        ("processes.json", lambda: _json(_processes(catalogue))),
        ("metrics.txt", lambda: page.text(catalogue, Counts(), page.Spans()).decode()),
    )
    return [Part(name, _tried(make)) for name, make in made]


def _tried(make: Callable[[], str]) -> str:
    try:
        return make()
    except Problem as problem:
        return f"{problem.title}: {problem.detail}\n"


def _about() -> str:
    return (
        f"AgentHQ {__version__}, made at {clock.iso()}.\n\n"
        "Findings of the doctor, settings (secrets left out), versions, counts, alerts, processes, a page of metrics\n"
        "and the end of the log. No table is copied: tasks, prompts and answers are not in here. The log may name\n"
        "accounts and addresses. Secrets that this box knows are replaced by [secret].\n"
        "Look through it before you pass it on.\n"
    )


def _versions() -> dict[str, Any]:
    packages = {dist.metadata["Name"]: dist.version for dist in metadata.distributions() if dist.metadata["Name"]}
    machine = {"system": platform.platform(), "machine": platform.machine(), "cpus": os.cpu_count()}
    return {
        "agenthq": __version__,
        "python": sys.version,
        "sqlite": library.version(),
        "schemas": {kind: migrate.latest(kind) for kind in ("control", "tenant")},
        **machine,
        "packages": dict(sorted(packages.items())),
    }


def _config(settings: Settings) -> dict[str, Any]:
    return {
        setting.name: {
            "value": ("set" if getattr(settings, setting.name) else "")
            if setting.secret
            else getattr(settings, setting.name),
            "origin": settings.origin(setting.name),
        }
        for setting in TABLE
    }


def _counts(catalogue: Catalogue, vault: Vault | None) -> dict[str, Any]:
    with catalogue.control() as control:
        found: dict[str, Any] = {"box": {table: _count(control, table) for table in COUNTED_OF_BOX}}
        found["box"]["schema"] = max(migrate.applied(control))
        _remember_channels(control, vault)
        known = tenants.every(control)
    for tenant in known:
        try:
            with catalogue.open(tenant.id) as db:
                found[tenant.id] = {table: _count(db, table) for table in COUNTED}
                found[tenant.id] |= {"schema": max(migrate.applied(db)), "state": tenant.state}
                _remember(db, vault)
        except Problem as problem:
            found[tenant.id] = {"fault": problem.detail}
    return found


def _count(db: Database, table: str) -> int:
    return int(db.value(f"SELECT COUNT(*) FROM {table}"))


def _remember(db: Database, vault: Vault | None) -> None:
    """Opening a secret is what makes it known, so that it can be taken out of the log."""
    if vault is None:
        return
    for account in providers.all(db):
        provider_secrets.opened(db, vault, account.id)
    for channel in channels.every(db):
        channels.opened(db, vault, channel.id)


def _remember_channels(control: Database, vault: Vault | None) -> None:
    if vault is None:
        return
    for channel in alert_channels.every(control):
        alert_channels.opened(control, vault, channel.id)


def _remember_settings(settings: Settings) -> None:
    for setting in TABLE:
        if setting.secret and (value := getattr(settings, setting.name)):
            redaction.remember(str(value), "")


def _alerts(catalogue: Catalogue) -> list[dict[str, Any]]:
    with catalogue.control() as control:
        found = [*alerts.open_ones(control), *alerts.history(control).items]
    return [
        {"rule": a.rule, "severity": a.severity, "raised_at": a.raised_at, "cleared_at": a.cleared_at} for a in found
    ]


def _processes(catalogue: Catalogue) -> dict[str, Any]:
    with catalogue.control() as control:
        found = [msgspec.to_builtins(worker) for worker in workers.all(control)]
        return {"processes": found, "heartbeats": heartbeats.ages(control)}


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LAST_LOG))
        return file.read().decode("utf-8", "replace")


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode() + "\n"
