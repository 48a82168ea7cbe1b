"""What a bundle says about itself: `manifest.json` comes first, `end.json` last."""

from typing import Any, Literal

import msgspec

from appliance.domain.actor import Role

FORMAT: Literal["agenthq-bundle"] = "agenthq-bundle"
VERSION = 1
MANIFEST = "manifest.json"
END = "end.json"


class Holder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tenant whose data it is; another box gives it an id of its own."""

    slug: str
    name: str
    plan: str
    simulated: bool


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member, as a reference: rows name them by `id`. Never a password."""

    id: str
    email: str
    name: str
    role: Role


class LeftOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`names` are those who have to give a secret anew."""

    what: str
    why: str
    names: list[str] = []


class Head(msgspec.Struct, frozen=True):
    """The part that tells whether the rest can be read."""

    format: str
    version: int
    schema: int = 0


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`secrets`: left behind, kept as they are sealed (backup), or sealed under a passphrase and `salt`."""

    format: Literal["agenthq-bundle"]
    version: int
    schema: int
    program: str
    made_at: str
    tenant: Holder
    people: list[Person]
    tables: dict[str, list[str]]
    secrets: Literal["left", "kept", "passphrase"]
    salt: str
    left_out: list[LeftOut]


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of each table, number and bytes of the files, and the SHA-256 of every member before this one."""

    rows: dict[str, int]
    files: int
    bytes: int
    members: dict[str, str]


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`size` bytes of a file from its byte `at` on; `last` is its end."""

    path: str
    at: int
    size: int
    last: bool


def encode(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n"
