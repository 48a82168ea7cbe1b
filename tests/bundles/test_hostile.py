"""Bundles that somebody has tampered with: each is refused for its own reason, before anything is stored."""

import io
import re
import tarfile
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import zstandard

from appliance import bundles
from appliance.bundles.container import Limits
from appliance.errors import Problem
from tests.bundles.forging import Forged, member, pack

GONE = "99999999-9999-7999-8999-999999999999"
AGENTS, TASKS, FILES = "rows/agents/000001.ndjson", "rows/tasks/000001.ndjson", "files/000001.json"
SAME = ("rows/breakers/000001.ndjson", "rows/budgets/000001.ndjson")
Attack = Callable[[Forged], Any]


def _manifest(**said: Any) -> Attack:
    return lambda f: f.manifest(lambda manifest: manifest.update(said))


def _pieces(change: Callable[[list[Any]], Any]) -> Attack:
    def attack(forged: Forged) -> None:
        pieces = msgspec.json.decode(forged.get(FILES))
        change(pieces)
        forged.put(FILES, msgspec.json.encode(pieces))

    return attack


def _path(path: str) -> Attack:
    return _pieces(lambda pieces: pieces[0].update(path=path))


def _end(**said: Any) -> Attack:
    return lambda f: f.end.update(said)


def _wrong_digest(f: Forged) -> None:
    f.sign = False
    f.set("tasks", "title", "Another title")


def _digest_of_a_member_that_is_gone(f: Forged) -> None:
    f.sign = False
    f.drop(f.names("rows/wakes")[0])
    f.end["rows"]["wakes"] = 0


def _swapped(f: Forged) -> None:
    a, b = (n for n, (name, _) in enumerate(f.members) if name in SAME)
    f.members[a], f.members[b] = f.members[b], f.members[a]


def _other_bytes(f: Forged) -> None:
    name = FILES.replace(".json", ".bin")
    content = f.get(name)
    f.put(name, bytes([content[0] ^ 1]) + content[1:])


def _no_end(f: Forged) -> None:
    name = f.names("files/")[-1]
    last = name.replace(".bin", ".json")
    *before, piece = msgspec.json.decode(f.get(last))
    f.put(last, msgspec.json.encode([*before, piece | {"last": False}]))


ATTACKS: dict[str, tuple[Attack, str]] = {
    "another format": (_manifest(format="tarball"), "not a bundle of AgentHQ"),
    "a newer format": (_manifest(version=2), "has version 2; this program reads version 1"),
    "a newer schema": (_manifest(schema=9999), "newer AgentHQ .*schema 9999"),
    "an older schema": (_manifest(schema=3), "older AgentHQ .*schema 3"),
    "a schema that is text": (_manifest(schema="new"), "manifest.json can't be read"),
    "a manifest that is not JSON": (lambda f: f.put("manifest.json", b"hello"), "manifest.json can't be read"),
    "a manifest of brackets": (lambda f: f.put("manifest.json", b"[" * 100_000), "manifest.json can't be read"),
    "a manifest that is too large": (_manifest(program="x" * 9_000_000), "its manifest has 9,0.* bytes of at most"),
    "a manifest with more in it": (_manifest(run="rm"), "manifest.json can't be read .*unknown field"),
    "an id of another tenant": (lambda f: f.manifest(lambda m: m["tenant"].update(id=GONE)), "unknown field `id`"),
    "a role there is not": (lambda f: f.manifest(lambda m: m["people"][0].update(role="god")), "Invalid enum value"),
    "secrets of a backup": (_manifest(secrets="kept"), "part of a backup"),
    "no manifest": (lambda f: f.drop("manifest.json"), "manifest.json is missing"),
    "a table more": (lambda f: f.manifest(lambda m: m["tables"].update(users=["id"])), "table that is not ours"),
    "a table of the system": (
        lambda f: f.manifest(lambda m: m["tables"].update(sqlite_master=["sql"])),
        "table that is not ours",
    ),
    "a table that is left behind": (
        lambda f: f.manifest(lambda m: m["tables"].update(idempotency=["key"])),
        "table that is not ours",
    ),
    "a table less": (lambda f: f.manifest(lambda m: m["tables"].pop("wakes")), "the table wakes is missing"),
    "a column more": (
        lambda f: f.manifest(lambda m: m["tables"]["agents"].append("id) VALUES (1); --")),
        "column that is not ours",
    ),
    "a column less": (lambda f: f.manifest(lambda m: m["tables"]["agents"].remove("name")), "agents.name is missing"),
    "a column twice": (lambda f: f.manifest(lambda m: m["tables"]["agents"].append("name")), "names a column twice"),
    "rows of a table that is not named": (
        lambda f: f.after(AGENTS, "rows/users/000001.ndjson", b'["x"]\n'),
        "rows of a table that is not in the manifest",
    ),
    "a value more in a row": (lambda f: f.rows("agents", lambda r: r[0].append("more")), "does not fit its table"),
    "a value less in a row": (lambda f: f.rows("agents", lambda r: r[0].pop()), "does not fit its table"),
    "text for a number": (lambda f: f.set("tasks", "number", "one"), "Expected `int`, got `str`"),
    "a number for text": (lambda f: f.set("tasks", "title", 7), "Expected `str`, got `int`"),
    "a number for a truth": (lambda f: f.set("agents", "paused", 1), "Expected `bool`, got `int`"),
    "nothing where something must be": (lambda f: f.set("tasks", "title", None), "Expected `str`, got `null`"),
    "an object for text": (lambda f: f.set("tasks", "title", {"a": 1}), "Expected `str`, got `object`"),
    "a number beyond 64 bits": (lambda f: f.set("tasks", "number", 2**63), "does not fit its table"),
    "not a number": (lambda f: f.raw("hook_rates", b",", b",NaN,"), "does not fit its table"),
    "an infinite number": (lambda f: f.raw("rate_levels", b"]", b",1e999]"), "does not fit its table"),
    "a NUL in text": (lambda f: f.set("tasks", "title", "a\0b"), "text with a NUL"),
    "bytes that are not UTF-8": (lambda f: f.raw("tasks", b'["0', b'["\xff'), "does not fit its table"),
    "half a surrogate pair": (lambda f: f.raw("tasks", b'["0', b'["\\ud800'), "does not fit its table"),
    "deep JSON for a row": (lambda f: f.put(TASKS, b"[" * 500_000 + b"\n"), "does not fit its table"),
    "deep JSON in a text": (lambda f: f.set("agents", "tools", "[" * 5000 + "]" * 5000), "tools that is not JSON"),
    "a text that should be JSON": (lambda f: f.set("agents", "tools", "{"), "tools that is not JSON"),
    "a line that is too long": (lambda f: f.set("tasks", "title", "x" * 17_900_000), "larger than a member may be"),
    "a row that points nowhere": (lambda f: f.set("runs", "task_id", GONE), "task_id .* points at a row"),
    "a row that points nowhere in its own table": (lambda f: f.set("tasks", "parent_id", GONE), "parent_id .* points"),
    "a row twice": (lambda f: f.rows("tasks", lambda r: r.insert(1, r[0])), "a row twice"),
    "rows out of order": (lambda f: f.rows("tasks", lambda r: r.reverse()), "a row out of order"),
    "a part of rows missing": (
        lambda f: f.members.__setitem__(1, (f.members[1][0].replace("000001", "000002"), f.members[1][1])),
        "part 1 of the rows of",
    ),
    "tables out of order": (_swapped, "come too late"),
    "a row that is gone": (lambda f: f.put("rows/wakes/000001.ndjson", b""), "its counts are wrong: 0 rows of wakes"),
    "wrong counts of files": (_end(files=1), "its counts are wrong: .* files"),
    "a wrong digest": (_wrong_digest, "rows/tasks/000001.ndjson is not what was written there"),
    "a member that is gone": (_digest_of_a_member_that_is_gone, "'rows/wakes/000001.ndjson' is missing"),
    "a member nobody knows": (lambda f: f.after(AGENTS, "run.sh", b"#!/bin/sh"), "'run.sh' is not a part of a bundle"),
    "a secret that was to stay": (lambda f: f.set("providers", "secret", "c2VjcmV0"), "says that none is in it"),
    "a path that leads up": (_path("workspaces/../../tenant.db"), "not the path of a file"),
    "a path up behind an id": (_path(f"workspaces/{GONE}/../../../x"), "not the path of a file"),
    "an absolute path": (_path("/etc/cron.d/x"), "not the path of a file"),
    "a path beside the folders": (_path("tenant.db"), "not the path of a file"),
    "a path with a NUL": (_path(f"workspaces/{GONE}/a\0b"), "not the path of a file"),
    "a path with a backslash": (_path(f"workspaces/{GONE}/..\\x"), "not the path of a file"),
    "a name that is too long": (_path(f"workspaces/{GONE}/{'x' * 300}"), "not the path of a file"),
    "a file twice": (_pieces(lambda p: p.insert(1, {**p[0], "size": 0})), "twice, or out of order"),
    "a file without its end": (_no_end, "has no end"),
    "a piece of a size it has not": (_pieces(lambda p: p[0].update(size=-5)), "does not fit the bytes"),
    "a piece at another place": (_pieces(lambda p: p[0].update(at=7)), "is not whole"),
    "a kept value that is another": (_other_bytes, "is not what its name says"),
    "an end that is not JSON": (lambda f: setattr(f, "end", "x"), "end.json can't be read"),
}


def refusal(content: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(Problem) as caught:
        bundles.check(io.BytesIO(content), limits=limits or Limits())
    assert caught.value.code == "bad_bundle"
    return caught.value.detail


@pytest.mark.parametrize("name", ATTACKS)
def test_a_tampered_bundle_is_refused(sound: bytes, name: str) -> None:
    attack, reason = ATTACKS[name]
    forged = Forged(sound)
    if name == "an end that is not JSON":
        forged.sign = False
    attack(forged)

    assert re.search(reason, refusal(forged.pack()))


def test_the_bundle_that_was_tampered_with_is_sound_by_itself(sound: bytes) -> None:
    assert bundles.check(io.BytesIO(Forged(sound).pack())).rows["tasks"]


TARS: dict[str, tuple[bytes, str]] = {
    "a symlink": (member("link", b"", tarfile.SYMTYPE, "/etc/passwd"), "is not a regular file"),
    "a hard link": (member("link", b"", tarfile.LNKTYPE, "manifest.json"), "is not a regular file"),
    "a device": (member("null", b"", tarfile.CHRTYPE), "is not a regular file"),
    "a folder": (member("rows", b"", tarfile.DIRTYPE), "is not a regular file"),
    "a long name": (member("x", b"y" * 200, tarfile.GNUTYPE_LONGNAME), "is not a regular file"),
    "an absolute name": (member("/etc/passwd", b""), "manifest.json is missing"),
    "a name that leads up": (member("../../etc/passwd", b""), "manifest.json is missing"),
    "no tar": (b"x" * 5000, "is not a tar"),
    "nothing": (b"", "ends too early"),
    "only an end": (bytes(512), "manifest.json is missing"),
}


@pytest.mark.parametrize("name", TARS)
def test_what_is_no_plain_tar_of_ours_is_refused(name: str) -> None:
    content, reason = TARS[name]

    assert reason in refusal(pack(content + bytes(512 if name == "only an end" else 1024) if content else content))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_bundle_is_refused(sound: bytes, share: float) -> None:
    assert "ends too early" in refusal(sound[: int(len(sound) * share)])


def test_what_follows_the_end_is_refused(sound: bytes) -> None:
    assert "after its end" in refusal(sound + pack(b"more"))
    assert "not sound zstd" in refusal(sound + b"more")


def test_what_is_no_zstd_is_refused() -> None:
    assert "not sound zstd" in refusal(b"PK\x03\x04" + bytes(1000))


def test_a_small_file_that_unpacks_to_a_large_one_is_refused_before_memory_is_spent(sound: bytes) -> None:
    forged = Forged(sound)
    forged.members[1:1] = [(f"rows/absences/{n:06}.ndjson", b" " * 17_000_000) for n in range(1, 9)]

    assert "more than 200 times its size" in refusal(forged.pack()) or "fit its table" in refusal(forged.pack())
    assert "more than the 1,000,000 bytes allowed" in refusal(sound, Limits(most=1_000_000))


def test_a_window_that_would_take_memory_is_refused(sound: bytes) -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=27, compression_level=3)
    content = Forged(sound).tar()

    assert "not sound zstd" in refusal(zstandard.ZstdCompressor(compression_params=wide).compress(content * 40))


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_byte_is_found(sound: bytes, seed: int) -> None:
    place = len(sound) * seed // 40
    content = sound[:place] + bytes([sound[place] ^ 0x20]) + sound[place + 1 :]

    refusal(content)
