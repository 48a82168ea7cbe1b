"""What people did to the box is signed: each way to tamper with it is found, and its key is not beside it."""

from collections.abc import Iterator

import pytest

from appliance.crypto import Vault
from appliance.db.database import Database, Duplicate
from appliance.db.tenants import Catalogue
from appliance.domain import audit, audit_chain
from appliance.domain.actor import SYSTEM
from appliance.domain.chain import Head
from appliance.errors import Problem
from tests.world import World

KEY = bytes(range(32))


def write(control: Database, first: int, count: int) -> None:
    for n in range(first, first + count):
        audit.record(control, SYSTEM, "user.created", f"user {n}")


@pytest.fixture
def control(catalogue: Catalogue) -> Iterator[Database]:
    """A log of twelve lines."""
    catalogue.log_key = KEY
    with catalogue.control() as opened:
        write(opened, 1, 12)
        yield opened


def test_a_log_as_it_was_written_is_sound(control: Database) -> None:
    proof = audit.verify(control)
    assert (proof.bad, proof.lines) == (None, 12)
    seq, _, digest = proof.head.partition(":")
    write(control, 13, 1)
    assert audit.verify(control, Head(int(seq), digest)).bad is None


def test_lines_of_one_transaction_are_numbered_in_their_order(control: Database) -> None:
    with control.transaction():
        write(control, 13, 3)
    assert audit.verify(control).lines == 15
    last = control.rows("SELECT subject FROM audit ORDER BY seq DESC LIMIT 3")
    assert [row["subject"] for row in last] == ["user 15", "user 14", "user 13"]


def test_a_transaction_that_is_undone_leaves_no_gap(control: Database) -> None:
    with pytest.raises(Duplicate), control.transaction():
        write(control, 13, 2)
        raise Duplicate("undone")
    write(control, 13, 1)
    assert (audit.verify(control).bad, audit.verify(control).lines) == (None, 13)


def test_a_part_that_is_undone_takes_its_lines_with_it(control: Database) -> None:
    with control.transaction():
        with pytest.raises(Duplicate), control.attempt():
            write(control, 13, 1)
            raise Duplicate("undone")
        write(control, 14, 1)
    assert audit.verify(control).lines == 13
    assert control.value("SELECT subject FROM audit WHERE seq = 13") == "user 14"


@pytest.mark.parametrize("column", ["id", "at", "actor", "action", "subject", "tenant_id", "hash"])
def test_a_changed_line_is_named(control: Database, column: str) -> None:
    control.execute(f"UPDATE audit SET {column} = 'x' WHERE seq = 5")
    proof = audit.verify(control)
    assert (proof.bad, proof.lines, "is not what was written" in proof.fault) == (5, 4, True)


def test_a_removed_line_is_named(control: Database) -> None:
    control.execute("DELETE FROM audit WHERE seq = 5")
    assert audit.verify(control).fault == "Line 5 is missing."


@pytest.mark.parametrize("renumbered", [True, False], ids=["in the chain", "beside it"])
def test_an_inserted_line_is_found(control: Database, renumbered: bool) -> None:
    if renumbered:
        for seq in range(12, 4, -1):
            control.execute("UPDATE audit SET seq = seq + 1 WHERE seq = :seq", {"seq": seq})
    row = control.one("SELECT * FROM audit WHERE seq = 4") or {}
    control.insert("audit", row | {"id": "0", "subject": "put in", "seq": 5 if renumbered else None})
    proof = audit.verify(control)
    assert proof.bad == (5 if renumbered else 13)
    assert proof.fault in ("Line 5 is not what was written there.", "1 lines were put in beside the chain.")


def test_lines_in_another_order_are_found(control: Database) -> None:
    for before, after in ((5, 0), (6, 5), (0, 6)):
        control.execute("UPDATE audit SET seq = :after WHERE seq = :before", {"before": before, "after": after})
    assert audit.verify(control).bad == 5


def test_a_log_whose_end_was_cut_off_is_found(control: Database) -> None:
    control.execute("DELETE FROM audit WHERE seq > 9")
    control.update("counters", {"name": "audit"}, value=9)
    proof = audit.verify(control)
    assert (proof.bad, proof.fault) == (10, "The log ends after line 9; lines up to 12 were written.")


def test_a_cut_end_with_a_made_up_head_is_found(control: Database) -> None:
    control.execute("DELETE FROM audit WHERE seq > 9")
    digest = control.value("SELECT hash FROM audit WHERE seq = 9")
    control.update("box", {"name": audit_chain.HEAD}, value=f"9:{digest}")
    assert (audit.verify(control).bad, "signed" in audit.verify(control).fault) == (10, True)


def test_an_earlier_state_put_back_as_a_whole_is_found_by_the_head_noted_before(control: Database) -> None:
    head = control.value("SELECT value FROM box WHERE name = :name", {"name": audit_chain.HEAD})
    write(control, 13, 2)
    seq, _, digest = audit.verify(control).head.partition(":")
    control.execute("DELETE FROM audit WHERE seq > 12")
    control.update("box", {"name": audit_chain.HEAD}, value=head)
    assert audit.verify(control).bad is None
    assert audit.verify(control, Head(int(seq), digest)).bad == 13


def test_mistake_34_who_has_the_database_but_not_the_master_key_can_not_write_a_line(control: Database) -> None:
    wrapped = Vault(KEY, str).new_log_key()
    control.insert("box", {"name": "audit_key", "value": wrapped})
    control.log_key = b""
    control.execute("DELETE FROM audit WHERE seq = 12")
    control.update("counters", {"name": "audit"}, value=11)
    write(control, 12, 1)
    control.log_key = KEY
    assert audit.verify(control).bad == 12
    everything = str([control.rows(f"SELECT * FROM {table}") for table in ("audit", "box", "counters")])
    assert KEY.hex() not in everything
    assert Vault(KEY, str).log_key(wrapped).hex() not in everything
    with pytest.raises(Problem):
        Vault(bytes(32), str).log_key(wrapped)


def test_lines_from_before_the_chain_are_chained_once_with_a_line_that_says_so(catalogue: Catalogue) -> None:
    catalogue.log_key = KEY
    with catalogue.control() as control:
        for n in range(3):
            row = {"id": str(n), "at": "2026-01-01", "tenant_id": None, "actor": "x", "action": "y", "subject": "z"}
            control.insert("audit", row)
        audit_chain.begin(control)
        audit_chain.begin(control)
        assert (audit.verify(control).bad, audit.verify(control).lines) == (None, 4)
        said = control.one("SELECT action, subject FROM audit WHERE seq = 4")
        assert said == {"action": audit_chain.STARTED, "subject": "3 earlier lines"}


def test_what_the_product_does_is_chained(world: World) -> None:
    with world.control() as control:
        assert audit.verify(control).lines > 5
        assert audit.verify(control).bad is None
