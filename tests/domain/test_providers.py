import pytest

from appliance.domain import budgets, events, provider_secrets, providers, routing
from appliance.domain.actor import SYSTEM
from appliance.domain.provider_forms import ModelPrice, NewProvider, ProviderChange
from appliance.errors import Problem
from tests.world import World

KEY = "sk-test-0123456789-abcd"
LAB = NewProvider("Lab", "openai-compatible", "http://127.0.0.1:9/v1", KEY, ["lab-7b"])


def test_a_secret_is_sealed_and_only_hinted_at(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, LAB)
        assert (made.secret_hint, len(made.secret_fingerprint)) == ("abcd", 8)
        assert KEY not in str(db.rows("SELECT * FROM providers"))
        assert provider_secrets.opened(db, world.vault, made.id) == KEY


def test_a_short_secret_gives_no_hint(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, NewProvider("Lab", "openai", secret="sk-1234"))
        assert made.secret_hint == ""


def test_a_sealed_secret_opens_nowhere_else(world: World) -> None:
    with world.db() as db:
        first = providers.add(db, SYSTEM, world.vault, LAB)
        second = providers.add(db, SYSTEM, world.vault, NewProvider("Other", "openai", secret="sk-another-key"))
        stolen = db.value("SELECT secret FROM providers WHERE id = :id", {"id": first.id})
        db.update("providers", {"id": second.id}, secret=stolen)
        with pytest.raises(Problem) as refused:
            provider_secrets.opened(db, world.vault, second.id)
        assert refused.value.code == "locked"


def test_a_sealed_secret_opens_in_no_other_tenant(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, LAB)
        row = db.one("SELECT * FROM providers WHERE id = :id", {"id": made.id})
    with world.db(world.globex) as other:
        assert row
        other.insert("providers", row)
        with pytest.raises(Problem):
            provider_secrets.opened(other, world.vault, made.id)


def test_a_new_secret_replaces_the_old_and_is_untested(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, LAB)
        old = db.value("SELECT secret FROM providers WHERE id = :id", {"id": made.id})
        providers.note_test(db, SYSTEM, made.id, True, "ok", [])
        changed = providers.change(db, SYSTEM, world.vault, made.id, ProviderChange(secret=" sk-new-0123456789 \n"))
        assert provider_secrets.opened(db, world.vault, changed.id) == "sk-new-0123456789"
        assert (changed.tested_at, changed.test_ok) == (None, None)
        db.update("providers", {"id": made.id}, secret=old)
        with pytest.raises(Problem):
            provider_secrets.opened(db, world.vault, changed.id)


def test_a_stored_secret_is_not_sent_to_a_new_address(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, LAB)
        moved = ProviderChange(base_url="http://evil.test/v1")
        with pytest.raises(Problem) as refused:
            providers.change(db, SYSTEM, world.vault, made.id, moved)
        assert list(refused.value.errors) == ["secret"]
        again = ProviderChange(base_url="http://new.test/v1", secret=KEY)
        assert providers.change(db, SYSTEM, world.vault, made.id, again).base_url == "http://new.test/v1"


def test_other_changes_keep_secret_and_test(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, LAB)
        providers.note_test(db, SYSTEM, made.id, True, "ok", [])
        changed = providers.change(
            db, SYSTEM, world.vault, made.id, ProviderChange(name="Lab 2", base_url=LAB.base_url)
        )
        assert changed.test_ok
        assert provider_secrets.opened(db, world.vault, changed.id) == KEY


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewProvider("", "simulated"), "name"),
        (NewProvider("a/b", "simulated"), "name"),
        (NewProvider("x", "telepathy"), "kind"),
        (NewProvider("x", "openai-compatible"), "base_url"),
        (NewProvider("x", "openai-compatible", "ftp://x"), "base_url"),
        (NewProvider("x", "openai-compatible", "http://me:secret@host/v1"), "base_url"),
        (NewProvider("x", "openai"), "secret"),
        (NewProvider("x", "anthropic", secret="  "), "secret"),
        (NewProvider("x", "simulated", billing="barter"), "billing"),
        (NewProvider("x", "simulated", pace="slow"), "pace"),
        (NewProvider("x", "simulated", prices={"m": ModelPrice(-1, 1)}), "prices"),
        (NewProvider("x", "simulated", prices={"m": ModelPrice(1, float("nan"))}), "prices"),
    ],
)
def test_a_bad_account_names_its_field(world: World, new: NewProvider, field: str) -> None:
    with world.db() as db, pytest.raises(Problem) as refused:
        providers.add(db, SYSTEM, world.vault, new)
    assert list(refused.value.errors) == [field]


def test_a_name_is_taken_once(world: World) -> None:
    with world.db() as db:
        providers.add(db, SYSTEM, world.vault, LAB)
        other = providers.add(db, SYSTEM, world.vault, NewProvider("Sim", "simulated"))
        for attempt in (
            lambda: providers.add(db, SYSTEM, world.vault, LAB),
            lambda: providers.change(db, SYSTEM, world.vault, other.id, ProviderChange(name="Lab")),
        ):
            with pytest.raises(Problem) as refused:
                attempt()
            assert refused.value.code == "duplicate"
            assert "Lab" in refused.value.detail


def test_a_model_is_found_by_itself_or_with_its_account(world: World) -> None:
    with world.db() as db:
        first = providers.add(db, SYSTEM, world.vault, NewProvider("One", "simulated", models=["m"]))
        second = providers.add(db, SYSTEM, world.vault, NewProvider("Two", "simulated", models=["m"]))
        assert routing.resolve(db, "m")[0].id == first.id
        assert routing.resolve(db, "Two/m") == (second, "m")
        assert routing.resolve(db, "Two/vendor/model") == (second, "vendor/model")


def test_a_paused_account_serves_nothing_and_says_so(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, NewProvider("One", "simulated"))
        providers.change(db, SYSTEM, world.vault, made.id, ProviderChange(paused=True))
        for model in ("simulated", "One/simulated"):
            with pytest.raises(Problem, match="One serves .* is paused"):
                routing.resolve(db, model)
        second = providers.add(db, SYSTEM, world.vault, NewProvider("Two", "simulated"))
        assert routing.resolve(db, "simulated")[0].id == second.id


def test_a_model_nobody_serves_says_what_to_do(world: World) -> None:
    with world.db() as db, pytest.raises(Problem, match="Add one, or name another model"):
        routing.resolve(db, "gpt-99")


def test_models_of_a_test_are_kept_only_when_none_were_named(world: World) -> None:
    with world.db() as db:
        named = providers.add(db, SYSTEM, world.vault, LAB)
        bare = providers.add(db, SYSTEM, world.vault, NewProvider("Bare", "ollama"))
        assert providers.note_test(db, SYSTEM, named.id, True, "ok", ["a", "b"]).models == ["lab-7b"]
        assert providers.note_test(db, SYSTEM, bare.id, True, "ok", ["a", "b"]).models == ["a", "b"]


def test_models_are_named_once_without_blanks(world: World) -> None:
    with world.db() as db:
        new = NewProvider("One", "openai-compatible", "http://x.test/v1", models=["a", " b ", "", "a"])
        assert providers.add(db, SYSTEM, world.vault, new).models == ["a", "b"]


def test_removing_an_account_tells_its_name(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, LAB)
        providers.remove(db, SYSTEM, made.id)
        assert events.recent(db, 1)[0].data["name"] == "Lab"
        assert providers.all(db) == []


def test_removing_an_account_removes_its_budgets(world: World) -> None:
    with world.db() as db:
        made = providers.add(db, SYSTEM, world.vault, LAB)
        budgets.put(db, SYSTEM, "provider", made.id, "month", 5)
        budgets.put(db, SYSTEM, "tenant", "", "month", 5)
        providers.remove(db, SYSTEM, made.id)
        assert [budget.scope for budget in budgets.all(db)] == ["tenant"]
