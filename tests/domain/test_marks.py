"""What is asked first and known until a transaction ends: never older than what that transaction itself has changed."""

from decimal import Decimal

from appliance.domain import marks, preferences, prices, providers, route_book
from appliance.domain.actor import SYSTEM
from appliance.domain.price_forms import NewPrice, UnitPrices
from appliance.domain.provider_forms import NewProvider
from tests.world import World


def test_a_change_in_the_same_transaction_is_seen(world: World) -> None:
    with world.db() as db, db.transaction():
        last = marks.look(db)
        known = prices.version(db)
        assert preferences.zone(db).key == "UTC"
        preferences.put(db, SYSTEM, "zone", "Asia/Tokyo")
        assert preferences.zone(db).key == "Asia/Tokyo"
        prices.put(db, SYSTEM, NewPrice("m", UnitPrices(Decimal(1), Decimal(2))))
        assert prices.version(db) == known + 1
        assert len(route_book.read(db).accounts) == 0
        providers.add(
            db, SYSTEM, world.vault, NewProvider("Lab", "openai-compatible", "http://127.0.0.1:9", models=["m"])
        )
        assert "m" in route_book.read(db).serving
        assert marks.look(db) > last


def test_nothing_is_known_after_the_transaction(world: World) -> None:
    with world.db() as db, world.db() as other:
        with db.transaction():
            marks.look(db)
        preferences.put(other, SYSTEM, "zone", "Asia/Tokyo")
        assert preferences.zone(db).key == "Asia/Tokyo"
        with db.transaction():
            marks.look(db)
            assert preferences.zone(db).key == "Asia/Tokyo"


def test_what_a_part_changed_that_was_undone_is_known_as_before(world: World) -> None:
    with world.db() as db, db.transaction():
        marks.look(db)
        try:
            with db.attempt():
                preferences.put(db, SYSTEM, "zone", "Asia/Tokyo")
                raise LookupError
        except LookupError:
            pass
        assert preferences.zone(db).key == "UTC"
