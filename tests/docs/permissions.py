"""Who may ask for what: each route of the live application and the answer it owes each kind of asker.

docs/permissions.md is written from this, and tests/web/test_permissions.py plays every cell of it.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from litestar import Litestar

from appliance.domain.actor import ROLES, Role
from appliance.web import access

Answer = Literal["yes", "no", "404", "sign in"]
Kind = Literal["page", "api", "box page", "box api"]
# Routes that nobody has to sign in for: each proves by itself who asks, or tells nothing about anybody.
OPEN = {
    "/": "leads on",
    "/login": "takes the password",
    "/login/code": "takes the code, after the password",
    "/login/forgot": "answers everybody alike",
    "/login/new-password/{token:str}": "the link is the secret",
    "/logout": "ends the session that asks",
    "/setup/{token:str}": "the link is the secret",
    "/enter/{token:str}": "the link is the secret",
    "/join/{token:str}": "the link is the secret",
    "/join/{token:str}/signed-in": "the link is the secret",
    "/livez": "says that the process is there",
    "/readyz": "says whether it works",
    "/healthz": "says whether it works",
    "/metrics": "a token, an owner's key, or the same machine",
    "/api/openapi.json": "describes the API",
    "/api/docs": "describes the API",
    "/static/{path:path}": "files of the interface",
}
OPEN_BELOW = ("/hooks/", "/api/schema")


class Asker(NamedTuple):
    """`role` in the tenant, "" for who has none; `key` for a program."""

    name: str
    role: Role | Literal[""] = ""
    key: Literal["", "key", "agent", "gateway", "box"] = ""
    signed_in: bool = True
    box_owner: bool = False


ASKERS = (
    Asker("not signed in", signed_in=False),
    Asker("stranger"),
    *(Asker(role, role) for role in ROLES),
    *(Asker(f"{role}'s key", role, "key") for role in ROLES),
    Asker("agent's key", "operator", "agent"),
    Asker("agent's admin key", "admin", "agent"),
    Asker("gateway key", "operator", "gateway"),
    Asker("box owner", box_owner=True),
    Asker("box key", key="box", box_owner=True),
)


class Door(NamedTuple):
    """A method of a route; `declared` is whether somebody said who may change something there."""

    path: str
    method: str
    kind: Kind
    role: Role
    person: bool
    declared: bool

    def answer(self, asker: Asker) -> Answer:
        takes = {"api": "key agent gateway", "box api": "box"}.get(self.kind, "")
        if not asker.signed_in or (asker.key and asker.key not in takes.split()):
            return "sign in"
        if self.kind.startswith("box"):
            return "yes" if asker.box_owner else "404"
        if asker.key == "gateway":
            return "no"
        if not asker.role:
            return "404"
        if ROLES.index(asker.role) < ROLES.index(self.role) or (asker.key and self.person):
            return "no"
        return "no" if asker.key == "agent" and self.role in ("admin", "owner") else "yes"


def doors(app: Litestar) -> Iterator[Door]:
    """Every route that asks who it is. Raises AssertionError for one outside that nobody has declared open."""
    for route in app.routes:
        kind = _kind(route.path)
        if kind is None:
            assert route.path in OPEN or route.path.startswith(OPEN_BELOW), f"{route.path}: who may ask for it?"
            continue
        for handler in getattr(route, "route_handlers", ()):
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                safe, opt = method in access.SAFE, handler.opt
                declared = safe or kind.startswith("box") or bool(opt.get("role") or opt.get("writes"))
                yield Door(route.path, method, kind, access.role_of(opt, method), bool(opt.get("person")), declared)


def page(app: Litestar, note: str) -> str:
    found = sorted(set(doors(app)))
    heads = ("method", "path", *ROLES, "keys", "an agent's key", "box owner")
    lines = [heads, ("---",) * len(heads), *(_row(door) for door in found)]
    opened = [("path", "what it does"), ("---", "---"), *((f"`{path}`", said) for path, said in sorted(OPEN.items()))]
    return f"""# Who may do what

{note}
Each line is a route of the program, each column somebody who asks; a test plays every cell on both databases.

- **yes**: the request reaches its handler. What it names must still be in the tenant, and rules of the work itself may
  refuse it: nobody gives a role above their own, a tenant and the box keep an owner, agents never approve.
- **no**: refused with 403. **404**: as if there were nothing.
- Who is not signed in is sent to the sign-in (pages) or answered 401 (API), everywhere. A person of another tenant gets
  404 on every route of this one.
- *keys* says from which role on an API key is let in; pages take no keys. A key for the gateway only is refused on
  every route here. An agent's key never changes how the work is set up, whatever its role.
- A box owner who is no member of the tenant is a stranger to it. A key of the box is let in where a box owner is, below
  `/api/v1/box` only, and opens nothing else; it makes no owners, people or keys. A tenant's key opens nothing there.

{_table(lines)}

## Without signing in

{_table(opened)}

Addresses below `/hooks/` take what other services send; the address is a secret and a signature may be asked. `/gw`
takes keys, for calls of models: see [gateway.md](gateway.md). `/api/schema` describes the API.
"""


def _row(door: Door) -> tuple[str, ...]:
    by_name = {asker.name: door.answer(asker) for asker in ASKERS}
    keys = next((f"from {role}" for role in ROLES if by_name[f"{role}'s key"] == "yes"), "none")
    agent = "yes" if by_name["agent's key"] == "yes" else "no"
    path = re.sub(r":\w+}", "}", door.path)
    return (door.method, f"`{path}`", *(by_name[role] for role in ROLES), keys, agent, by_name["box owner"])


def _kind(path: str) -> Kind | None:
    starts: tuple[tuple[str, Kind], ...] = (
        ("/api/v1/box/", "box api"),
        ("/api/v1/", "api"),
        ("/box", "box page"),
        ("/t/{slug:str}", "page"),
    )
    return next((kind for start, kind in starts if path.startswith(start)), None)


def _table(lines: list[tuple[Any, ...]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
