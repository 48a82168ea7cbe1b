"""A secret never comes out again: not in a row, not in a long value, not in the log, in none of its spellings."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from appliance import logs, redaction
from appliance.domain import blobs, comments, providers, tasks
from appliance.domain.provider_forms import NewProvider
from appliance.domain.task_forms import NewTask
from tests.world import World

CANARY = "sk-canary/7Q+zz=9x8w7v6u5t4s3r2q1p"
ACME = "acme"


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_spellings", {})


@pytest.fixture
def planted(world: World) -> Iterator[World]:
    """An account whose key is the canary; from then on people and agents paste it everywhere."""
    with world.db() as db:
        new = NewProvider("Real", "openai", "https://api.example", CANARY, models=["m"])
        providers.add(db, world.alice.actor, world.vault, new)
    yield world


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_every_spelling_is_taken_out(before: str) -> None:
    redaction.remember(CANARY, ACME)
    texts = [CANARY, quote(CANARY, safe=""), base64.b64encode((before + CANARY + "tail").encode()).decode()]
    for text in texts:
        cleaned = redaction.clean(f"a {text} b", ACME)
        assert redaction.MARK in cleaned
        assert CANARY not in cleaned
        assert CANARY[4:-4].encode() not in base64.b64decode(cleaned.split()[1].replace(redaction.MARK, "") + "===")


def test_plain_words_stay() -> None:
    for word in ("short", "succeeded", "lm-studio", "12345678", "sk-no-key-required"):
        redaction.remember(word, ACME)
    redaction.remember(CANARY, ACME)
    text = "a short text about sk-canary on lm-studio succeeded: 12345678, sk-no-key-required"
    assert redaction.clean(text, ACME) == text


def test_mistake_26_a_key_pasted_into_the_work_is_stored_nowhere(planted: World) -> None:
    with planted.db() as db:
        alice = planted.alice.actor
        task = tasks.create(db, alice, NewTask("Use it", f"The key is {CANARY}."))
        comments.add(db, alice, task.id, f"Again: {quote(CANARY, safe='')}")
        digest = blobs.keep(db, planted.catalogue.files(planted.acme.id), CANARY + "x" * 99_999)
        assert tasks.get(db, task.id).body == "The key is [secret]."
        assert [c.body for c in comments.of_task(db, task.id)] == ["Again: [secret]"]
        assert blobs.read(planted.catalogue.files(planted.acme.id), digest).startswith("[secret]x")
    planted.catalogue.close()
    for path in planted.catalogue.folder.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("many", [2, 100])
def test_a_key_among_many_rows_is_taken_out(planted: World, many: int) -> None:
    with planted.db() as db:
        rows = [{"name": f"n{n}", "value": f"{n} {CANARY}", "updated_at": "2026"} for n in range(many)]
        db.insert_all("preferences", rows)
        assert {row["value"] for row in db.rows("SELECT value FROM preferences WHERE name LIKE 'n%'")} == {
            f"{n} [secret]" for n in range(many)
        }


def test_a_tenants_secret_blots_out_nothing_in_anothers_data(planted: World) -> None:
    """Whoever is admin somewhere could otherwise name an id or a time of others as a key, and break their rows."""
    with planted.db(planted.globex) as db:
        task = tasks.create(db, planted.charlie.actor, NewTask("Use it", f"The word is {CANARY}."))
        assert CANARY in tasks.get(db, task.id).body
    with planted.control() as control:
        assert control.value("SELECT CAST(:text AS TEXT) AS t", {"text": CANARY}) == CANARY


def test_the_log_does_not_say_it_either(tmp_path: Path) -> None:
    redaction.remember(CANARY, ACME)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "sent %s", (CANARY,), None)
    assert json.loads(logs.JsonLine().format(record))["message"] == "sent [secret]"
