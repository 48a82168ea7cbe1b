"""Hooks made over HTTP, and the programs that post to them."""

import hashlib
import hmac
import time
from typing import Any

import httpx
import msgspec

from appliance.domain import hook_deliveries
from appliance.domain.hook_deliveries import Delivery
from tests.domain import hooking
from tests.world import World

TASK = {"kind": "task", "fields": {"title": "Look at ${{ body.subject }}"}}


def make(world: World, target: Any = None, **more: Any) -> dict[str, Any]:
    made = world.otto.post(f"{world.otto.api}/hooks", json={"name": "Desk", "target": target or TASK, **more})
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


def order(world: World) -> dict[str, Any]:
    """A hook that starts the workflow order."""
    with world.db() as db:
        hooking.order(db, world)
    inputs = {"order": "${{ body.id }}"}
    return make(world, {"kind": "workflow", "workflow": "order", "inputs": inputs, "key": "${{ body.id }}"})


def program(world: World) -> httpx.Client:
    """Somebody's server: neither cookie nor key."""
    client = world.program("")
    del client.headers["authorization"]
    return client


def post(world: World, hook: dict[str, Any], body: Any = None, **more: Any) -> httpx.Response:
    path = httpx.URL(hook["url"]).path
    given = {"content": body} if isinstance(body, bytes) else {"json": body}
    return program(world).post(path, **given, **more)


def github(world: World, hook: dict[str, Any], body: Any, event: str = "issues", secret: str = "") -> httpx.Response:
    raw = msgspec.json.encode(body)
    mac = hmac.new((secret or hook["secret"]).encode(), raw, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={mac}", "x-github-event": event, "content-type": "application/json"}
    return post(world, hook, raw, headers=headers)


def log(world: World, hook: dict[str, Any]) -> list[Delivery]:
    """Oldest first."""
    with world.db() as db:
        return hook_deliveries.listing(db, hook["id"], limit=200).items[::-1]


def titles(world: World) -> list[str]:
    with world.db() as db:
        return [row["title"] for row in db.rows("SELECT title FROM tasks ORDER BY number")]


def stripe(world: World, hook: dict[str, Any], body: Any, ago: int = 0) -> httpx.Response:
    raw, stamp = msgspec.json.encode(body), int(time.time()) - ago
    mac = hmac.new(hook["secret"].encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"stripe-signature": f"t={stamp},v1={mac}", "content-type": "application/json"}
    return post(world, hook, raw, headers=headers)


def slack(world: World, hook: dict[str, Any], raw: bytes, stamp: int) -> httpx.Response:
    mac = hmac.new(hook["secret"].encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"x-slack-request-timestamp": str(stamp), "x-slack-signature": f"v0={mac}"}
    return post(world, hook, raw, headers=headers | {"content-type": "application/x-www-form-urlencoded"})
