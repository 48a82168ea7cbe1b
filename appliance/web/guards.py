"""The limits of what a tenant's work does by itself: the form in the settings and the API."""

from litestar import Controller, get, patch, post

from appliance.db.database import Database
from appliance.domain import guards
from appliance.domain.actor import Actor
from appliance.domain.guards import Guards, GuardsChange
from appliance.errors import Problem
from appliance.web import respond, settings
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply

ADMIN = {"role": "admin"}


class GuardsPages(Controller):
    path = "/settings/guards"

    @post("/", opt=ADMIN, sync_to_thread=True)
    def change(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        try:
            given = {name: text.strip() or None for name, text in data.items()}
            guards.change(db, actor, respond.form(GuardsChange, given))
        except Problem as problem:
            return settings.general(frame, db, problem, data)
        return respond.redirect(f"{frame.base}/settings", "Saved.")


class GuardsApi(Controller):
    path = "/guards"
    tags = ["tasks"]

    @get("/", sync_to_thread=True, summary="How far work may go by itself: runs at once, wakes, breakers")
    def show(self, db: Database) -> Guards:
        return guards.of(db)

    @patch("/", opt=ADMIN, sync_to_thread=True, summary="Change some of these limits")
    def change(self, db: Database, actor: Actor, data: GuardsChange) -> Guards:
        return guards.change(db, actor, data)


PAGES = [GuardsPages]
API = [GuardsApi]
