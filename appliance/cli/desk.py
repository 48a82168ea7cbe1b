"""What a verb works with: the settings, and the box of the data folder, opened when first needed."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from appliance import app, keyfile, settings
from appliance.calls import Calls
from appliance.crypto import Vault
from appliance.db import ownership
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import tenants, workers
from appliance.domain.actor import Actor
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.post import Post

CLI = Actor("system", "cli", "Command line", "owner")


class Room(NamedTuple):
    """One tenant, opened for a command."""

    db: Database
    tenant: Tenant
    files: Path


class Desk:
    def __init__(self, flags: Mapping[str, Any], as_json: bool = False) -> None:
        self._flags = dict(flags)
        self.settings = settings.load(flags)
        self.as_json = as_json
        self._open = ExitStack()

    def configure(self, **flags: Any) -> None:
        """Flags of one verb that are settings too."""
        self.settings = settings.load({**self._flags, **flags})

    @property
    def folder(self) -> Path:
        return self.settings.data_dir

    @property
    def has_box(self) -> bool:
        return bool(self.settings.database_url) or (self.folder / "control.db").exists()

    @cached_property
    def catalogue(self) -> Catalogue:
        """Makes the box when there is none: for `init`. Raises Problem(config) for a folder that can't be used."""
        return self._open.enter_context(app.open_data(self.settings))

    @cached_property
    def vault(self) -> Vault:
        """Raises Problem(locked)."""
        return keyfile.unlock(self.catalogue, self.settings)

    @property
    def calls(self) -> Calls:
        """The way to the providers."""
        return self._box.calls

    @property
    def post(self) -> Post:
        """The way of notices."""
        return self._box.post

    @cached_property
    def _box(self) -> app.Box:
        return self._open.enter_context(app.open_box(self.settings, self.catalogue))

    @contextmanager
    def control(self) -> Iterator[Database]:
        """Raises Problem(config) where nothing was set up: a verb must not make a box by accident."""
        if not self.has_box:
            raise Problem(
                "config", f"There is no box in {self.folder}. Make one with 'agenthq init', or name it with --data DIR."
            )
        self.vault  # noqa: B018  a wrong key is told before anything is shown or changed
        with self.catalogue.control() as control:
            yield control

    @contextmanager
    def room(self, slug: str | None) -> Iterator[Room]:
        with self.control() as control:
            tenant = tenants.by_slug(control, slug) if slug else only_tenant(control)
        with self.catalogue.open(tenant.id) as db:
            yield Room(db, tenant, self.catalogue.files(tenant.id))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else works on this data meanwhile. Raises Problem(already_running)."""
        with ownership.owned(self.folder):
            if self.catalogue.shared:
                with self.catalogue.control() as control:
                    workers.refuse_others(control)
            yield

    def server(self) -> dict[str, object] | None:
        """{"pid", "link"} of the server on this data folder."""
        return ownership.owner(self.folder)

    def close(self) -> None:
        self._open.close()


def only_tenant(control: Database) -> Tenant:
    """Raises Problem(usage) unless there is exactly one."""
    found = tenants.every(control)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Problem("usage", "There is no tenant yet. Make one with 'agenthq init' or 'agenthq tenant create'.")
    raise Problem("usage", f"Say which tenant with --tenant: {', '.join(t.slug for t in found)}.")
