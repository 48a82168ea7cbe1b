"""The text of one tenant shows in nothing that another can ask for, though both have the same ids."""

import logging
import re
from collections import deque
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote, urldefrag

import psycopg
import pytest
from psycopg import sql

from appliance.domain import comments, tasks
from appliance.domain.actor import SYSTEM
from tests.isolation.twins import MARK, Twins, month_of_work, twins
from tests.world import Browser, Theatre

pytestmark = [pytest.mark.outside, pytest.mark.timeout(600)]
MOST_PAGES = 700
# Values tried for one parameter of an address.
MOST_VALUES = 6
_LINK = re.compile(r'(?:href|src|action|hx-get|data-live-url|data-url)="([^"]+)"')
_PARAMETER = re.compile(r"\{(\w+)\}")
# Streams that never end by themselves are looked at apart.
ENDLESS = ("/events/stream",)
OPEN_PATHS = ("/login", "/livez", "/readyz", "/healthz", "/api/docs", "/api/openapi.json", "/gw/v1/models")


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return month_of_work(tmp_path_factory.mktemp("month") / "data")


@pytest.fixture(scope="module")
def pair(admin_url: str, theatre: Theatre, month: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    url = ""
    if admin_url:
        name = "twins"
        with psycopg.connect(admin_url, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = f"{admin_url.rpartition('/')[0]}/{name}"
    with twins(tmp_path_factory.mktemp("twins") / "data", url, theatre, month) as made:
        yield made


@pytest.fixture(scope="module")
def seen_by_mara(pair: Twins) -> dict[str, str]:
    """What the owner of the marked tenant sees, before anybody of the other looks: caches are warm with it."""
    return dict(pages(pair.mara, sound=False))


def test_the_sweep_sees_the_mark_where_it_belongs(pair: Twins, seen_by_mara: dict[str, str]) -> None:
    shown = [path for path, text in seen_by_mara.items() if MARK in text]
    assert pair.marks > 1_000
    assert len(shown) > 60


def test_no_page_that_links_lead_to_shows_text_of_the_other_tenant(pair: Twins, seen_by_mara: dict[str, str]) -> None:
    found = dict(pages(pair.charlie))
    assert len(found) > 100
    assert [path for path, text in found.items() if MARK in text] == []


def test_no_route_shows_it_whatever_id_is_asked_for(
    pair: Twins, seen_by_mara: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    leaks, answered = [], 0
    with pair.world.program(pair.key) as program:
        for path in addresses(pair):
            reply = program.get(path) if path.startswith("/api/v1/") else pair.charlie.get(path)
            answered += reply.status_code == 200
            assert reply.status_code < 500, path
            if MARK in reply.text or MARK in str(reply.headers):
                leaks.append(path)
    assert leaks == []
    assert answered > 150
    assert MARK not in caplog.text


def test_every_route_of_the_other_tenant_is_404(pair: Twins) -> None:
    found = {path: pair.charlie.get(path) for path in addresses(pair, pair.marked.slug) if path.startswith("/t/")}
    assert len(found) > 100
    assert {path: reply.status_code for path, reply in found.items() if reply.status_code != 404} == {}
    assert all(MARK not in reply.text for reply in found.values())


def test_nothing_that_is_open_shows_it(pair: Twins, seen_by_mara: dict[str, str]) -> None:
    for path in OPEN_PATHS:
        reply = pair.world.stranger.get(path)
        assert MARK not in reply.text, path
    with pair.world.program(pair.world.settings.metrics_token or "none") as program:
        assert MARK not in program.get("/metrics").text


def test_searching_for_the_mark_finds_nothing(pair: Twins, seen_by_mara: dict[str, str]) -> None:
    for path in ("/t/globex/board?q=", "/t/globex/runs?q=", "/api/v1/t/globex/tasks?q="):
        text = pair.charlie.get(path + MARK).text
        assert text.count(MARK) <= text.count(f'value="{MARK}"') + text.count(f"q={MARK}") + 1, path
        assert f"{MARK} " not in text, path


def test_exports_hold_none_of_it(pair: Twins, seen_by_mara: dict[str, str]) -> None:
    for what in ("calls", "tasks", "events", "usage"):
        for form in ("csv", "json", "jsonl"):
            reply = pair.charlie.get(f"/api/v1/t/globex/analytics/export?what={what}&format={form}")
            assert MARK not in reply.text


def test_the_live_stream_tells_nothing_of_the_other_tenant(pair: Twins) -> None:
    stream = f"{pair.charlie.api}/events/stream"
    with pair.charlie.stream("GET", stream) as reply:
        for tenant in (pair.marked, pair.plain):
            with pair.world.db(tenant) as db:
                first = tasks.get(db, db.value("SELECT MIN(id) AS id FROM tasks"))
                comments.add(db, SYSTEM, first.id, f"{MARK} said" if tenant is pair.marked else "plain said")
        told = ""
        for piece in reply.iter_text():
            told += piece
            if "comment" in told:
                break
    assert MARK not in told
    assert told.count("event: ") <= 1


def pages(browser: Browser, sound: bool = True) -> Iterator[tuple[str, str]]:
    """Every page that can be reached from the front page of the person's tenant, by path.

    The mark makes some data unsound: who looks at that may see a page fail.
    """
    waiting, known = deque([f"{browser.pages}/"]), {f"{browser.pages}/"}
    while waiting and len(known) <= MOST_PAGES:
        path = waiting.popleft()
        reply = browser.get(path)
        assert reply.status_code < 500 or not sound, path
        yield path, reply.text + str(reply.headers)
        for found in _LINK.findall(reply.text):
            link = urldefrag(unescape(found))[0]
            inside = link.startswith((browser.pages, browser.api)) and not link.endswith(ENDLESS)
            # One page of each kind of list is enough of its filters and cursors.
            shape = re.sub(r"=[^&]*", "=", link) if "?" in link else link
            if inside and shape not in known and "/events/stream" not in link:
                known.add(shape)
                waiting.append(link)


def addresses(pair: Twins, slug: str = "globex") -> Iterator[str]:
    """Every GET route with each parameter filled from what is in the database."""
    values = known_values(pair)
    for route in pair.world.app.routes:
        methods, path = getattr(route, "methods", ()), str(route.path_format)
        if "GET" not in methods or path.endswith(ENDLESS) or path.startswith(("/static", "/api/schema")):
            continue
        path = path.replace("{slug}", slug)
        yield from filled(path, values)


def filled(path: str, values: dict[str, list[str]]) -> Iterator[str]:
    named = _PARAMETER.search(path)
    if named is None:
        yield path
        return
    noun = path[: named.start()].rstrip("/").rpartition("/")[2]
    for value in values.get(f"{noun}/{named[1]}", values.get(named[1], values["id"]))[:MOST_VALUES]:
        yield from filled(path.replace(named[0], quote(value, safe=""), 1), values)


def known_values(pair: Twins) -> dict[str, list[str]]:
    """Values of parameters: ids of every table, and by the noun before them what else names a row."""
    asked = {
        "tasks/ref": "SELECT CAST(number AS TEXT) AS v FROM tasks ORDER BY number DESC LIMIT 6",
        "agents/ref": "SELECT slug AS v FROM agents LIMIT 6",
        "workflows/ref": "SELECT slug AS v FROM workflows LIMIT 6",
        "instances/ref": "SELECT id AS v FROM instances LIMIT 6",
        "schedules/ref": "SELECT id AS v FROM schedules LIMIT 6",
        "providers/ref": "SELECT id AS v FROM providers LIMIT 6",
        "runs/run_id": "SELECT id AS v FROM runs ORDER BY id DESC LIMIT 6",
        "calls/call_id": "SELECT id AS v FROM calls ORDER BY id DESC LIMIT 6",
        "approvals/approval_id": "SELECT id AS v FROM approvals LIMIT 6",
        "steps/key": "SELECT key AS v FROM steps LIMIT 6",
        "chains/chain": "SELECT DISTINCT chain AS v FROM runs LIMIT 6",
    }
    with pair.world.db(pair.plain) as db:
        found = {name: [str(row["v"]) for row in db.rows(query)] for name, query in asked.items()}
        ids = [str(row["id"]) for row in db.rows("SELECT id FROM tasks UNION SELECT id FROM agents")]
    return found | {
        "id": ids,
        "number": ["1"],
        "tool": ["codex"],
        "token": ["none"],
        "path": ["none"],
        "name": ["code-review"],
    }
