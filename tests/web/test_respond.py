"""How replies look: problems, headers, files, fragments, creates that are repeated."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.domain import members
from appliance.errors import Problem
from appliance.web import amounts, assets, filters, respond, site
from appliance.web.frame import Note, read_flash, write_flash
from tests.world import Browser, World

NEW = {"email": "dora@acme.test", "name": "Dora", "password": "long enough 1", "role": "viewer"}


def test_an_unknown_page_is_a_page(world: World) -> None:
    answer = world.alice.get("/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in answer.text


def test_a_member_who_is_lost_finds_the_board_again(world: World) -> None:
    link = 'href="/t/acme/board"'
    for lost in (
        world.alice.get("/t/acme/nowhere"),
        world.alice.get("/t/acme/tasks/77"),
        world.bob.get("/t/acme/agents/new"),
    ):
        assert (lost.status_code in (403, 404), link in lost.text) == (True, True)
    for other in (world.charlie.get("/t/acme/nowhere"), world.stranger.get("/t/acme/nowhere"), world.alice.get("/t")):
        assert (other.status_code, link in other.text) == (404, False)


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/nowhere", "/api/v1/t/acme/nowhere"])
def test_an_unknown_route_is_a_problem(world: World, path: str) -> None:
    answer = world.alice.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


def test_a_wrong_method_is_a_problem(world: World) -> None:
    answer = world.alice.put(world.alice.api + "/members")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"nonsense", b'{"a":'])
def test_garbage_is_not_json(world: World, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = world.alice.post(world.alice.api + "/members", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": 7}, "email"),
        ({"email": "x@y.test", "role": "king"}, "role"),
        ({"email": "x@y.test", "rôle": "viewer"}, "rôle"),
        ({"email": "no address", "name": "N", "password": "long enough 1"}, "email"),
        ({"email": "x@y.test", "name": "N", "password": "short"}, "password"),
    ],
)
def test_a_wrong_body_names_the_field(world: World, body: dict[str, object], field: str) -> None:
    answer = world.alice.post(world.alice.api + "/members", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert field in answer.json()["errors"]


def test_a_body_that_is_no_object_is_refused(world: World) -> None:
    answer = world.alice.post(world.alice.api + "/members", json=[1])
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_body_that_is_too_large_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = world.alice.post(world.alice.api + "/members", json={"email": "x" * 33 * 2**20})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_crash_is_logged_and_numbered(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(members, "every", lambda *_: 1 // 0)
    answer = world.alice.get(world.alice.api + "/members")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "ZeroDivisionError" in caplog.text
    assert answer.json()["detail"].split()[-1].rstrip(".") in caplog.text
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize("path", ["/t/acme/settings", "/nowhere", "/livez", "/static/css/base.css"])
def test_every_answer_carries_the_guards(world: World, path: str) -> None:
    headers = world.alice.get(path).headers
    assert {name: headers[name] for name in site.HEADERS} == site.HEADERS


def test_pages_are_compressed(world: World) -> None:
    assert world.alice.get("/t/acme/settings").headers["content-encoding"] == "gzip"


def test_files_are_kept_by_their_address(world: World) -> None:
    answer = world.stranger.get(assets.asset("css/base.css"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, assets.FOREVER)
    plain = world.stranger.get("/static/css/base.css")
    assert plain.headers["cache-control"] == "no-cache"
    again = world.stranger.get("/static/css/base.css", headers={"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["../../pyproject.toml", "%2e%2e/%2e%2e/pyproject.toml", "css", "css/none.css", "..%2f..%2fREADME.md"]
)
def test_nothing_outside_the_folder_is_served(world: World, name: str) -> None:
    assert world.stranger.get(f"/static/{name}").status_code == 404


def test_the_same_key_and_body_make_one(world: World) -> None:
    first, second = (_create(world.alice, NEW, "k1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    _create(world.alice, NEW, "k1")
    answer = _create(world.alice, NEW | {"email": "e@acme.test"}, "k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_mismatch")


def test_a_refused_create_may_be_repeated(world: World) -> None:
    assert _create(world.alice, NEW | {"password": "short"}, "k1").status_code == 400
    assert _create(world.alice, NEW, "k1").status_code == 201


def test_a_name_that_is_taken_is_no_replay(world: World) -> None:
    answer = _create(world.alice, NEW | {"email": "bob@acme.test"}, "k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate")


def test_parallel_duplicates_have_one_winner(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _create(world.alice, NEW, "k1"), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


def test_a_replayed_key_does_not_tell_its_secret_again(world: World) -> None:
    made = [
        world.alice.post(world.alice.api + "/keys", json={"name": "ci"}, headers={"idempotency-key": "k"}).json()
        for _ in range(2)
    ]
    assert made[0]["id"] == made[1]["id"]
    assert (made[0]["secret"][:4], made[1]["secret"]) == ("ahq_", "")
    with world.db() as db:
        assert made[0]["secret"] not in str(db.rows("SELECT * FROM idempotency"))


def test_msgspec_sentences_become_faults() -> None:
    assert respond.fault("Expected `str`, got `int` - at `$.title`") == {"title": "expected `str`, got `int`"}
    assert respond.fault("Object missing required field `title`") == {"title": "is required"}
    assert respond.fault("Object contains unknown field `x` - at `$.deep`") == {"deep.x": "is not a field here"}


def test_a_flash_survives_only_whole() -> None:
    assert read_flash(write_flash(Note("Grüße ✓", "warn"))) == [Note("Grüße ✓", "warn")]
    assert read_flash("garbage") == read_flash("!!") == []


def test_form_refusals_can_be_swapped_in() -> None:
    assert respond.form_status(Problem("invalid")) == 422
    assert respond.form_status(Problem("rate_limited")) == 429


@pytest.mark.parametrize(
    ("nano", "short", "exact"),
    [
        (0, "$0.00", "$0.00"),
        (1, "<$0.0001", "$0.000000001"),
        (34_700_000, "$0.0347", "$0.0347"),
        (1_234_567_890_123, "$1,234.57", "$1,234.567890123"),
        (-2_500_000_000, "−$2.50", "−$2.50"),
        (None, "–", "not priced"),
    ],
)
def test_money_reads_right(nano: int | None, short: str, exact: str) -> None:
    assert (amounts.usd(nano), amounts.usd_exact(nano)) == (short, exact)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 kB"),
        (4200, "4.1 kB"),
        (12_345_678, "11.8 MB"),
        (1_036_288, "1,012 kB"),
        (5 << 40, "5.0 TB"),
    ],
)
def test_sizes_read_right(size: int, text: str) -> None:
    assert filters.bytes_(size) == text


def _create(browser: Browser, body: dict[str, str], key: str):  # type: ignore[no-untyped-def]
    return browser.post(browser.api + "/members", json=body, headers={"idempotency-key": key})
