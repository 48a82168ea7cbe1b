"""The life of tenants from a shell."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def globex(agenthq: Run, box: Path) -> Run:
    assert agenthq("tenant", "create", "globex").code == 0
    return agenthq


def test_a_tenant_is_suspended_and_resumed(globex: Run) -> None:
    asked = globex("tenant", "suspend", "globex", "--reason", "unpaid")
    assert (asked.code, "Say --yes if that is meant" in asked.err) == (2, True)
    assert "active" in globex("tenant", "show", "globex").out
    said = globex("tenant", "suspend", "globex", "--reason", "unpaid", "--yes", "--json").json
    assert (said["state"], said["suspended_reason"]) == ("suspended", "unpaid")
    assert "unpaid" in globex("tenant", "show", "globex").out
    assert globex("tenant", "resume", "globex").out.strip() == "globex is active."


def test_a_tenant_is_deleted_brought_back_and_purged(globex: Run) -> None:
    assert globex("tenant", "delete", "globex").code == 2
    assert globex("tenant", "purge", "globex", "--yes").lines == [
        "agenthq: globex is active. Delete it first: agenthq tenant delete globex"
    ]
    assert "agenthq tenant undelete globex" in globex("tenant", "delete", "globex", "--yes").out
    assert globex("tenant", "undelete", "globex").out.strip() == "globex is active."
    globex("tenant", "delete", "globex", "--yes")
    gone = globex("tenant", "purge", "globex", "--yes", "--json").json
    assert gone["done_at"] and len(gone["digest"]) == 64
    assert globex("tenant", "show", "globex").code == 1
    [row] = globex("tenant", "purged", "--json").json["items"]
    assert (row["slug"], row["asked_by"]) == ("globex", "system:cli")


def test_the_only_tenant_of_the_owner_of_the_box_stays(globex: Run) -> None:
    refused = globex("tenant", "suspend", "acme", "--yes")
    assert refused.code == 1 and "the last active tenant" in refused.err


def test_a_new_tenant_says_who_gets_in(agenthq: Run, box: Path) -> None:
    assert "agenthq member add EMAIL --role owner --tenant hooli" in agenthq("tenant", "create", "hooli").out

    made = agenthq("tenant", "create", "umbra", "--owner", "alice@acme.test", "--plan", "starter")
    assert "Its owner: alice@acme.test" in made.out and "member add" not in made.out
    shown = agenthq("tenant", "plan", "umbra").out
    assert "starter" in shown

    refused = agenthq("tenant", "create", "other", "--plan", "gold")
    assert (refused.code, refused.lines) == (
        2,
        ["agenthq: plan: there is no plan gold; there are free, starter, growth, enterprise"],
    )
    assert "no such person" in agenthq("tenant", "create", "other", "--owner", "no@body.test").err
    assert agenthq("tenant", "show", "other").code == 1


def test_usage_and_a_tenant_in_maintenance(globex: Run, box: Path) -> None:
    items = {each["slug"]: each for each in globex("tenant", "usage", "--json").json["items"]}
    assert items["acme"]["usage"]["people"] == 1 and items["globex"]["usage"]["bytes"] > 0

    (box / "tenants" / items["globex"]["id"] / "tenant.db").unlink()
    listed = globex("tenant", "list")
    assert "maintenance" in listed.out and "Restore it from a backup" in listed.out
    assert "maintenance" in globex("tenant", "usage").out
    assert "Restore" in globex("tenant", "list", "--json").json["items"][1]["maintenance"]


def test_keys_of_the_box(globex: Run) -> None:
    made = globex("box-key", "create", "--name", "Terraform", "--expires", "90d", "--json").json
    assert made["secret"].startswith("ahqb_")
    assert globex("box-key", "revoke", made["id"]).code == 0
    [key] = globex("box-key", "list", "--json").json["items"]
    assert (key["state"], "secret" in key) == ("revoked", False)
    assert globex("box-key", "revoke", "nothing").code == 1
