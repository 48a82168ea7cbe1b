"""Where backups are kept: the box's own folder, and the targets that its owner added. Secrets go in and never out."""

import re
from pathlib import Path
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.crypto import Vault
from appliance.db.database import Database, Duplicate, Row
from appliance.db.tenants import CONTROL
from appliance.domain import audit, box_secrets, records
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid, not_found
from appliance.gateway.targets import folder
from appliance.gateway.targets.target import Target

HERE = "here"
KINDS = ("folder", "sftp", "s3")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")


class Place(msgspec.Struct, frozen=True):
    """`config` is what the kind needs beside its secret; `host_key` is the one an SFTP machine showed first."""

    id: str
    name: str
    kind: str
    config: dict[str, Any]
    secret_hint: str = ""
    host_key: str = ""
    created_at: str = ""
    tested_at: str | None = None
    failure: str = ""

    @property
    def shown(self) -> str:
        """Where that is, in one line."""
        given = self.config
        if self.kind == "sftp":
            return f"{given['user']}@{given['host']}:{given.get('port', 22)}/{given.get('path', 'agenthq')}"
        if self.kind == "s3":
            return f"{given['endpoint']}/{given['bucket']}/{given.get('prefix', 'agenthq')}"
        return str(given["path"])


class NewPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the fields those of the `kind` count: path; host, user, port, path; endpoint, bucket, access_key, region,

    prefix. `secret` is a password or private key (SFTP), or the secret access key (S3).
    """

    name: str
    kind: str
    path: str = ""
    host: str = ""
    user: str = ""
    port: int = 22
    endpoint: str = ""
    bucket: str = ""
    access_key: str = ""
    region: str = ""
    prefix: str = ""
    secret: str = ""


def every(control: Database, data: Path) -> list[Place]:
    """The box's own folder first."""
    here = Place(HERE, HERE, "folder", {"path": str(data / "backups")})
    rows = control.rows("SELECT * FROM backup_targets ORDER BY name")
    return [here, *(records.to(Place, row, ("config",)) for row in rows)]


def by_name(control: Database, data: Path, name: str) -> Place:
    """By name or id. Raises Problem(not_found)."""
    found = next((place for place in every(control, data) if name in (place.name, place.id)), None)
    if found is None:
        raise not_found("backup target")
    return found


def add(control: Database, actor: Actor, vault: Vault, data: Path, new: NewPlace) -> Place:
    """Tried before it is stored, so that its host key is the one seen now. Raises Problem(invalid, unavailable)."""
    config = _config(new, data)
    place = Place(ids.new(), _name(new.name), new.kind, config, new.secret[-4:] if len(new.secret) >= 12 else "")
    if new.kind != "folder" and not new.secret:
        raise invalid(secret="give the password, the private key or the secret access key")
    target = connect(place, new.secret)
    target.list()
    with control.transaction():
        box_secrets.ensure(control, vault)
        row: Row = {"id": place.id, "name": place.name, "kind": place.kind, "config": records.dump(config)}
        row |= {"secret": vault.seal(CONTROL, _address(place.id), new.secret) if new.secret else ""}
        row |= {"secret_hint": place.secret_hint, "host_key": target.host_key}
        try:
            control.insert("backup_targets", row | {"created_at": clock.iso(), "tested_at": clock.iso()})
        except Duplicate as error:
            raise invalid(name="is taken") from error
        audit.record(control, actor, "backup.target.added", f"{place.name} {place.kind}")
    return by_name(control, data, place.id)


def remove(control: Database, actor: Actor, data: Path, name: str) -> Place:
    """What is kept there stays there; the box forgets it. Raises Problem(not_found), Problem(conflict)."""
    place = by_name(control, data, name)
    if place.id == HERE:
        raise Problem("conflict", "The box's own folder stays: it is the fastest way back.")
    with control.transaction():
        control.delete("backups", target_id=place.id)
        control.delete("backup_targets", id=place.id)
        audit.record(control, actor, "backup.target.removed", place.name)
    return place


def test(control: Database, vault: Vault, data: Path, name: str) -> Place:
    """Look whether it answers, and remember what it said. Raises Problem(not_found)."""
    place = by_name(control, data, name)
    failure = ""
    try:
        opened(control, vault, place).list()
    except Problem as problem:
        failure = problem.detail
    tell(control, place, failure)
    found = by_name(control, data, place.id)
    return msgspec.structs.replace(found, failure=failure)


def tell(control: Database, place: Place, failure: str) -> None:
    """How the last use of the place went: "" is well."""
    control.update("backup_targets", {"id": place.id}, tested_at=clock.iso(), failure=failure)


def opened(control: Database, vault: Vault, place: Place) -> Target:
    return connect(place, secret_of(control, vault, place))


def secret_of(control: Database, vault: Vault, place: Place) -> str:
    sealed = control.value("SELECT secret FROM backup_targets WHERE id = :id", {"id": place.id})
    return vault.open(CONTROL, _address(place.id), sealed) if sealed else ""


def connect(place: Place, secret: str) -> Target:
    """Raises Problem(invalid) when the configuration is not one of its kind."""
    if place.kind == "folder":
        return folder.FolderTarget(_as(folder.Config, place.config))
    if place.kind == "sftp":
        from appliance.gateway.targets import sftp  # noqa: PLC0415  asyncssh takes 0.3 s to import

        return sftp.SftpTarget(_as(sftp.Config, place.config), secret, place.host_key)
    from appliance.gateway.targets import s3  # noqa: PLC0415  as above, for boxes without one

    return s3.S3Target(_as(s3.Config, place.config), secret)


def fingerprint(place: Place) -> str:
    """Of the pinned host key, as `ssh-keygen -l` shows it; "" where there is none."""
    if not place.host_key:
        return ""
    from appliance.gateway.targets import sftp  # noqa: PLC0415

    return sftp.fingerprint(place.host_key)


def _config(new: NewPlace, data: Path) -> dict[str, Any]:
    named = {
        "folder": ("path",),
        "sftp": ("host", "user", "path", "port"),
        "s3": ("endpoint", "bucket", "access_key", "region", "prefix"),
    }
    if new.kind not in named:
        raise invalid(kind=f"take one of {', '.join(KINDS)}")
    given = {field: value for field in named[new.kind] if (value := getattr(new, field))}
    needed = {"folder": ("path",), "sftp": ("host", "user"), "s3": ("endpoint", "bucket", "access_key")}
    if missing := [field for field in needed[new.kind] if field not in given]:
        raise invalid(**dict.fromkeys(missing, f"is needed for {new.kind}"))
    if new.kind == "folder":
        _outside(Path(given["path"]), data)
    if new.kind == "s3" and not re.match(r"https?://[^/@]+/?$", given["endpoint"]):
        raise invalid(endpoint="give an address such as https://s3.eu-central-1.amazonaws.com")
    return given


def _outside(path: Path, data: Path) -> None:
    if not path.is_absolute():
        raise invalid(path="give a path from the root, such as /mnt/backups")
    if path.resolve().is_relative_to(data.resolve()):
        raise invalid(path="lies inside the data folder, which is lost with it; take another disk")


def _name(text: str) -> str:
    if not NAME.fullmatch(text) or text == HERE:
        raise invalid(name="take 1 to 39 of a-z, 0-9 and '-', and not 'here', which is the box's own folder")
    return text


def _as(kind: type[Any], config: dict[str, Any]) -> Any:
    try:
        return msgspec.convert(config, kind)
    except msgspec.ValidationError as error:
        raise invalid(config=str(error)) from error


def _address(place_id: str) -> str:
    return f"backup_targets|{place_id}|secret|1"
