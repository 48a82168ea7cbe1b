"""The box as a whole: its control database, keys, people, processes and what proves its backups."""

import socket
from collections import Counter

from appliance import clock, keyfile
from appliance.crypto import Vault
from appliance.db import migrate
from appliance.db.tenants import Catalogue
from appliance.doctor.finding import BOX, CONTROL, WRITING_MENDS, Box, Fault, check
from appliance.domain import (
    alert_channels,
    alert_letters,
    audit,
    box,
    box_owners,
    heartbeats,
    proofs,
    setup,
    tenants,
    workers,
)
from appliance.errors import Problem
from appliance.listening import PORTS

SKEW_S = 5.0


@check("data.control", CONTROL)
def control(box: Box) -> str:
    if (fault := box.control.integrity()) != "ok":
        raise Fault(f"damaged: {fault}", "Stop the server and restore control.db from a backup.")
    return "sound"


@check("data.schema", CONTROL)
def schema(box: Box) -> str:
    return schema_of(migrate.applied(box.control), "control")


def schema_of(applied: list[int], kind: str) -> str:
    """Raises Fault for data of another version, and for a migration in the middle that is missing."""
    wanted = [migration.version for migration in migrate.migrations(kind)]
    newest = max(applied, default=0)
    try:
        migrate.refuse_newer(newest, kind)
    except Problem as problem:
        raise Fault(f"schema {newest}", problem.detail) from problem
    if missing := [version for version in wanted if version < newest and version not in applied]:
        fix = "Restore the backup from before the upgrade; the log of the upgrade says what failed."
        raise Fault(f"schema {newest} without {', '.join(map(str, missing))}: a migration failed", fix)
    if newest < wanted[-1]:
        fix = "It is brought up when the server of this version first opens it; make a backup before."
        raise Fault(f"schema {newest}, this program has {wanted[-1]}", fix, "warning")
    return f"schema {newest}"


@check("database.clock", BOX)
def database_clock(box: Box) -> str:
    skew = abs(clock.seconds_between(box.control.now(), clock.iso()))
    if skew > SKEW_S:
        fix = "Let this machine and the database's keep time by the same source (NTP)."
        raise Fault(f"the database's clock and this machine's differ by {skew:.0f} s", fix)
    return "as this machine's"


@check("keys.master", BOX)
def master_key(box: Box) -> str:
    probe = box.control.value("SELECT value FROM box WHERE name = 'probe'")
    if probe is None:
        if box.control.value("SELECT COUNT(*) FROM tenants"):
            raise Fault("the key check is missing", "Restore control.db from a backup.")
        return "nothing is sealed yet"
    master = _master(box, probe)

    def find(tenant_id: str) -> str:
        return tenants.wrapped_key(box.control, tenant_id)

    vault = Vault(master, find)
    for tenant in tenants.every(box.control):
        try:
            # Sealing needs the data key; what it makes is thrown away.
            vault.seal(tenant.id, "doctor", "a probe")
        except Problem as problem:
            fix = "Restore control.db from the backup that belongs to this master key."
            raise Fault(f"the data key of {tenant.slug} does not open", fix) from problem
    return "opens this box's secrets"


@check("audit.chain", BOX)
def audit_log(box: Box) -> str:
    stored = {row["name"]: row["value"] for row in box.control.rows("SELECT name, value FROM box")}
    if not {"probe", "audit_key"} <= stored.keys():
        return "nothing is recorded yet"
    try:
        master = keyfile.load_master(box.scene.settings, box.catalogue.folder, stored["probe"])
    except Problem:
        return "not looked at: the master key does not open it"
    box.control.log_key = Vault(master, lambda _: "").log_key(stored["audit_key"])
    proof = audit.verify(box.control)
    if proof.fault:
        raise Fault(proof.fault, "Compare with a backup from before; agenthq audit verify --box says more.")
    return f"{proof.lines} lines, each as it was written"


def _master(box: Box, probe: str) -> bytes:
    try:
        return keyfile.load_master(box.scene.settings, box.catalogue.folder, probe)
    except Problem as problem:
        raise Fault(problem.title, problem.detail) from problem


@check("people.owner", BOX)
def owner(box: Box) -> str:
    if not setup.has_owner(box.control):
        raise Fault("nobody owns this box yet", "Start the server and open the printed link.", "warning")
    return "there is an owner"


@check("people.box_owner", BOX)
def box_owner(box: Box) -> str:
    able = [user.email for user in box_owners.every(box.control) if not user.disabled]
    if not able and setup.has_owner(box.control):
        fix = "Appoint one: nobody can open the rooms of the box, and nobody is asked about it."
        raise Fault("nobody who can sign in answers for the box", fix, "warning")
    return f"{len(able)} answer for the box"


@check("server.port", BOX)
def port(box: Box) -> str:
    """As a start would: a port that is asked for, or the one that was kept."""
    settings = box.scene.settings
    wanted = settings.port or box_port(box)
    if box.scene.server or settings.role in ("worker", "scheduler"):
        return "the server has its port" if box.scene.server else "this role listens nowhere"
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, wanted))
        except OSError as error:
            severity, fix = ("error", "Stop what uses it, or choose another with --port N.")
            if not settings.port:
                severity, fix = "warning", "The next start takes another one: links with the old one end there."
            raise Fault(f"port {wanted} of {settings.host}: {error.strerror}", fix, severity) from error  # type: ignore[arg-type]
    return f"port {wanted} is free"


def box_port(found: Box) -> int:
    with found.catalogue.control():
        return box.kept_port(found.catalogue) or PORTS[0]


@check("queue", BOX)
def queue(box: Box) -> str:
    if not has_queue(box) or box.scene.ask_queue is None:
        return "in the process of the server"
    try:
        return box.scene.ask_queue(box.scene.settings)
    except Problem as problem:
        raise Fault(problem.title, problem.detail) from problem


def has_queue(box: Box) -> bool:
    """Whether bells go from process to process."""
    return box.catalogue.shared


@check("processes", BOX)
def processes(box: Box) -> str:
    alive = workers.living(box.control, shared=box.catalogue.shared)
    found = [worker for worker in workers.all(box.control) if worker.role != workers.COMMAND]
    roles = Counter(worker.role for worker in found if worker.owner in alive)
    silent = [f"{worker.role} {worker.pid} on {worker.host}" for worker in found if worker.owner not in alive]
    said = ", ".join(f"{count} {role}" for role, count in sorted(roles.items())) or "none runs"
    if silent:
        raise Fault(f"no heartbeat from {', '.join(silent)}", "Start them again.", "warning")
    if roles and not roles["all"]:
        missing = [f"--role {role}" for role in ("web", "worker", "scheduler") if not roles[role]]
        if missing:
            raise Fault(said, f"Start agenthq serve {' and '.join(missing)}.", "warning")
    return said


@check("engine.heartbeats", BOX)
def beats(box: Box) -> str:
    pulses = heartbeats.pulses(box.control)
    if late := [pulse for pulse in pulses if pulse.silent]:
        said = ", ".join(f"the {pulse.part} gave no sign of life for {pulse.age_s:.0f} s" for pulse in late)
        raise Fault(said, "Restart the process that runs it; its log says why.")
    return ", ".join(f"{pulse.part} {pulse.age_s:.0f} s ago" for pulse in pulses) or "no engine runs"


@check("data.strangers", BOX)
def strangers(box: Box) -> str:
    """Folders of tenants that the control database does not know."""
    known = {tenant.id for tenant in tenants.every(box.control)}
    place = box.catalogue.folder / "tenants"
    found = [path.name for path in place.glob("*") if path.is_dir() and path.suffix != ".creating"]
    if lost := sorted(set(found) - known):
        fix = "If control.db was restored, restore the newer one; else keep a copy of these folders and remove them."
        raise Fault(f"no tenant belongs to {', '.join(lost)}", fix, "warning")
    return f"{len(found)} folders, all of known tenants"


@check("keys.expired", BOX)
def expired_keys(box: Box) -> str:
    sql = """SELECT k.name, t.slug FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.revoked_at IS NULL
      AND k.expires_at < :now AND k.refused_at > k.expires_at AND k.refused_at > :lately ORDER BY t.slug, k.name"""
    rows = box.control.rows(sql, {"now": clock.iso(), "lately": clock.ahead(-7 * 86_400)})
    if rows:
        names = ", ".join(f"{row['name']} of {row['slug']}" for row in rows)
        raise Fault(
            f"somebody still uses expired keys: {names}", "Make new keys and put them where these are used.", "warning"
        )
    return "no expired key is used"


@check("alerts.channels", BOX)
def channels(box: Box) -> str:
    found = alert_channels.every(box.control)
    last = alert_letters.last(box.control)
    failing = [f"{one.name} ({last[one.id].detail})" for one in found if one.id in last and last[one.id].tries]
    if failing:
        fix = "See Health, test the channel, and mend its address or secret."
        raise Fault(f"alerts do not arrive: {', '.join(failing)}", fix, "warning")
    return f"{len(found)} channels for alerts"


@check("backups.recent", BOX)
def backups(box: Box) -> str:
    found = proofs.of(box.control, [one for one in tenants.every(box.control) if one.state == "active"])
    if failed := [one.tenant.slug for one in found if one.last_state == "failed"]:
        raise Fault(
            f"the last backup failed: {', '.join(failed)}", "See Backups for the reason; run: agenthq backup run"
        )
    old = [p.tenant.slug for p in found if p.verified_at and proofs.days(p.verified_at) > proofs.BACKUP_DAYS]
    if old:
        fix = "Run: agenthq backup run, and see that the server is running at night."
        raise Fault(f"no verified backup for {proofs.BACKUP_DAYS} days: {', '.join(old)}", fix, "warning")
    return f"{sum(bool(one.verified_at) for one in found)} tenants have a verified backup"


@check("backups.drill", BOX)
def drills(box: Box) -> str:
    found = [one for one in proofs.of(box.control, tenants.every(box.control)) if one.verified_at]
    late = [p.tenant.slug for p in found if not p.drilled_at or proofs.days(p.drilled_at) > proofs.DRILL_DAYS]
    if late:
        raise Fault(f"no restore was proven lately: {', '.join(late)}", "Run: agenthq backup drill", "warning")
    return f"{len(found)} tenants have a proven restore"


def _forget_silent(catalogue: Catalogue) -> str:
    with catalogue.control() as control:
        gone = workers.gone(control, catalogue.shared)
        workers.forget(control, gone)
    return f"took {len(gone)} processes that are gone off the list" if gone else ""


def _forget_beats(catalogue: Catalogue) -> str:
    """Only of processes that are gone: one that lives and is silent is a fault that must stay in sight."""
    with catalogue.control() as control:
        alive = workers.living(control, catalogue.shared)
        owners = {row["owner"] for row in control.rows("SELECT DISTINCT owner FROM heartbeats")} - set(alive)
        for owner in owners:
            control.delete("heartbeats", owner=owner)
    return f"forgot the heartbeats of {len(owners)} processes that are gone" if owners else ""


WRITING_MENDS |= {"processes": _forget_silent, "engine.heartbeats": _forget_beats}
