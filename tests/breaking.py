"""For each of the doctor's checks one way to break what it looks at."""

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from appliance import app, clock, diskspace, ids, keyfile, settings
from appliance.db import datafolder, library
from appliance.db.database import Database
from appliance.db.sqlite import SqliteDatabase
from appliance.doctor import holding, program, rooms
from appliance.domain import alert_channels, heartbeats, providers, samples, workers
from appliance.domain.actor import SYSTEM
from appliance.domain.alert_channels import NewAlertChannel
from tests.doctoring import AN_HOUR, Patient, call, certificate, notice, old, proven, run, spoil


class Break(NamedTuple):
    """How to break what a check looks at, and what it then says."""

    how: Callable[[Patient], object]
    severity: str
    said: str


def _sql(where: str, statement: str, **values: Any) -> Callable[[Patient], None]:
    def do(patient: Patient) -> None:
        with patient.control() if where == "control" else patient.acme() as db:
            db.execute(statement, values)

    return do


def _in_acme(act: Callable[[Database], object]) -> Callable[[Patient], None]:
    def do(patient: Patient) -> None:
        with patient.acme() as db:
            act(db)

    return do


def _flags(**flags: Any) -> Callable[[Patient], None]:
    return lambda patient: patient.flags.update(flags)


def _patch(target: object, name: str, value: object) -> Callable[[Patient], None]:
    return lambda patient: patient.patch.setattr(target, name, value)


def _full(**shares: Any) -> Callable[[Patient], None]:
    return _patch(diskspace, "look", lambda folder: diskspace.Space(**({"free": 50, "total": 100} | shares)))


def _blob(patient: Patient) -> None:
    with patient.acme() as db:
        db.insert("blobs", {"digest": "ab" * 32, "size": 9, "created_at": clock.iso()})


def _foreign(patient: Patient) -> None:
    with patient.acme() as db:
        db.rows("SELECT 1")
        db._reading.conn.execute("PRAGMA foreign_keys = OFF")  # type: ignore[attr-defined]
        db._reading.conn.execute("UPDATE agent_revisions SET agent_id = 'gone ' || agent_id")  # type: ignore[attr-defined]


def _taken_port(patient: Patient) -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    patient.flags["port"] = str(taken.getsockname()[1])
    patient.open.append(taken)


def _worker(control: Database, owner: str) -> None:
    row = {"owner": owner, "host": "far", "place": workers.here(), "pid": 2**22 + 1, "role": "all"}
    control.insert("workers", row | {"started_at": clock.iso(), "seen_at": clock.iso()})


def _silent_process(patient: Patient) -> None:
    with patient.control() as control:
        _worker(control, "9-z")


def _silent_part(patient: Patient) -> None:
    with patient.control() as control:
        heartbeats.beat(control, "scheduler", "9-z")
        control.execute("UPDATE heartbeats SET at = :then", {"then": clock.ahead(-AN_HOUR)})


def _queue_away(patient: Patient) -> None:
    """Only where processes share the data is there a queue's server; the patient's never answers."""
    patient.patch.setattr(holding, "has_queue", lambda box: True)


def _key_used(patient: Patient) -> None:
    with patient.control() as control:
        row = {"id": ids.new(), "tenant_id": control.value("SELECT id FROM tenants"), "name": "ci", "digest": "d"}
        row |= {"hint": "x", "role": "operator", "created_by": "a", "created_at": clock.iso()}
        control.insert("api_keys", row | {"expires_at": clock.ahead(-AN_HOUR), "refused_at": clock.ahead(-60)})


def _channel_failing(patient: Patient) -> None:
    values = settings.load({"data": str(patient.folder)}, {})
    with app.open_data(values) as catalogue, catalogue.control() as control:
        vault = keyfile.unlock(catalogue, values)
        new = NewAlertChannel("webhook", "https://pager.acme.test/in")
        made = alert_channels.add(control, SYSTEM, vault, new).channel
        letter = {"id": ids.new(), "alert_id": "a", "channel_id": made.id, "event": "raised", "state": "queued"}
        control.insert(
            "alert_letters",
            letter | {"tries": 1, "due_at": clock.iso(), "created_at": clock.iso(), "detail": "Answered 500."},
        )


def _skewed(self: SqliteDatabase, ahead: float = 0.0) -> str:
    return clock.ahead(ahead + 120)


def _wal(patient: Patient) -> None:
    patient.patch.setattr(rooms, "LARGE_WAL", -1)


def _schedule(db: Database) -> None:
    row = {"id": ids.new(), "slug": "nightly", "name": "Nightly", "spec": "{}", "zone": "UTC", "target": "{}"}
    row |= {"overlap": "skip", "catch_up_s": 0, "jitter_s": 0, "pause_after": 0, "state": "active", "created_by": "a"}
    row |= {"fire_at": clock.ahead(-AN_HOUR), "reckoned_at": clock.iso(), "created_at": clock.iso()}
    db.insert("schedules", row | {"updated_at": clock.iso()})


def _uncapped(db: Database) -> None:
    db.execute("DELETE FROM budgets")
    call(db, cost_nano=5)


def _failed_test(db: Database) -> None:
    providers.note_test(db, SYSTEM, samples.ACCOUNT, False, "The provider refused the key.", [])


def _logs(patient: Patient) -> None:
    (patient.folder / "logs").mkdir(exist_ok=True)
    for n in ("", ".1", ".2"):
        (patient.folder / "logs" / f"agenthq.log{n}").write_bytes(bytes(2**20))
    patient.flags.update(log_mb="1", log_files="1")
    (patient.folder / "logs" / "agenthq.log.3").write_bytes(bytes(2**20))


def _toml(patient: Patient) -> None:
    file = patient.folder / "agenthq.toml"
    file.write_text('metrics_token = "abcdefgh12345678"\n')
    file.chmod(0o644)
    patient.folder.chmod(0o755)


def _key_mode(patient: Patient) -> None:
    keyfile.path(patient.folder).chmod(0o644)


def _no_folder(patient: Patient) -> None:
    def refuse(self: Path, *args: Any, **more: Any) -> None:
        raise PermissionError(13, "Permission denied")

    patient.patch.setattr(Path, "touch", refuse)


def _newer_file(patient: Patient) -> None:
    ahead = clock.now().timestamp() + AN_HOUR
    os.utime(patient.folder / "control.db", (ahead, ahead))


def _no_control(patient: Patient) -> None:
    for file in patient.folder.glob("control.db*"):
        file.unlink()


def _lost_files(patient: Patient) -> None:
    old(patient.tenant_file.parent / "files" / "blobs" / "cd" / ("cd" * 32))


NEWER = "INSERT INTO _migrations (version, name, applied_at) VALUES (9999, 'later', '')"
BREAKS: dict[str, Break] = {
    "sqlite.version": Break(_patch(library, "version", lambda: "3.40.1"), "error", "SQLite 3.40.1"),
    "sqlite.copies": Break(_patch(library, "mapped_copies", lambda: ["a", "b"]), "error", "2 in this process"),
    "sqlite.fts5": Break(_patch(library, "has_fts5", lambda: False), "error", "missing"),
    "program.interface": Break(_patch(program, "resource_root", lambda: Path("/nowhere")), "error", "missing"),
    "system.files": Break(_patch(program, "FEW_FILES", 2**40), "warning", "open files allowed"),
    "system.temp": Break(_patch(tempfile, "tempdir", "/nowhere"), "error", "No such file"),
    "system.clock": Break(_newer_file, "error", "a file was written 3"),
    "config.exposure": Break(_flags(host="0.0.0.0"), "error", "can't be used"),
    "config.insecure_http": Break(_flags(host="0.0.0.0", insecure_http="true"), "warning", "in clear"),
    "config.sharing": Break(_flags(role="worker"), "error", "role worker on SQLite files"),
    "config.public_url": Break(_flags(public_url="hq.acme.test"), "error", "is no address"),
    "config.smtp": Break(
        _flags(smtp_host="mail.acme.test", smtp_user="hq", smtp_security="none"), "warning", "in clear"
    ),
    "tls.certificate": Break(
        lambda p: p.patch.setattr(program.certificates, "file", lambda s: certificate(p.folder / "tls.pem", 3)),
        "warning",
        "in 3 days",
    ),
    "data.folder": Break(_no_folder, "error", "can't be used"),
    "data.filesystem": Break(_patch(datafolder, "filesystem", lambda *a: "nfs4"), "error", "is on nfs4"),
    "data.private": Break(lambda p: p.folder.chmod(0o755), "warning", "others can read"),
    "keys.mode": Break(_key_mode, "error", "master.key"),
    "config.file": Break(_toml, "warning", "metrics_token"),
    "data.disk": Break(_full(free=4), "error", "4.0%"),
    "data.inodes": Break(_full(inode_share=0.01), "error", "1.0% of the inodes"),
    "data.leftovers": Break(lambda p: old(p.folder / "tenants" / "x.creating"), "warning", "x.creating"),
    "logs.size": Break(_logs, "warning", "4 MB of logs"),
    "server": Break(lambda p: (p.folder / "server.lock").write_text("{}"), "ok", "not running"),
    "data.open": Break(_no_control, "error", "no control.db"),
    "data.control": Break(lambda p: spoil(p.folder / "control.db"), "error", ""),
    "data.schema": Break(_sql("control", NEWER), "error", "schema 9999"),
    "database.clock": Break(_patch(SqliteDatabase, "now", _skewed), "error", "differ by 120 s"),
    "keys.master": Break(lambda p: keyfile.path(p.folder).write_text("ab" * 32), "error", "master key"),
    "audit.chain": Break(
        _sql("control", "UPDATE audit SET subject = 'nobody' WHERE seq = 2"), "error", "Line 2 is not what was written"
    ),
    "people.owner": Break(_sql("control", "UPDATE memberships SET role = 'viewer'"), "warning", "nobody owns"),
    "people.box_owner": Break(_sql("control", "UPDATE users SET box_owner = FALSE"), "warning", "nobody who can"),
    "server.port": Break(_taken_port, "error", "in use"),
    "queue": Break(_queue_away, "error", "Not available"),
    "processes": Break(_silent_process, "warning", "no heartbeat from all"),
    "engine.heartbeats": Break(_silent_part, "error", "scheduler gave no sign"),
    "data.strangers": Break(lambda p: (p.folder / "tenants" / "stray").mkdir(), "warning", "stray"),
    "keys.expired": Break(_key_used, "warning", "ci of acme"),
    "alerts.channels": Break(_channel_failing, "warning", "Answered 500."),
    "backups.recent": Break(lambda p: proven(p, "failed", AN_HOUR, AN_HOUR), "error", "acme"),
    "backups.drill": Break(lambda p: proven(p, "verified", AN_HOUR, 30 * 24 * AN_HOUR), "warning", "acme"),
    "tenant.integrity": Break(lambda p: spoil(p.tenant_file), "error", ""),
    "tenant.schema": Break(_sql("acme", "DELETE FROM _migrations WHERE version = 3"), "error", "without 3"),
    "tenant.foreign_keys": Break(_foreign, "error", "points at one that is gone"),
    "tenant.blobs": Break(_blob, "error", "1 of 1 stored values are missing"),
    "tenant.orphans": Break(_lost_files, "warning", "1 files that belong to nothing"),
    "tenant.wal": Break(_wal, "warning", "write-ahead log"),
    "runs.stuck": Break(_in_acme(run), "warning", "1 runs are ready"),
    "runs.leases": Break(
        _in_acme(lambda db: run(db, state="running", lease_owner="9-z", lease_until="2020-01-01T00:00:00.000000Z")),
        "warning",
        "1 runs are held",
    ),
    "schedules.late": Break(_in_acme(_schedule), "warning", "nightly"),
    "providers.failing": Break(_in_acme(_failed_test), "error", "Simulated failed its last test"),
    "prices.unpriced": Break(_in_acme(lambda db: call(db, cost_source="unpriced")), "warning", "m-1"),
    "budgets.limit": Break(_in_acme(_uncapped), "warning", "no budget limits it"),
    "notices.email": Break(
        _in_acme(lambda db: notice(db, tries=1, detail="mail.acme.test refused.")), "warning", "refused"
    ),
    "notices.stuck": Break(_in_acme(lambda db: notice(db, due_at=clock.ahead(-2 * AN_HOUR))), "warning", "1 notices"),
    "events.gap": Break(
        _sql("acme", "DELETE FROM events WHERE seq = (SELECT MIN(seq) + 1 FROM events)"),
        "error",
        "1 events are missing",
    ),
}
