"""The examination: the program first, then the folder, then what is in it; later checks need the earlier ones."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from appliance.db.tenants import open_catalogue
from appliance.doctor import holding, place, program, rooms
from appliance.doctor.finding import (
    BOX,
    CONTROL,
    FOLDER,
    MENDS,
    SCENE,
    TENANT,
    WRITING_MENDS,
    AskQueue,
    Box,
    Check,
    Fault,
    Finding,
    Room,
    Scene,
)
from appliance.domain import tenants
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.settings import Settings

PARTS = (program, place, holding, rooms)
# Where one of these fails for a tenant, its other checks would only say so again.
FIRST = ("tenant.integrity", "tenant.schema")
# Nothing is written into data that is damaged, or that the next start would bring up after a backup.
UNSAFE = {"data.control", "data.schema", "data.open", *FIRST}


class Mended(NamedTuple):
    id: str
    said: str


def examine(settings: Settings, ask_queue: AskQueue | None = None) -> Iterator[Finding]:
    """Every check. Nothing is made, migrated or written but a probe in the folder, which is removed at once."""
    scene = Scene(settings, settings.data_dir, ask_queue)
    yield from (_tried(check, scene) for check in SCENE)
    if not scene.folder.exists():
        yield Finding("data.folder", "ok", f"{scene.folder} does not exist yet", "It is made by the first start.")
        return
    yield from (_tried(check, scene) for check in FOLDER)
    if settings.database_url or (scene.folder / "control.db").exists() or _has_tenants(scene):
        yield from _inside(scene)


def counted(found: list[Finding]) -> dict[str, int]:
    """How many there are of each severity."""
    counts = Counter(finding.severity for finding in found)
    return {severity: counts[severity] for severity in ("error", "warning", "ok")}


def mend(settings: Settings, found: list[Finding]) -> list[Mended]:
    """Mend what is safe to mend; what was done, nothing for what is left as it is."""
    scene, wrong = Scene(settings, settings.data_dir, None), {f.id for f in found if f.severity != "ok"}
    done = [Mended(id_, MENDS[id_](scene)) for id_ in sorted(wrong & set(MENDS))]
    writing = sorted(wrong & set(WRITING_MENDS))
    if writing and not wrong & UNSAFE:
        with contextlib.closing(open_catalogue(scene.folder, settings.database_url)) as catalogue:
            done += [Mended(id_, WRITING_MENDS[id_](catalogue)) for id_ in writing]
    return [one for one in done if one.said]


def _has_tenants(scene: Scene) -> bool:
    return any((scene.folder / "tenants").glob("*/tenant.db"))


def _inside(scene: Scene) -> Iterator[Finding]:
    try:
        catalogue = open_catalogue(scene.folder, scene.settings.database_url, looking=True)
    except Problem as problem:
        yield Finding("data.open", "error", problem.detail, "See docs/operations.md, “When it does not start”.")
        return
    with contextlib.closing(catalogue):
        yield Finding("data.open", "ok", "PostgreSQL" if catalogue.shared else "SQLite files")
        with catalogue.control() as control:
            box = Box(scene, catalogue, control)
            for check in CONTROL:
                yield (found := _tried(check, box))
                if found.severity != "ok":
                    return
            yield from (_tried(check, box) for check in BOX)
            yield from _tenants(box, [one for one in tenants.every(control) if one.state != "purged"])


def _tenants(box: Box, found: list[Tenant]) -> Iterator[Finding]:
    """The faults of each; a check without any is told once, with what it saw of the last tenant."""
    seen: dict[str, str] = {}
    faulty: set[str] = set()
    for tenant in found:
        for finding in _tenant(box, tenant):
            seen[finding.id] = finding.evidence
            if finding.severity != "ok":
                faulty.add(finding.id)
                yield finding._replace(subject=tenant.slug)
    of = f" ({len(found)} tenants)" if len(found) > 1 else ""
    yield from (Finding(id_, "ok", said + of) for id_, said in seen.items() if id_ not in faulty)


def _tenant(box: Box, tenant: Tenant) -> Iterator[Finding]:
    try:
        with box.catalogue.open(tenant.id) as db:
            room = Room(box, tenant, db)
            for check in TENANT:
                yield (found := _tried(check, room))
                if found.severity != "ok" and check.id in FIRST:
                    return
    except Problem as problem:
        yield Finding("tenant.integrity", "error", problem.title, problem.detail)


def _tried(check: Check, context: Scene | Box | Room) -> Finding:
    try:
        return Finding(check.id, "ok", check.look(context))
    except Fault as fault:
        return Finding(check.id, fault.severity, fault.evidence, fault.fix)
    except Problem as problem:
        return Finding(check.id, "error", problem.title, problem.detail)
