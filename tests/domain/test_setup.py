"""The one-time setup, decided by data, and the master key that goes with it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from appliance import clock, crypto, keyfile, settings
from appliance.crypto import Vault
from appliance.db.tenants import Catalogue
from appliance.domain import members, setup, tenants, users
from appliance.domain.actor import SYSTEM
from appliance.domain.setup import NewOwner
from appliance.errors import Problem
from tests.world import vault_of

NEW = NewOwner("Northwind", "Nora", "nora@northwind.test", "long enough 1")


def run(catalogue: Catalogue, token: str | None, new: NewOwner = NEW) -> str:
    with catalogue.control() as control:
        try:
            setup.complete(catalogue, control, vault_of(catalogue), token, new)
        except Problem as problem:
            return problem.code
    return "owner"


def link(catalogue: Catalogue) -> str:
    with catalogue.control() as control:
        return setup.new_token(control)


def test_twenty_at_once_make_one_owner(catalogue: Catalogue) -> None:
    token = link(catalogue)
    rivals = [NewOwner(f"Team {n}", "N", f"n{n}@x.test", "long enough 1") for n in range(20)]
    with ThreadPoolExecutor(20) as pool:
        ends = list(pool.map(lambda new: run(catalogue, token, new), rivals))
    assert sorted(set(ends)) == ["already_set_up", "owner"]
    assert ends.count("owner") == 1
    with catalogue.control() as control:
        (tenant,) = tenants.every(control)
        assert len(users.every(control)) == 1
        assert [m.role for m in members.every(control, tenant.id)] == ["owner"]
    assert not (catalogue.folder / "tenants").exists() or len(list((catalogue.folder / "tenants").iterdir())) <= 1


def test_a_link_ends_after_thirty_minutes(catalogue: Catalogue) -> None:
    token = link(catalogue)
    with clock.frozen(clock.now() + timedelta(minutes=31)):
        assert run(catalogue, token) == "expired"
    assert run(catalogue, token) == "owner"


def test_a_new_link_ends_the_old_one(catalogue: Catalogue) -> None:
    old, new = link(catalogue), link(catalogue)
    assert [run(catalogue, old), run(catalogue, new)] == ["expired", "owner"]


def test_the_link_is_not_stored(catalogue: Catalogue) -> None:
    token = link(catalogue)
    with catalogue.control() as control:
        assert token not in str(control.rows("SELECT * FROM setup_tokens"))


def test_a_refused_setup_leaves_nothing_and_keeps_the_link(catalogue: Catalogue) -> None:
    token = link(catalogue)
    assert run(catalogue, token, NewOwner("Northwind", "Nora", "nora@x.test", "short")) == "invalid"
    with catalogue.control() as control:
        assert (tenants.every(control), users.every(control)) == ([], [])
    assert run(catalogue, token) == "owner"


def test_only_an_active_owner_counts(catalogue: Catalogue) -> None:
    run(catalogue, None)
    with catalogue.control() as control:
        assert setup.has_owner(control)
        control.update("users", {"email": "nora@northwind.test"}, disabled=True)
        assert not setup.has_owner(control)
    assert run(catalogue, None, NewOwner("Second", "Sue", "sue@x.test", "long enough 1")) == "owner"


def test_a_box_with_an_owner_gives_no_link(catalogue: Catalogue) -> None:
    run(catalogue, None)
    with pytest.raises(Problem, match="has an owner"):
        link(catalogue)


def chosen(folder: Path, **flags: str) -> settings.Settings:
    return settings.load({"data": str(folder), **flags}, {})


def test_the_key_is_made_once_and_private(catalogue: Catalogue) -> None:
    settled = chosen(catalogue.folder)
    sealed = keyfile.unlock(catalogue, settled).probe()
    file = keyfile.path(catalogue.folder)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    keyfile.unlock(catalogue, settled).check(sealed)
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


def test_many_starts_at_once_agree_on_the_key(catalogue: Catalogue) -> None:
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: keyfile.unlock(catalogue, chosen(catalogue.folder)), range(8)))
    for vault in vaults:
        vault.check(vaults[0].probe())


@pytest.mark.parametrize("harm", ["lost", "wrong", "damaged", "binary"])
def test_mistake_29_a_missing_or_wrong_key_locks_and_nothing_is_made(catalogue: Catalogue, harm: str) -> None:
    keyfile.unlock(catalogue, chosen(catalogue.folder))
    file = keyfile.path(catalogue.folder)
    harmed = {"wrong": crypto.new_key().hex().encode(), "damaged": b"12ab", "binary": b"\xff\xfe\x00"}
    file.unlink() if harm == "lost" else file.write_bytes(harmed[harm])
    before = file.read_bytes() if file.exists() else None
    with pytest.raises(Problem) as caught:
        keyfile.unlock(catalogue, chosen(catalogue.folder))
    assert (caught.value.code, str(file) in caught.value.detail) == ("locked", True)
    assert (file.read_bytes() if file.exists() else None) == before


def test_the_key_of_the_settings_comes_first(catalogue: Catalogue) -> None:
    key = crypto.new_key().hex()
    keyfile.unlock(catalogue, chosen(catalogue.folder, master_key=key))
    assert not keyfile.path(catalogue.folder).exists()
    with pytest.raises(Problem, match="flag"):
        keyfile.unlock(catalogue, chosen(catalogue.folder, master_key=crypto.new_key().hex()))


def test_tenants_without_a_key_check_are_locked(catalogue: Catalogue) -> None:
    run(catalogue, None)
    with pytest.raises(Problem, match="Restore control"):
        keyfile.unlock(catalogue, chosen(catalogue.folder))
    assert not keyfile.path(catalogue.folder).exists()


def test_a_secret_moved_elsewhere_does_not_open(catalogue: Catalogue) -> None:
    vault = vault_of(catalogue)
    with catalogue.control() as control:
        one = tenants.create(catalogue, control, vault, "one", "One")
        two = tenants.create(catalogue, control, vault, "two", "Two", actor=SYSTEM)
    sealed = vault.seal(one.id, "providers|p|secret|1", "sk-1")
    fresh: Vault = vault_of(catalogue)
    assert fresh.open(one.id, "providers|p|secret|1", sealed) == "sk-1"
    for tenant_id, address in ((two.id, "providers|p|secret|1"), (one.id, "providers|q|secret|1")):
        with pytest.raises(Problem, match="does not open"):
            fresh.open(tenant_id, address, sealed)
