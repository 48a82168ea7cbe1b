"""Workflows that come with the box, over HTTP."""

from typing import Any

import msgspec
from litestar import Controller, MediaType, Response, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import trying
from appliance.domain.workflows import templates
from appliance.domain.workflows.templates import Template
from appliance.web.respond import Reply

Name = FromPath[str]


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`run` starts it at once with its sample inputs."""

    run: bool = False


class TemplatesApi(Controller):
    path = "/templates"
    tags = ["workflows"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Workflows that come with the box")
    def listing(self) -> dict[str, Any]:
        return {"items": templates.listing(), "next_cursor": None}

    @get("/{name:str}", sync_to_thread=True, summary="One template with its YAML and sample inputs")
    def one(self, name: Name) -> Template:
        return templates.get(name)

    @post("/{name:str}/use", sync_to_thread=True, summary="Take a template over, and start it when `run` says so")
    def use(self, db: Database, actor: Actor, name: Name, data: Wish) -> Reply:
        """201 when its workflow was made, 200 when there was one of this slug, which then stays as it is."""
        used = trying.use(db, actor, name, run=data.run)
        status = 201 if used.applied.created else 200
        return Response(used, status_code=status, media_type=MediaType.JSON)
