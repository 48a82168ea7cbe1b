"""A check and what it finds. All checks are of one shape: they return what they saw, or raise the fault."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from appliance.db import ownership
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain.tenants import Tenant
from appliance.settings import Settings

Severity = Literal["ok", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "ok")
AskQueue = Callable[[Settings], str]


class Finding(NamedTuple):
    """`evidence` is what was seen, `fix` what to do about it; `subject` says of which tenant."""

    id: str
    severity: Severity
    evidence: str
    fix: str = ""
    subject: str = ""


class Fault(Exception):
    """What a check found wrong."""

    def __init__(self, evidence: str, fix: str, severity: Severity = "error") -> None:
        self.evidence = evidence
        self.fix = fix
        self.severity = severity
        super().__init__(evidence)


class Scene(NamedTuple):
    """What there is before a database is opened. `ask_queue` says what the queue's server answers; None: not asked."""

    settings: Settings
    folder: Path
    ask_queue: AskQueue | None

    @property
    def server(self) -> dict[str, object] | None:
        """The server that runs on this folder."""
        return ownership.owner(self.folder)


class Box(NamedTuple):
    """A box whose control database can be read."""

    scene: Scene
    catalogue: Catalogue
    control: Database


class Room(NamedTuple):
    """One tenant; `db` is opened by the first check that can."""

    box: Box
    tenant: Tenant
    db: Database

    @property
    def folder(self) -> Path:
        return self.box.catalogue.folder / "tenants" / self.tenant.id


# For mending: the same data, open for writing.
Writing = Callable[[], AbstractContextManager[Catalogue]]
T = TypeVar("T", Scene, Box, Room)


class Check(NamedTuple):
    id: str
    look: Callable[..., str]


SCENE: list[Check] = []
FOLDER: list[Check] = []
CONTROL: list[Check] = []
BOX: list[Check] = []
TENANT: list[Check] = []
MENDS: dict[str, Callable[[Scene], str]] = {}
WRITING_MENDS: dict[str, Callable[[Catalogue], str]] = {}


def check(id_: str, stage: list[Check]) -> Callable[[Callable[[T], str]], Callable[[T], str]]:
    """Register a check of one stage; they are made in the order of their registration."""

    def add(look: Callable[[T], str]) -> Callable[[T], str]:
        stage.append(Check(id_, look))
        return look

    return add


def every() -> list[str]:
    """The ids of all checks."""
    return ["data.open", *(one.id for stage in (SCENE, FOLDER, CONTROL, BOX, TENANT) for one in stage)]
