"""Workflows over HTTP; the pages are in workflows.py, instances in instances_api.py."""

from typing import Any

import msgspec
from litestar import Controller, MediaType, Response, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import starting
from appliance.domain.workflows import library, published, reading
from appliance.domain.workflows.version_rows import Version
from appliance.errors import Problem
from appliance.web import instance_shape, respond
from appliance.web.access import Ask
from appliance.web.idempotency import Once
from appliance.web.respond import Reply

Ref = FromPath[str]
Items = dict[str, Any]
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain", "")
ANYONE = {"role": "viewer"}


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str


class NewInstance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `version` the newest; the same `idem` again answers the instance it made."""

    inputs: dict[str, Any] = {}
    version: int | None = None
    idem: str = ""
    title: str = ""


class WorkflowsApi(Controller):
    path = "/workflows"
    tags = ["workflows"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Workflows by name")
    def listing(self, db: Database, cursor: FromQuery[str] = "", limit: FromQuery[int] = 50) -> Items:
        found = library.listing(db, respond.limit(limit), cursor)
        return {"items": found.items, "next_cursor": found.next_cursor}

    @post("/", sync_to_thread=True, summary="Apply a workflow: the YAML itself, or JSON {source}")
    def apply(self, request: Ask, db: Database, actor: Actor, body: bytes) -> Reply:
        """201 for a new workflow or version; 200 when the newest version says the same."""
        done = library.apply(db, actor, _source(request, body))
        status = 201 if done.created or done.changed else 200
        return Response(done, status_code=status, media_type=MediaType.JSON)

    @get("/schema", sync_to_thread=True, summary="The JSON Schema of the YAML")
    def schema(self) -> Items:
        return published.SCHEMA

    @post("/validate", status_code=200, sync_to_thread=True, opt=ANYONE, summary="What is wrong with a YAML text")
    def validate(self, request: Ask, body: bytes) -> Items:
        """Nothing is kept. Each fault has the path in the text, its line from 1, and a message."""
        faults = reading.check(_source(request, body)).faults
        return {"ok": not faults, "faults": faults}

    @get("/{ref:str}", sync_to_thread=True, summary="One workflow, by slug or id, with its newest version")
    def one(self, db: Database, ref: Ref) -> Items:
        found = library.get(db, ref)
        version = library.version(db, found.id, found.version)
        shown: Items = msgspec.to_builtins(found)
        return shown | {"source": version.source, "inputs": version.definition.inputs}

    @get("/{ref:str}/versions", sync_to_thread=True, summary="Its versions, newest first")
    def versions(self, db: Database, ref: Ref) -> Items:
        found = library.versions(db, library.get(db, ref).id)
        return {"items": [_without_text(one) for one in found], "next_cursor": None}

    @get("/{ref:str}/versions/{number:int}", sync_to_thread=True, summary="One version with its text and definition")
    def version(self, db: Database, ref: Ref, number: FromPath[int]) -> Items:
        return dict(msgspec.to_builtins(library.version(db, library.get(db, ref).id, number)))

    @get("/{ref:str}/diff", sync_to_thread=True, summary="A unified diff of two versions")
    def diff(self, db: Database, ref: Ref, a: FromQuery[int], b: FromQuery[int]) -> Items:
        return {"a": a, "b": b, "diff": library.diff(db, library.get(db, ref).id, a, b)}

    @post("/{ref:str}/archive", status_code=200, sync_to_thread=True, summary="Take it out of the list; nothing starts")
    def archive(self, db: Database, actor: Actor, ref: Ref) -> Items:
        found = library.get(db, ref)
        library.archive(db, actor, found.id)
        return dict(msgspec.to_builtins(library.get(db, found.id)))

    @post("/{ref:str}/instances", sync_to_thread=True, summary="Start an instance")
    def start(self, db: Database, actor: Actor, once: Once, ref: Ref, data: NewInstance) -> Reply:
        """Faults of inputs are named `inputs.<name>`. Both `idem` and the header Idempotency-Key keep it to one."""
        slug = library.get(db, ref).slug

        def make() -> Items:
            made = starting.start(db, actor, slug, data.inputs, version=data.version, idem=data.idem, title=data.title)
            return instance_shape.whole(db, made)

        return once.created(make)


def _source(request: Ask, body: bytes) -> str:
    """Raises Problem(bad_json), Problem(unsupported_media_type), Problem(invalid)."""
    kind = request.content_type[0]
    if kind == "application/json":
        try:
            return msgspec.json.decode(body, type=Source).source
        except msgspec.ValidationError as error:
            raise Problem("invalid", str(error), errors=respond.fault(str(error))) from error
        except msgspec.DecodeError as error:
            raise Problem("bad_json", f"The body is not valid JSON: {error}.") from error
    if kind not in YAML:
        raise Problem("unsupported_media_type", "Send application/yaml, or application/json with {source}.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Problem("unsupported_media_type", "The text is not UTF-8.") from error


def _without_text(version: Version) -> Items:
    shown = msgspec.to_builtins(version)
    return {name: value for name, value in shown.items() if name not in ("source", "definition")}
