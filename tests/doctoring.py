"""A healthy box for the doctor, and what is put into it to break it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance import app, clock, doctor, ids, settings
from appliance.db.database import Database
from appliance.db.tenants import open_catalogue
from appliance.doctor import Finding
from appliance.domain import samples, setup, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.setup import NewOwner
from appliance.errors import Problem
from tests import proving

AN_HOUR = 3600.0


class Patient(NamedTuple):
    """A box of owner Alice with tenant Acme and a simulated account; `flags` are its settings."""

    folder: Path
    flags: dict[str, Any]
    patch: pytest.MonkeyPatch
    open: list[socket.socket]

    def findings(self) -> list[Finding]:
        return list(doctor.examine(settings.load({"data": str(self.folder), **self.flags}, {}), _no_queue))

    def mend(self) -> dict[str, str]:
        values = settings.load({"data": str(self.folder), **self.flags}, {})
        return {one.id: one.said for one in doctor.mend(values, self.findings())}

    @contextmanager
    def control(self) -> Iterator[Database]:
        catalogue = open_catalogue(self.folder)
        with catalogue.control() as control:
            yield control
        catalogue.close()

    @contextmanager
    def acme(self) -> Iterator[Database]:
        catalogue = open_catalogue(self.folder)
        with catalogue.control() as control:
            tenant = tenants.by_slug(control, "acme")
        with catalogue.open(tenant.id) as db:
            yield db
        catalogue.close()

    @property
    def tenant_file(self) -> Path:
        [file] = self.folder.glob("tenants/*/tenant.db")
        return file


def healthy(folder: Path) -> None:
    values = settings.load({"data": str(folder)}, {})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box, catalogue.control() as control:
        owner = NewOwner("Acme", "Alice", "alice@acme.test", "correct horse battery", "acme")
        _, tenant = setup.complete(catalogue, control, box.vault, None, owner)
        with catalogue.open(tenant.id) as db:
            samples.add_simulated(db, SYSTEM, box.vault)
            samples.add_team(db, SYSTEM, "sim-standard")
    folder.chmod(0o700)


def spoil(file: Path) -> None:
    """Overwrite every page after the first, as a failing disk might."""
    for leftover in file.parent.glob(file.name + "-*"):
        leftover.unlink()
    size = file.stat().st_size
    with file.open("r+b") as out:
        out.seek(4096)
        out.write(os.urandom(size - 4096))


def certificate(file: Path, days: float) -> Path:
    """A certificate of its own authority that ends in so many days."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hq.acme.test")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=90))
    signed = made.not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return file


def old(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (1, 1))
    return path


def run(db: Database, **values: Any) -> None:
    agent = db.rows("SELECT id, revision FROM agents LIMIT 1")[0]
    task = {"id": ids.new(), "number": 900, "title": "A task", "state": "in_progress", "created_by": "agent:x"}
    columns = {row["name"]: row for row in db.rows("PRAGMA table_info(tasks)")}
    needed = {
        n: "" if c["type"] == "TEXT" else 0 for n, c in columns.items() if c["notnull"] and c["dflt_value"] is None
    }
    db.insert("tasks", needed | {"agent_id": agent["id"]} | task)
    row = {"id": ids.new(), "task_id": task["id"], "agent_id": agent["id"], "agent_revision": 1, "attempt": 1}
    row |= {"state": "ready", "priority": 1, "ready_at": clock.ahead(-AN_HOUR), "chain": "c", "depth": 0}
    db.insert("runs", row | {"created_at": clock.ahead(-AN_HOUR)} | values)


def call(db: Database, **values: Any) -> None:
    row = {"id": ids.new(), "provider_id": "p", "model": "m-1", "state": "ok", "estimate_nano": 1, "simulated": False}
    db.insert("calls", row | {"day": clock.iso()[:10], "started_at": clock.iso()} | values)


def notice(db: Database, **values: Any) -> None:
    row = {
        "id": ids.new(),
        "seq": 0,
        "event": "e",
        "kind": "mine",
        "channel": "email",
        "target": "a@b",
        "content": "{}",
    }
    row |= {"state": "queued", "due_at": clock.ahead(60), "created_at": clock.iso()}
    db.insert("notices", row | values)


def proven(patient: Patient, state: str, age_s: float, drill_age_s: float) -> None:
    with patient.control() as control:
        tenant = control.value("SELECT id FROM tenants")
        proving.backup(control, tenant, clock.ahead(-age_s))
        if state != "verified":
            proving.backup(control, tenant, clock.ahead(-60), state)
        proving.drill(control, tenant, clock.ahead(-drill_age_s))


def _no_queue(values: settings.Settings) -> str:
    raise Problem("unavailable", "The queue's server does not answer.")
