"""The list of hosts that agents may read."""

import pytest

from appliance.domain import events, hosts
from appliance.errors import Problem
from tests.world import World


def test_a_list_begins_empty_and_keeps_each_host_once(world: World) -> None:
    with world.db() as db:
        assert hosts.allowed(db) == []
        hosts.allow(db, world.alice.actor, " Docs.Example.com. ")
        hosts.allow(db, world.alice.actor, "docs.example.com")
        assert hosts.allow(db, world.alice.actor, "[::1]:3000") == ["[::1]:3000", "docs.example.com"]
        assert hosts.allow(db, world.alice.actor, "docs.example.com", private=True)[1:] == ["private docs.example.com"]
        assert hosts.refuse(db, world.alice.actor, "docs.example.com") == ["[::1]:3000"]
        assert [e.kind for e in events.recent(db)].count("preference.changed") == 4


@pytest.mark.parametrize(
    "host",
    [
        "",
        "*",
        "*.",
        "http://example.com",
        "example.com/x",
        "a b",
        "exa_mple..com",
        "x:0",
        "x:70000",
        "[zz]",
        "::1",
        "-a",
    ],
)
def test_what_is_no_host_is_refused(world: World, host: str) -> None:
    with world.db() as db, pytest.raises(Problem) as caught:
        hosts.allow(db, world.alice.actor, host)
    assert list(caught.value.errors) == ["host"]


def test_only_an_admin_changes_the_list(world: World) -> None:
    with world.db() as db:
        for change in (hosts.allow, hosts.refuse):
            with pytest.raises(Problem, match="admin"):
                change(db, world.otto.actor, "example.com")
        with pytest.raises(Problem, match="no such host"):
            hosts.refuse(db, world.alice.actor, "example.com")


def test_each_tenant_has_its_own_list(world: World) -> None:
    with world.db() as db:
        hosts.allow(db, world.alice.actor, "example.com")
    with world.db(world.globex) as db:
        assert hosts.allowed(db) == []
