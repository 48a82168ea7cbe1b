import json
from datetime import UTC, datetime

import pytest

from appliance import clock
from appliance.domain import ledger, prices, providers
from appliance.domain.actor import SYSTEM
from appliance.domain.ledger import Attempt, Opening
from appliance.domain.provider_forms import NewProvider
from tests.domain.spending import TENANT
from tests.domain.test_set_prices import cost, listed
from tests.world import Browser, World

DAY = "2026-11-23"
FORM = {"model": "lab-7b", "input": "2", "output": "2"}
BODY = {"model": "lab-7b", "prices": {"input_usd_per_mtok": "2", "output_usd_per_mtok": 2}}
SPAN = {"from": DAY, "to": DAY}


@pytest.fixture(autouse=True)
def noon():  # type: ignore[no-untyped-def]
    with clock.frozen(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        yield


def lab(world: World) -> str:
    with world.db() as db:
        new = NewProvider("Lab", "openai-compatible", "http://lab.test", "sk-0123456789", ["lab-7b", "gpt-4o"])
        return providers.add(db, SYSTEM, world.vault, new).id


def unpriced_call(world: World, provider_id: str) -> str:
    with world.db() as db:
        call_id = ledger.open_call(db, Opening(provider_id, "lab-7b", False, 1_000, "me", TENANT))
        used = Attempt(provider_id, "lab-7b", input_total=1000, output_total=100, note="No price is known for lab-7b.")
        with db.transaction():
            ledger.settle(db, call_id, [used])
        return call_id


def price_of(person: Browser, model: str) -> dict[str, object]:
    found = person.get(f"{person.api}/prices").json()["items"]
    return next(dict(one) for one in found if one["id"] == model)


def test_api_lists_sets_and_removes_a_price(world: World) -> None:
    lab(world)
    assert price_of(world.bob, "lab-7b")["price_source"] == "unpriced"
    assert price_of(world.bob, "gpt-4o")["input_usd_mtok"] == "2.5"
    made = world.alice.post(f"{world.alice.api}/prices", json=BODY | {"starts": "2026-11-01", "note": "Contract"})
    assert made.status_code == 201, made.text
    assert price_of(world.bob, "lab-7b")["price_source"] == "override"
    own = world.bob.get(f"{world.bob.api}/prices").json()["own"]
    assert [(one["model"], one["starts_at"][:10], one["note"]) for one in own] == [("lab-7b", "2026-11-01", "Contract")]
    assert world.alice.delete(f"{world.alice.api}/prices/{made.json()['id']}").status_code == 200
    assert price_of(world.bob, "lab-7b")["price_source"] == "unpriced"


def test_api_compares_a_list_before_it_applies_it(world: World) -> None:
    lab(world)
    body = {"list": json.loads(listed(("lab-7b", "3")))}
    seen = world.alice.post(f"{world.alice.api}/prices/import", json=body).json()
    assert (seen["added"], price_of(world.alice, "lab-7b")["price_source"]) == (1, "unpriced")
    world.alice.post(f"{world.alice.api}/prices/import", json=body | {"apply": True})
    assert price_of(world.alice, "lab-7b")["price_version"] == "import 1"
    wrong = world.alice.post(f"{world.alice.api}/prices/import", json={"list": {"format": "x"}})
    assert wrong.status_code == 400


def test_api_prices_past_calls_anew_and_the_call_tells(world: World) -> None:
    call_id = unpriced_call(world, lab(world))
    (group,) = world.bob.get(f"{world.bob.api}/prices/unpriced").json()["items"]
    assert (group["model"], group["calls"], group["estimate_nano"]) == ("lab-7b", 1, 1_000)
    world.alice.post(f"{world.alice.api}/prices", json=BODY)
    dry = world.alice.post(f"{world.alice.api}/prices/reprice", json=SPAN).json()
    assert (dry["changed"], dry["applied"], dry["after_usd"]) == (1, False, "0.0022")
    done = world.alice.post(f"{world.alice.api}/prices/reprice", json=SPAN | {"dry_run": False}).json()
    assert done["applied"] is True
    call = world.bob.get(f"{world.bob.api}/calls/{call_id}").json()
    assert (call["cost_usd"], call["cost_source"]) == ("0.0022", "override")
    assert [(one["before_nano"], one["after_usd"]) for one in call["adjustments"]] == [(None, "0.0022")]
    assert world.bob.get(f"{world.bob.api}/prices/unpriced").json() == {"items": []}


def test_the_page_shows_where_each_price_is_from_and_sets_one(world: World) -> None:
    unpriced_call(world, lab(world))
    page = world.alice.get(f"{world.alice.pages}/prices").text
    for part in ("No price", "$2.50", "by the model&#39;s name", "1 call has</a>", "agenthq price import FILE"):
        assert part in page.replace("1 call has no price</a>", "1 call has</a>"), part
    sent = world.alice.post(f"{world.alice.pages}/prices", data=FORM | {"cache_read": "0.2", "web_searches": "10"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/t/acme/prices")
    with world.db() as db:
        (own,) = prices.every(db)
        assert str(own.prices.cache_read_usd_per_mtok) == "0.2"
        assert own.prices.units_usd_per_1000.keys() == {"web_searches"}
    assert "Own price" in world.alice.get(f"{world.alice.pages}/prices").text
    gone = world.alice.post(f"{world.alice.pages}/prices/{own.id}/remove")
    assert gone.status_code == 303
    assert "Own price</span>" not in world.alice.get(f"{world.alice.pages}/prices").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"input": "much"}, 'id="input-error"'),
        ({"output": "-1"}, 'id="output-error"'),
        ({"model": " "}, 'id="model-error"'),
        ({"web_searches": "x"}, 'id="web_searches-error"'),
        ({"starts": "2026-12-01", "ends": "2026-11-01"}, 'id="ends-error"'),
        ({"input": "5000"}, "Yes, this price is meant"),
    ],
)
def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(world: World, typed: dict[str, str], said: str) -> None:
    wrong = world.alice.post(f"{world.alice.pages}/prices", data=FORM | {"note": "kept words"} | typed)
    assert wrong.status_code == 422
    assert said in wrong.text
    assert 'value="kept words"' in wrong.text
    with world.db() as db:
        assert prices.every(db) == []


def test_an_absurd_price_is_set_once_it_is_said_to_be_meant(world: World) -> None:
    sent = world.alice.post(f"{world.alice.pages}/prices", data=FORM | {"input": "5000", "confirm": "true"})
    assert sent.status_code == 303


def test_the_page_of_unpriced_calls_says_what_to_do(world: World) -> None:
    assert "Every call has a price" in world.bob.get(f"{world.bob.pages}/prices/unpriced").text
    unpriced_call(world, lab(world))
    page = world.alice.get(f"{world.alice.pages}/prices/unpriced").text
    for part in ("No price is known for lab-7b.", "?model=lab-7b#own-title", f"/reprice?from={DAY}&amp;to={DAY}"):
        assert part in page, part
    assert "#own-title" not in world.bob.get(f"{world.bob.pages}/prices/unpriced").text


def test_pricing_anew_shows_first_what_would_change(world: World) -> None:
    call_id = unpriced_call(world, lab(world))
    here = f"{world.alice.pages}/prices/reprice"
    assert "1 still have no price" in world.alice.get(here, params=SPAN).text
    with world.db() as db:
        prices.put(db, SYSTEM, prices.NewPrice("lab-7b", cost("2")))
    page = world.alice.get(here, params=SPAN).text
    assert "Price 1 anew" in page and "$0.0022" in page
    with world.db() as db:
        assert ledger.call(db, call_id).cost_nano is None
    assert world.alice.get(here, params={"from": "soon"}).status_code == 422
    sent = world.alice.post(here, data=SPAN)
    assert sent.status_code == 303
    page = world.bob.get(f"{world.bob.pages}/costs/calls/{call_id}").text
    assert "Priced anew" in page and "not priced" in page and "Alice" in page
    assert "Nothing would change" in world.alice.get(here, params=SPAN).text


def test_the_call_shows_its_sum_line_by_line_with_both_figures(world: World) -> None:
    provider = lab(world)
    units = {"input_nano_mtok": 10**10, "output_nano_mtok": 10**10, "cache_write_5m_nano_mtok": 125 * 10**8}
    used = Attempt(
        provider, "lab-7b", input_total=1000, cache_write_5m=400, output_total=10, tier="flex", cost_nano=9 * 10**6,
        cost_source="reported", reported_nano=9 * 10**6, computed_nano=11_100_000, note="A note.", **units,
    )  # fmt: skip
    with world.db() as db:
        call_id = ledger.open_call(db, Opening(provider, "lab-7b", False, 0, "me", TENANT, surface="messages"))
        with db.transaction():
            ledger.settle(db, call_id, [used])
    page = world.bob.get(f"{world.bob.pages}/costs/calls/{call_id}").text
    for part in (
        "Input written to the cache for 5 minutes",
        "flex tier",
        "The provider says $0.009",
        "$0.0111",
        "A note.",
    ):
        assert part in page, part


@pytest.mark.parametrize("name", ["surface=messages", "state=ok", "provider=", "key=k-1", "session=s-1"])
def test_the_list_of_calls_is_filtered_in_the_address(world: World, name: str) -> None:
    provider = lab(world)
    outside = Opening(provider, "wanted-1", False, 0, "me", TENANT, surface="messages", key_id="k-1", session_id="s-1")
    with world.db() as db:
        call_id = ledger.open_call(db, outside)
        with db.transaction():
            ledger.settle(db, call_id, [])
        ledger.open_call(db, Opening("other", "other-1", False, 0, "me", TENANT))
    query = name + (provider if name == "provider=" else "")
    page = world.bob.get(f"{world.bob.pages}/costs/calls?{query}").text
    table = page.partition("<tbody>")[2]
    assert "wanted-1" in table and "other-1" not in table
    key, _, value = query.partition("=")
    names = {"provider": "provider_id", "key": "key_id", "session": "session_id"}
    items = world.bob.get(f"{world.bob.api}/calls", params={names.get(key, key): value}).json()["items"]
    assert [one["model"] for one in items] == ["wanted-1"]


def test_charlie_gets_404_and_bob_only_reads(world: World) -> None:
    for path in ("/prices", "/prices/unpriced", "/prices/reprice"):
        assert world.charlie.get(f"{world.alice.pages}{path}").status_code == 404
    assert world.bob.get(f"{world.bob.pages}/prices").status_code == 200
    assert "Set an own price" not in world.bob.get(f"{world.bob.pages}/prices").text
    for path, body in (("", BODY), ("/import", {"list": {}}), ("/reprice", SPAN)):
        assert world.bob.post(f"{world.bob.api}/prices{path}", json=body).status_code == 403
    assert world.bob.post(f"{world.bob.pages}/prices", data=FORM).status_code == 403
    assert world.bob.get(f"{world.bob.pages}/prices/reprice").status_code == 403
