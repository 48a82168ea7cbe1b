"""Workflows that come with the box: cards to choose from, and the way from one to a start form or a first instance."""

from typing import NamedTuple

from litestar import Controller, get, post

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import trying
from appliance.domain.workflows import library, templates
from appliance.domain.workflows.templates import Template
from appliance.errors import Problem
from appliance.web import graph_view, respond, task_files
from appliance.web.frame import Frame
from appliance.web.graph_view import View
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.workflow_templates_api import Name, TemplatesApi


class Card(NamedTuple):
    """`used` says that the tenant has a workflow of this slug."""

    template: Template
    view: View
    gives: str
    used: bool


class TemplatesPages(Controller):
    path = "/workflows/templates"
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return respond.page(frame, "workflows/templates.html", cards=cards(db))

    @get("/{name:str}", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, name: Name) -> Reply:
        found = templates.get(name)
        readme = task_files.markdown(found.readme.partition("\n")[2])
        return respond.page(frame, "workflows/template.html", card=_card(db, found), readme=readme)

    @post("/{name:str}", sync_to_thread=True)
    def use(self, frame: Frame, db: Database, actor: Actor, name: Name, data: Fields) -> Reply:
        """To the start form, or with `run` to the instance that has started."""
        try:
            used = trying.use(db, actor, name, run=data.get("run") == "yes")
        except Problem as problem:
            if problem.code == "not_found":
                raise
            said = " ".join([problem.detail, *problem.errors.values()]) if problem.errors else problem.detail
            return respond.redirect(f"{frame.base}/workflows/templates/{name}", said, "bad")
        if used.instance:
            said = f"Started as #{used.instance.number}, with the sample."
            return respond.redirect(f"{frame.base}/instances/{used.instance.number}", said)
        made = f" {len(used.applied.agents)} agents came with it." if used.applied.agents else ""
        return respond.redirect(f"{frame.base}/workflows/{name}/start", f"{used.applied.workflow.name} is yours.{made}")


def cards(db: Database) -> list[Card]:
    return [_card(db, one) for one in templates.listing()]


def _card(db: Database, template: Template) -> Card:
    definition = templates.definition(template.slug)
    view = graph_view.view(definition, lambda path: "#steps")
    return Card(template, view, task_files.markdown(template.gives), _used(db, template.slug))


def _used(db: Database, slug: str) -> bool:
    try:
        library.get(db, slug)
    except Problem:
        return False
    return True


PAGES = [TemplatesPages]
API = [TemplatesApi]
