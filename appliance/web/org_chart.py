"""The organisation drawn: who reports to whom, live, with branches that open and close by links."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from appliance.db.database import Database
from appliance.domain import org
from appliance.domain.agents import Agent
from appliance.domain.org import Place
from appliance.web import org_layout
from appliance.web.frame import Frame, hue

ZOOMS = (30, 45, 60, 80, 100, 125, 150)
PLAIN = 100
NAME, TITLE = 17, 22


class Seat(msgspec.Struct, frozen=True):
    """An agent in the drawing; `below` is empty while its branch is closed, `hidden` counts everybody in it."""

    agent: Agent
    below: list["Seat"]
    hidden: int
    closed: bool

    @property
    def id(self) -> str:
        return self.agent.id


class Box(NamedTuple):
    """A seat with its place, as `agents/chart.html` reads it."""

    agent: Agent
    x: float
    y: float
    hue: int
    name: str
    title: str
    status: str
    manager: str
    hidden: int
    closed: bool
    fold_href: str


def page(frame: Frame, db: Database, closed: str, zoom: int) -> dict[str, Any]:
    """Everything the page shows; `closed` holds the slugs of closed branches, `zoom` is a percentage."""
    tree = org.tree(db)
    shut = {slug for slug in closed.split(",") if slug}
    seats = [seat(place, shut) for place in tree]
    zoom = min(ZOOMS, key=lambda known: abs(known - zoom))
    drawing = org_layout.draw(seats)
    here = f"{frame.base}/agents/chart"
    everyone = _flat(seats)
    known = {seat.id: seat for seat, _ in everyone}
    boxes = [_box(known[p.id], p, known, _folded(here, shut, known[p.id], zoom)) for p in drawing.places]
    team = sorted((place.agent for place in _places(tree)), key=lambda agent: agent.name.lower())
    size = {"width": round(drawing.width * zoom / 100), "height": round((drawing.height + 22) * zoom / 100)}
    shown: dict[str, Any] = {"boxes": boxes, "drawing": drawing, **size, "team": team, "zoom": zoom, "closed": closed}
    shown |= {"box_width": org_layout.WIDTH, "box_height": org_layout.HEIGHT, "members": _rows(everyone)}
    return shown | {"zooms": _zooms(here, closed, zoom), "open_href": _href(here, "", zoom)}


def address(frame: Frame, closed: str, zoom: str) -> str:
    """Back to the page as it was."""
    return _href(f"{frame.base}/agents/chart", closed, int(zoom) if zoom.isdigit() else PLAIN)


def seat(place: Place, shut: set[str]) -> Seat:
    closed = place.agent.slug in shut and bool(place.reports)
    below = [] if closed else [seat(report, shut) for report in place.reports]
    return Seat(place.agent, below, len(_places(place.reports)), closed)


def _places(tree: list[Place]) -> list[Place]:
    return [found for place in tree for found in [place, *_places(place.reports)]]


def _flat(seats: list[Seat], depth: int = 0) -> list[tuple[Seat, int]]:
    return [pair for seat in seats for pair in [(seat, depth), *_flat(seat.below, depth + 1)]]


def _rows(everyone: list[tuple[Seat, int]]) -> list[tuple[Agent, int, int]]:
    """(agent, hue, depth), as the list for narrow screens tells it."""
    return [(seat.agent, hue(seat.id), depth) for seat, depth in everyone]


def _box(seat: Seat, place: org_layout.Place, known: dict[str, Seat], fold_href: str) -> Box:
    agent = seat.agent
    manager = known.get(agent.manager_id or "")
    status = "working" if agent.status == "busy" else agent.status
    named = _cut(agent.name, NAME), _cut(agent.title, TITLE), status, manager.agent.slug if manager else ""
    return Box(agent, place.x, place.y, hue(agent.id), *named, seat.hidden, seat.closed, fold_href)


def _folded(here: str, shut: set[str], seat: Seat, zoom: int) -> str:
    """The same page with this branch open or closed; "" for an agent without reports."""
    return _href(here, ",".join(sorted(shut ^ {seat.agent.slug})), zoom) if seat.hidden else ""


def _zooms(here: str, closed: str, zoom: int) -> dict[str, str]:
    """Addresses of the next size up and down, and of the plain one; "" at the ends."""
    at = ZOOMS.index(zoom)
    nearer = _href(here, closed, ZOOMS[at + 1]) if at + 1 < len(ZOOMS) else ""
    farther = _href(here, closed, ZOOMS[at - 1]) if at else ""
    return {"in": nearer, "out": farther, "plain": _href(here, closed, PLAIN) if zoom != PLAIN else ""}


def _href(here: str, closed: str, zoom: int) -> str:
    query = ({"closed": closed} if closed else {}) | ({"zoom": str(zoom)} if zoom != PLAIN else {})
    return f"{here}?{urlencode(query)}" if query else here


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
