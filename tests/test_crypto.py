"""Keys and sealed secrets: what opens, what never opens, and what is kept of a password."""

import os

import pytest

from appliance import crypto
from appliance.crypto import Vault
from appliance.errors import Problem

WRAPPED: dict[str, str] = {}


@pytest.fixture
def vault() -> Vault:
    made = Vault(bytes(32), WRAPPED.__getitem__)
    WRAPPED.update({tenant: made.new_tenant_key(tenant) for tenant in ("acme", "globex")})
    return made


def locked(act: object, *args: object) -> None:
    with pytest.raises(Problem) as caught:
        act(*args)  # type: ignore[operator]
    assert caught.value.code == "locked"


def test_a_secret_comes_back_as_it_was(vault: Vault) -> None:
    for secret in ("sk-1", "", "é ☃ 🦀", "x" * 100_000):
        assert vault.open("acme", "providers|1|secret|1", vault.seal("acme", "providers|1|secret|1", secret)) == secret


def test_the_same_secret_is_sealed_differently_each_time(vault: Vault) -> None:
    assert vault.seal("acme", "a", "sk-1") != vault.seal("acme", "a", "sk-1")


@pytest.mark.parametrize(
    ("tenant", "address"),
    [
        ("globex", "providers|1|secret|1"),
        ("acme", "providers|2|secret|1"),
        ("acme", "agents|1|secret|1"),
        ("acme", "providers|1|hint|1"),
        ("acme", "providers|1|secret|2"),
    ],
)
def test_a_secret_moved_elsewhere_does_not_open(vault: Vault, tenant: str, address: str) -> None:
    sealed = vault.seal("acme", "providers|1|secret|1", "sk-1")
    locked(vault.open, tenant, address, sealed)


def test_a_changed_secret_does_not_open(vault: Vault) -> None:
    sealed = vault.seal("acme", "a", "sk-1")
    for changed in (sealed[:-4] + "AAA=", "", "not base64!", sealed[:8], "AAAA" + sealed[4:]):
        locked(vault.open, "acme", "a", changed)


def test_another_master_key_opens_nothing(vault: Vault) -> None:
    sealed, probe = vault.seal("acme", "a", "sk-1"), vault.probe()
    other = Vault(os.urandom(32), WRAPPED.__getitem__)
    locked(other.open, "acme", "a", sealed)
    locked(other.check, probe)
    vault.check(probe)


def test_a_restarted_box_opens_what_it_sealed_before(vault: Vault) -> None:
    sealed = vault.seal("acme", "a", "sk-1")
    assert Vault(bytes(32), WRAPPED.__getitem__).open("acme", "a", sealed) == "sk-1"


@pytest.mark.parametrize("text", ["", "ab", "zz" * 32, "ab" * 31, "ab" * 33, "é" * 64])
def test_a_key_is_64_hexadecimal_digits(text: str) -> None:
    with pytest.raises(Problem) as caught:
        crypto.parse_key(text)
    assert caught.value.code == "config"
    assert crypto.parse_key(" " + "ab" * 32 + "\n") == b"\xab" * 32


def test_a_password_is_kept_only_as_its_hash() -> None:
    stored = crypto.hash_password("correct horse")
    assert "correct" not in stored
    assert stored.startswith("$argon2id$")
    assert crypto.verify_password(stored, "correct horse")
    assert not crypto.verify_password(stored, "Correct horse")
    assert not crypto.verify_password("not a hash", "correct horse")
    assert stored != crypto.hash_password("correct horse")


def test_a_fingerprint_tells_secrets_apart_and_tells_neither() -> None:
    assert crypto.fingerprint("sk-1") == crypto.fingerprint("sk-1") != crypto.fingerprint("sk-2")
    assert len(crypto.fingerprint("sk-1")) == 8


def test_a_token_is_looked_up_by_its_digest() -> None:
    assert crypto.digest("a") != crypto.digest("b")
