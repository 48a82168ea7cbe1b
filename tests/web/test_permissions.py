"""Every cell of docs/permissions.md: each route asked by each kind of asker, up to the door of its handler."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from appliance.domain import box_keys, box_owners, keys, members, sessions, users
from appliance.domain.actor import ROLES, SYSTEM
from appliance.domain.box_keys import NewBoxKey
from appliance.domain.key_forms import NewKey
from appliance.errors import Problem
from appliance.web import access, box
from tests.docs.permissions import ASKERS, Answer, Asker, Door, doors
from tests.web.work import hire
from tests.world import PASSWORD, Browser, Part, World

LET_IN = "let in"
ENDLESS = "stream"


@pytest.fixture
def threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is let in stops at the door: what is behind it must not change between two questions."""

    async def admit(*given: Any, **more: Any) -> None:
        await let_in(*given, **more)
        raise Problem("cancelled", LET_IN)

    def identify(*given: Any) -> None:
        known(*given)
        raise Problem("cancelled", LET_IN)

    def by_key(*given: Any) -> None:
        known_key(*given)
        raise Problem("cancelled", LET_IN)

    known_key: Callable[..., Any] = box._by_key
    let_in: Callable[..., Any] = access._admit
    known: Callable[..., Any] = box.identify
    monkeypatch.setattr(access, "_admit", admit)
    monkeypatch.setattr(box, "identify", identify)
    monkeypatch.setattr(box, "_by_key", by_key)


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.name)
def test_every_route_answers_as_the_matrix_says(world: World, threshold: None, asker: Asker) -> None:
    client = client_of(world, asker)
    wrong = []
    for door in doors(world.app):
        told = answer(client.request(door.method, address(door, bool(asker.key))))
        if told != door.answer(asker):
            wrong.append(f"{door.method} {door.path}: {told}, not {door.answer(asker)}")
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_what_may_be_read_is_really_read(world: World, role: str) -> None:
    asker = next(asker for asker in ASKERS if asker.name == role)
    client = client_of(world, asker)
    for door in doors(world.app):
        if door.method != "GET" or "{" in door.path.replace("{slug:str}", "") or door.path.endswith(ENDLESS):
            continue
        status = client.get(address(door, False)).status_code
        refused = {"yes": (), "no": (403,), "404": (404,)}[door.answer(asker)]
        assert status in refused if refused else status < 500 and status not in (401, 403), f"{door.path}: {status}"


def test_whatever_changes_something_declares_who_may(world: World) -> None:
    silent = [f"{door.method} {door.path}" for door in doors(world.app) if not door.declared]
    assert silent == [], "give the handler opt={'role': …}, or its controller opt = {'writes': …}"


def test_a_handler_that_says_nothing_is_found() -> None:
    assert access.role_of({}, "POST") == "operator"
    assert access.role_of({"writes": "admin"}, "POST") == "admin"
    assert access.role_of({"writes": "admin"}, "GET") == "viewer"
    assert access.role_of({"role": "owner", "writes": "admin"}, "GET") == "owner"


def client_of(world: World, asker: Asker) -> httpx.Client:
    if not asker.signed_in:
        return world.stranger
    if asker.key == "box":
        with world.control() as control:
            return world.program(box_keys.create(control, SYSTEM, NewBoxKey("box")).secret)
    if asker.key:
        agent = hire(world).id if asker.key == "agent" else ""
        new = NewKey(asker.name, asker.role or "viewer", asker.key == "gateway", agent=agent)
        with world.control() as control:
            return world.program(keys.create(control, SYSTEM, world.acme.id, new).secret)
    with world.control() as control:
        user = users.create(control, SYSTEM, "dora@x.test", "Dora", PASSWORD)
        if asker.role:
            members.join(control, SYSTEM, world.acme.id, user.id, asker.role)
        else:
            members.join(control, SYSTEM, world.globex.id, user.id, "owner")
        if asker.box_owner:
            box_owners.appoint(control, SYSTEM, user.id)
        tenant = world.acme if asker.role else world.globex
        part = Part(members.get(control, tenant.id, user.id), tenant, sessions.start(control, user.id, "test", 24))
    return Browser(world.app, world._loop, part)


def address(door: Door, program: bool) -> str:
    """The route with something in each of its places; the tenant is always Acme."""
    path = re.sub(r"{\w+:int}", "1", door.path.replace("{slug:str}", "acme"))
    path = re.sub(r"{\w+:\w+}", "x", path)
    return path if program or door.kind != "api" else path.replace("/api/v1/", "/api/v1/t/acme/")


def answer(reply: httpx.Response) -> Answer | str:
    if reply.status_code == 409 and LET_IN in reply.text:
        return "yes"
    if reply.status_code == 401 or (reply.status_code == 303 and reply.headers["location"].startswith("/login")):
        return "sign in"
    return {403: "no", 404: "404"}.get(reply.status_code, f"{reply.status_code} {reply.text[:80]}")
