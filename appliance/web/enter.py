"""The address of a sign-in link."""

from litestar import get

from appliance.db.database import Database
from appliance.domain import links, users
from appliance.web import door
from appliance.web.access import Ask
from appliance.web.respond import Reply


@get("/enter/{token:str}", include_in_schema=False, sync_to_thread=True)
def enter(request: Ask, control: Database, token: str, next: str = "/") -> Reply:
    return door.first_step(request, control, users.by_id(control, links.user_of(control, token)), door.local(next))


HANDLERS = [enter]
