"""What a new master key must open beside the tenants' data keys: second steps, the box's secrets, the audit log."""

from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest

from appliance import clock, crypto, keyfile
from appliance.backup import rotating
from appliance.backup.means import Means
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import CONTROL
from appliance.domain import audit, box_secrets, tenants, totp
from appliance.domain.actor import SYSTEM
from tests.world import World

SECRET = "hunter2-of-the-box"


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    keyfile.path(world.catalogue.folder).parent.mkdir(mode=0o700, exist_ok=True)
    keyfile.path(world.catalogue.folder).write_text(world.vault.master_text())
    with world.control() as control:
        control.insert("box", {"name": "probe", "value": world.vault.probe()})
        # Written when the cast was made, by nobody who had a key.
        control.execute("DELETE FROM audit")
        control.execute("DELETE FROM box WHERE name LIKE 'audit%'")
        control.execute("DELETE FROM counters WHERE name LIKE 'audit%'")
    keyfile.unlock(world.catalogue, world.settings)
    with world.control() as control:
        yield control


def rotated(world: World) -> Vault:
    file = keyfile.path(world.catalogue.folder)
    rotating.rotate(Means(world.catalogue, world.vault), SYSTEM, file, keyfile.next_path(world.catalogue.folder))
    return keyfile.unlock(world.catalogue, world.settings)


def test_the_audit_log_goes_on_and_is_sound(world: World, control: Database) -> None:
    audit.record(control, SYSTEM, "before", "the new key")
    rotated(world)

    with world.control() as again:
        audit.record(again, SYSTEM, "after", "the new key")
        proof = audit.verify(again)
        assert proof.fault == ""
        assert proof.lines == again.value("SELECT COUNT(*) AS n FROM audit")


def test_secrets_of_the_box_and_of_tenants_open(world: World, control: Database) -> None:
    sealed = box_secrets.seal(control, world.vault, "place|1", SECRET)
    own = world.vault.seal(world.acme.id, "place|1", SECRET)

    new = rotated(world)

    assert box_secrets.opened(new, "place|1", sealed) == SECRET
    assert new.open(world.acme.id, "place|1", own) == SECRET
    assert crypto.opens(
        crypto.parse_key(new.master_text()), control.value("SELECT value FROM box WHERE name = 'probe'")
    )
    assert tenants.wrapped_key(control, CONTROL)


def test_a_second_step_still_opens(world: World, control: Database) -> None:
    alice = world.alice.member.id
    begun = totp.begin(control, world.vault, alice)
    code = pyotp.TOTP(begun.secret)
    totp.confirm(control, world.vault, world.alice.actor, alice, code.at(clock.now()))

    totp.check(control, rotated(world), alice, code.at(clock.now() + timedelta(seconds=30)))
