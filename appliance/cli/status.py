"""`agenthq status`: is it running, where, and what is going on."""

from typing import Any

import click

from appliance import __version__
from appliance.cli import readiness
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, ago, facts, money, table
from appliance.db.troubles import Damaged
from appliance.domain import board, home_lists, tenants, workers
from appliance.domain.analytics import usage


@verb("agenthq status", "agenthq status --json", "agenthq status --ready")
@click.option("--ready", is_flag=True, help="Only whether the process of this machine is ready; exit code 69 if not.")
def status(desk: Desk, ready: bool) -> Shown:
    """Whether a server runs, its address, and each tenant's work."""
    if ready:
        return readiness.told(desk)
    server = desk.server()
    processes = _processes(desk) if desk.has_box else []
    running = f"yes, process {server['pid']}" if server else "no; start it with: agenthq serve"
    if processes:
        running = f"yes, {len(processes)} processes"
    about = facts(
        [
            ("Running", running),
            ("Address", server and server.get("link")),
            ("Data", desk.folder),
            ("Version", __version__),
        ]
    )
    found = _tenants(desk) if desk.has_box else []
    rows = [_row(each) for each in found]
    heads = ("tenant", "running", "to do", "needs a person", "today")
    data = {"server": server, "data": str(desk.folder), "version": __version__, "tenants": found}
    text = f"{about}\n\n{table(heads, rows, 'No tenant yet: agenthq init', right=heads[1:])}"
    for tenant in found:
        if "fault" in tenant:
            text += f"\n\n{tenant['tenant']} is in maintenance: {tenant['fault']}"
    if processes:
        data["processes"] = processes
        shown = [(p["role"], p["host"], p["pid"], ago(p["started_at"]), ago(p["seen_at"])) for p in processes]
        text += f"\n\n{table(('role', 'machine', 'process', 'started', 'seen'), shown, '')}"
    return Shown(data, text)


def _processes(desk: Desk) -> list[dict[str, Any]]:
    """Those that share a PostgreSQL database; with SQLite files there is the one server."""
    with desk.control() as control:
        if not desk.catalogue.shared:
            return []
        alive = workers.living(control, shared=True)
        found = [worker for worker in workers.all(control) if worker.owner in alive and worker.role != workers.COMMAND]
    shown = ("role", "host", "pid", "started_at", "seen_at")
    return [{name: getattr(worker, name) for name in shown} for worker in found]


def _tenants(desk: Desk) -> list[dict[str, Any]]:
    with desk.control() as control:
        found = tenants.every(control)
    return [_work(desk, tenant) for tenant in found]


def _row(tenant: dict[str, Any]) -> tuple[Any, ...]:
    if "fault" in tenant:
        return (tenant["tenant"], "in maintenance", "", "", "")
    return (*(tenant[name] for name in ("tenant", "running", "waiting", "needs_person")), money(tenant["today_nano"]))


def _work(desk: Desk, tenant: tenants.Tenant) -> dict[str, Any]:
    """One that can't be used has a `fault` instead."""
    try:
        with desk.catalogue.open(tenant.id) as db:
            counts, today = board.counts(db), usage.today(db)
            waiting = home_lists.needs_person_count(db)
    except Damaged as found:
        return {"tenant": tenant.slug, "fault": found.detail}
    work = {"running": counts["in_progress"], "waiting": counts["todo"], "needs_person": waiting}
    return {"tenant": tenant.slug, **work, "today_nano": today.cost_nano}
