"""Connect a tool: a key for it, the lines to copy, and whether its first call came."""

from typing import Any, NamedTuple

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import key_terms, key_uses, served, tool_lines
from appliance.domain.actor import Actor
from appliance.domain.key_forms import IssuedKey, NewKey
from appliance.domain.key_uses import Use
from appliance.domain.tenants import Tenant
from appliance.domain.tool_lines import TOOLS, Block, Given, Tool
from appliance.errors import Problem, not_found
from appliance.gateway.failures import FAILURES
from appliance.web import respond
from appliance.web.access import Ask, services_of
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply

ENDS = "90d"


class Lines(msgspec.Struct, frozen=True):
    """`address` is what the tool calls; `models` are the names it may ask for."""

    tool: str
    name: str
    address: str
    model: str
    models: list[str]
    blocks: list[Block]


class Seen(NamedTuple):
    """What became of a key so far, as the page tells it."""

    state: str
    title: str
    text: str
    use: Use | None = None


REFUSED = {
    "unknown": (
        "Another key was sent",
        "It begins like this one but is not it: copy the key again, whole, and look for one set elsewhere.",
    ),
    "key": ("The key was refused", "Make another one here."),
    "model": ("This model is not served", "Put one of the names below into the tool, or add it to a provider account."),
    "budget": ("A budget stopped the call", "Raise it under Budgets, or wait until its time is over."),
    "rate": ("Too many at a time", "The tool will come again by itself. Its limit is with the key."),
    "paused": ("Calls are stopped", "Somebody stopped them under Budgets; they can be let go on there."),
}


class ConnectPages(Controller):
    path = "/connect"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return respond.page(frame, "connect/index.html", tools=list(TOOLS.values()), models=served.names(db))

    @get("/{tool:str}", sync_to_thread=True)
    def show(
        self,
        frame: Frame,
        control: Database,
        db: Database,
        tool: FromPath[str],
        model: FromQuery[str] = "",
        key: FromQuery[str] = "",
    ) -> Reply:
        use = key_uses.of(control, db, frame.tenant.id, key) if key else None
        return _page(frame, db, tool, model, seen=_seen(use))

    @post("/{tool:str}", opt={"role": "admin"}, sync_to_thread=True)
    def issue(
        self,
        frame: Frame,
        control: Database,
        db: Database,
        actor: Actor,
        tenant: Tenant,
        tool: FromPath[str],
        data: Fields,
    ) -> Reply:
        model = data.get("model", "")
        given = {name: data.get(name, "") for name in ("name", "expires", "budget_usd")}
        try:
            new = respond.form(NewKey, given | {"role": "viewer", "gateway_only": "true"})
            issued = key_terms.issue(control, db, actor, tenant.id, new)
        except Problem as problem:
            return _page(frame, db, tool, model, typed=given, problem=problem)
        return _page(frame, db, tool, model, issued=issued, seen=_seen(Use(issued.id, issued.name)))

    @get("/{tool:str}/seen", sync_to_thread=True)
    def seen(
        self, frame: Frame, control: Database, db: Database, tool: FromPath[str], key: FromQuery[str] = ""
    ) -> Reply:
        use = key_uses.of(control, db, frame.tenant.id, key)
        return respond.page(frame, "connect/seen.html", tool=_tool(tool), seen=_seen(use), failures=FAILURES)


class ConnectApi(Controller):
    path = "/connect"
    tags = ["keys"]

    @get("/", sync_to_thread=True, summary="Tools with lines to copy, and the models they may name")
    def listing(self, db: Database) -> dict[str, Any]:
        return {"items": list(TOOLS.values()), "models": served.names(db)}

    @get("/{tool:str}", sync_to_thread=True, summary="What to put into a tool; YOUR_KEY stands for the key")
    def show(self, request: Ask, db: Database, tool: FromPath[str], model: FromQuery[str] = "") -> Lines:
        return _lines(_address(request), db, _tool(tool), model, tool_lines.KEY)

    @get("/keys/{key_id:str}", sync_to_thread=True, summary="A key's last call, or what it was refused for since")
    def use(self, control: Database, db: Database, tenant: Tenant, key_id: FromPath[str]) -> Use:
        return key_uses.of(control, db, tenant.id, key_id)


def _tool(name: str) -> Tool:
    """Raises Problem(not_found)."""
    if name not in TOOLS:
        raise not_found("tool")
    return TOOLS[name]


def _lines(address: str, db: Database, tool: Tool, model: str, key: str) -> Lines:
    models = served.names(db)
    chosen = model if model in models else tool_lines.choose(tool, models)
    given = Given(address, key, chosen or "MODEL", tool_lines.small(chosen, models) or "MODEL")
    called = given.root if tool.surface == "messages" else given.v1
    return Lines(tool.id, tool.name, called, chosen, models, tool_lines.blocks(tool, given))


def _address(request: Ask) -> str:
    """Where the tool will find the box: as its owner says, or as this page was found."""
    return str(services_of(request).settings.public_url or request.base_url).rstrip("/")


def _page(
    frame: Frame,
    db: Database,
    name: str,
    model: str,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
    issued: IssuedKey | None = None,
    seen: Seen | None = None,
) -> Reply:
    tool = _tool(name)
    lines = _lines(_address(frame.request), db, tool, model, issued.secret if issued else tool_lines.KEY)
    return respond.page(
        frame,
        "connect/show.html",
        respond.form_status(problem) if problem else 200,
        tool=tool,
        tools=list(TOOLS.values()),
        lines=lines,
        models=lines.models,
        choices=[(model, model) for model in lines.models],
        issued=issued,
        seen=seen or _seen(None),
        failures=FAILURES,
        form=typed or {"name": tool.name, "expires": ENDS, "budget_usd": ""},
        errors=respond.faults(problem) if problem else {},
    )


def _seen(use: Use | None) -> Seen:
    if use is None:
        return Seen("none", "No key yet", "Make one: then this says when the tool's first call arrives.")
    if use.refusal:
        title, what_to_do = REFUSED.get(use.refusal.refused_reason, REFUSED["key"])
        return Seen("refused", title, what_to_do, use)
    if use.call is None:
        return Seen("waiting", "Waiting for the first call", "Start the tool and ask it something.", use)
    if use.call.state == "ok":
        return Seen("ok", "First call seen", "The tool is connected.", use)
    if use.call.state == "open":
        return Seen("waiting", "A call is under way", "Its answer is not complete yet.", use)
    failure = FAILURES.get(use.call.failure_code)
    title = failure.title if failure else "The call got no answer"
    return Seen("failed", title, failure.what_to_do if failure else "The call says why.", use)


PAGES = [ConnectPages]
API = [ConnectApi]
