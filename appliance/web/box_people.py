"""The people of the whole box: who they are, which tenants they belong to, and what its owners may do about them."""

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import box_people
from appliance.domain.actor import Actor
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.box import BoxFrame
from appliance.web.box_people_api import PeopleApi, carry_out
from appliance.web.respond import Reply

HERE = "/box/people"


class PeoplePages(Controller):
    path = "/people"

    @get("/", sync_to_thread=True)
    def index(self, frame: BoxFrame, control: Database, q: FromQuery[str] = "", cursor: FromQuery[str] = "") -> Reply:
        return _page(frame, control, q, cursor)

    @post("/{user_id:str}/{act:str}", sync_to_thread=True)
    def act(
        self, frame: BoxFrame, control: Database, actor: Actor, user_id: FromPath[str], act: FromPath[str]
    ) -> Reply:
        try:
            said = carry_out(control, actor, user_id, act)
        except Problem as problem:
            if problem.code != "conflict":
                raise
            return _page(frame, control, problem=problem)
        return respond.redirect(HERE, said)


def _page(frame: BoxFrame, control: Database, q: str = "", cursor: str = "", problem: Problem | None = None) -> Reply:
    status = respond.form_status(problem) if problem else 200
    errors = respond.faults(problem) if problem else {}
    found = box_people.page(control, q, cursor=cursor)
    return respond.page(frame, "box/people.html", status, found=found, q=q, errors=errors)


BOX_PAGES = [PeoplePages]
BOX_API = [PeopleApi]
