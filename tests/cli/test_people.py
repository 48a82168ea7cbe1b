"""People from the command line: invitations, owners of the box, second steps, rotation of keys."""

import re
from pathlib import Path

from tests.cli.conftest import PASSWORD, Run


def bob(agenthq: Run) -> None:
    assert agenthq("member", "add", "bob@acme.test", "--role", "viewer", "--password-stdin", stdin=PASSWORD).code == 0


def test_a_person_is_invited_listed_and_revoked(agenthq: Run, box: Path) -> None:
    made = agenthq("member", "invite", "eve@acme.test", "--role", "admin", "--json").json
    assert re.search(r"/join/[\w-]{43}$", made["link"])
    assert (made["state"], made["role"], "digest" in made) == ("open", "admin", False)
    again = agenthq("member", "invite", "eve@acme.test")
    assert (again.code, "is invited already" in again.err) == (1, True)
    assert "eve@acme.test" in agenthq("member", "invitations").out
    assert agenthq("member", "revoke", made["id"]).code == 0
    assert [one["state"] for one in agenthq("member", "invitations", "--json").json["items"]] == ["revoked"]
    assert agenthq("member", "revoke", "nothing").lines == ["agenthq: There is no such invitation."]


def test_the_link_is_printed_where_no_mail_is_sent(agenthq: Run, box: Path) -> None:
    said = agenthq("member", "invite", "eve@acme.test").out
    assert said.startswith("Give eve@acme.test this link, once: http://")


def test_owners_of_the_box_come_and_go_and_one_stays(agenthq: Run, box: Path) -> None:
    bob(agenthq)
    assert agenthq("user", "owner", "add", "bob@acme.test").out == "bob@acme.test answers for the box now.\n"
    assert {u["email"] for u in agenthq("user", "list", "--json").json["items"] if u["box_owner"]} == {
        "alice@acme.test",
        "bob@acme.test",
    }
    assert agenthq("user", "owner", "remove", "bob@acme.test").code == 0
    last = agenthq("user", "owner", "remove", "alice@acme.test")
    assert (last.code, "last owner of the box" in last.err) == (1, True)


def test_a_person_is_disabled_and_enabled(agenthq: Run, box: Path) -> None:
    bob(agenthq)
    agenthq("user", "disable", "bob@acme.test")
    assert agenthq("user", "enable", "bob@acme.test", "--json").json["disabled"] is False


def test_a_second_step_is_taken_away(agenthq: Run, box: Path) -> None:
    done = agenthq("user", "totp-reset", "alice@acme.test")
    assert (done.code, "password alone" in done.out) == (0, True)
    assert agenthq("user", "totp-reset", "nobody@acme.test").lines == ["agenthq: There is no such user."]


def test_a_key_is_rotated(agenthq: Run, box: Path) -> None:
    made = agenthq("key", "create", "--json").json
    fresh = agenthq("key", "rotate", made["id"], "--old-until", "2d", "--json").json
    assert (fresh["id"], fresh["old_hint"], fresh["secret"] == made["secret"]) == (made["id"], made["hint"], False)
    assert agenthq("key", "rotate", made["id"]).code == 1
    assert agenthq("key", "rotate", made["id"], "--end-old").code == 0
    assert agenthq("key", "rotate", made["id"], "--old-until", "soon").code == 2
