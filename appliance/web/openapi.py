"""The API described (OpenAPI 3.1) and a reference page made from the description; nothing comes from another host."""

from collections import defaultdict
from typing import Any, NamedTuple, cast

from litestar import Litestar, Response, Router, get
from litestar.concurrency import sync_to_thread
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag

from appliance import __version__
from appliance.errors import CODES
from appliance.web import respond
from appliance.web.access import COOKIE, Ask
from appliance.web.respond import Reply
from appliance.web.wings import make_all_ready

METHODS = ("get", "post", "put", "patch", "delete")
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details with a stable code; `errors` names the fault of each field.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
REFUSED = {
    "description": "A problem",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
TAGS = (
    "agents",
    "tasks",
    "runs",
    "workflows",
    "approvals",
    "notices",
    "providers",
    "budgets",
    "costs",
    "people",
    "events",
    "box",
)


ABOUT = "Every route under /api/v1 takes an API key; /api/v1/t/{slug}/… serves the same routes to a session."


async def _all_ready(request: Ask) -> None:
    await sync_to_thread(make_all_ready, request.app)


def config() -> OpenAPIConfig:
    """Of one application: the framework's own document, below /api/schema, looks at every handler too."""
    return OpenAPIConfig(
        title="AgentHQ",
        version=__version__,
        description=ABOUT,
        openapi_router=Router("/api/schema", route_handlers=[], before_request=_all_ready, include_in_schema=False),
        tags=[Tag(name) for name in TAGS],
        security=[{"key": []}, {"session": []}],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "key": SecurityScheme("http", scheme="bearer", description="An API key: Bearer ahq_…"),
                "session": SecurityScheme("apiKey", name=COOKIE, security_scheme_in="cookie"),
            }
        ),
    )


class Field(NamedTuple):
    name: str
    kind: str
    required: bool
    note: str


class Route(NamedTuple):
    method: str
    path: str
    summary: str
    note: str
    parameters: list[Field]
    body: list[Field]


def describe(app: Litestar) -> dict[str, Any]:
    """The document; every operation may also answer with a problem. Made once for each application."""
    if "openapi" not in app.state:
        make_all_ready(app)
        made = app.openapi_schema.to_schema()
        made["components"]["schemas"]["Problem"] = PROBLEM
        for _, _, operation in _operations(made):
            operation["responses"].pop("400", None)
            operation["responses"]["default"] = REFUSED
        app.state.openapi = made
    return cast(dict[str, Any], app.state.openapi)


@get("/api/openapi.json", include_in_schema=False, sync_to_thread=True)
def document(request: Ask) -> Response[dict[str, Any]]:
    return Response(describe(request.app), headers={"Cache-Control": "no-cache"})


@get("/api/docs", include_in_schema=False, sync_to_thread=True)
def reference(request: Ask) -> Reply:
    return respond.plain(request, "openapi/index.html", groups=routes(describe(request.app)), codes=CODES)


def routes(made: dict[str, Any]) -> dict[str, list[Route]]:
    """The operations by tag, for people."""
    groups: dict[str, list[Route]] = defaultdict(list)
    for path, method, operation in _operations(made):
        groups[operation.get("tags", ["other"])[0]].append(_route(made, path, method, operation))
    return {name: groups[name] for name in sorted(groups, key=lambda n: TAGS.index(n) if n in TAGS else len(TAGS))}


def _operations(made: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, m, item[m]) for path, item in sorted(made["paths"].items()) for m in METHODS if m in item]


def _route(made: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Route:
    parameters = [
        Field(p["name"], f"{_kind(p.get('schema', {}))} in {p['in']}", p.get("required", False), "")
        for p in operation.get("parameters", [])
    ]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = _fields(made, content.get("schema", {}))
    return Route(method.upper(), path, operation.get("summary", ""), operation.get("description", ""), parameters, body)


def _fields(made: dict[str, Any], schema: dict[str, Any]) -> list[Field]:
    if "$ref" in schema:
        schema = made["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    needed = schema.get("required", [])
    return [
        Field(name, _kind(found), name in needed, found.get("description", ""))
        for name, found in schema.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any]) -> str:
    """A type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_kind(one) for one in schema[several]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    found = schema.get("type", "any")
    return " or ".join(found) if isinstance(found, list) else str(found)


HANDLERS = [document, reference]
