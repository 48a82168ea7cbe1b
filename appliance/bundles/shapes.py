"""What rows of a bundle must look like, worked out once from its manifest and from our own tables."""

from typing import Annotated, Any, NamedTuple

import msgspec

from appliance.bundles.classes import TABLES, Class
from appliance.bundles.container import refused
from appliance.bundles.manifest import Manifest
from appliance.bundles.writing import kept
from appliance.db import migrate
from appliance.db.columns import Column, Table

# Bundles of this schema and later are read: what came since has defaults of its own. A migration that works out values
# from rows that are there moves it up.
OLDEST = 14
DEEPEST = 100
_TYPES: dict[str, Any] = {
    "TEXT": str,
    "BIGINT": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    "BOOLEAN": bool,
    "DOUBLE PRECISION": float,
}


class Shape(NamedTuple):
    """`key` and `json` are positions in a row, `references` positions with the table that a value must be in."""

    table: Table
    columns: tuple[str, ...]
    kind: Class
    decoder: "msgspec.json.Decoder[tuple[Any, ...]]"
    key: tuple[int, ...]
    json: tuple[int, ...]
    references: tuple[tuple[int, str], ...]


def of(manifest: Manifest, backup: bool) -> dict[str, Shape]:
    """By table, in the order in which they must come. Raises Problem(bad_bundle)."""
    _readable(manifest)
    ours = {table.name: table for table in kept_tables(backup)}
    for name in manifest.tables:
        if name not in ours:
            raise refused(f"it has a table that is not ours ({name[:80]!r})")
    if manifest.schema == migrate.latest("tenant") and (missing := set(ours) - set(manifest.tables)):
        raise refused(f"the table {min(missing)} is missing")
    same = manifest.schema == migrate.latest("tenant")
    return {name: _shape(table, manifest.tables[name], same) for name, table in ours.items() if name in manifest.tables}


def kept_tables(backup: bool) -> list[Table]:
    return kept("kept" if backup else "left")


def decode(shape: Shape, content: bytes, member: str) -> list[tuple[Any, ...]]:
    """The rows of a member. Raises Problem(bad_bundle) for the first that is not as its table needs it."""
    try:
        rows = shape.decoder.decode_lines(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(f"{member} has a row that does not fit its table ({error})") from error
    # In JSON a NUL can only be written like this.
    if b"\\u0000" in content and any("\0" in value for row in rows for value in row if isinstance(value, str)):
        raise refused(f"{member} has a text with a NUL in it")
    for place in shape.json:
        for row in rows:
            if row[place] is not None and not _json(row[place]):
                raise refused(f"{member} has a {shape.columns[place]} that is not JSON")
    return rows


def _readable(manifest: Manifest) -> None:
    latest = migrate.latest("tenant")
    if manifest.schema > latest:
        told = f"it was made by the newer AgentHQ {manifest.program[:40]} (schema {manifest.schema}; this one knows"
        raise refused(f"{told} {latest}): update this box first")
    if manifest.schema < OLDEST:
        told = f"it was made by the older AgentHQ {manifest.program[:40]} (schema {manifest.schema}; this one reads"
        raise refused(f"{told} from {OLDEST} on): update the box it comes from, and export again")


def _shape(table: Table, columns: list[str], same: bool) -> Shape:
    if len(set(columns)) < len(columns):
        raise refused(f"the table {table.name} names a column twice")
    for name in columns:
        if name not in table.columns:
            raise refused(f"the table {table.name} has a column that is not ours ({name[:80]!r})")
    for name, column in table.columns.items():
        if name not in columns and (same or column.needed):
            raise refused(f"the column {table.name}.{name} is missing")
    found = [table.columns[name] for name in columns]
    kind = TABLES[table.name]
    row: Any = tuple[tuple(_type(column) for column in found)]  # type: ignore[misc]
    return Shape(
        table,
        tuple(columns),
        kind,
        msgspec.json.Decoder(row),
        tuple(columns.index(name) for name in table.key),
        tuple(n for n, name in enumerate(columns) if name in kind.json),
        tuple((n, column.references[0]) for n, column in enumerate(found) if column.references),
    )


def _type(column: Column) -> Any:
    kind = _TYPES[column.type]
    return kind | None if column.null else kind


def _json(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return text.count("[") + text.count("{") < DEEPEST or _depth(text) < DEEPEST


def _depth(text: str) -> int:
    """How deep brackets are nested, those inside of texts counted too: more than there are, never fewer."""
    deepest = depth = 0
    for letter in text:
        if letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    return deepest
