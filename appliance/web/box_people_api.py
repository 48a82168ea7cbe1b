"""The people of the whole box, over HTTP, for its owners."""

from collections.abc import Callable
from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import box_owners, box_people, sessions, totp, users
from appliance.domain.actor import Actor
from appliance.errors import not_found
from appliance.web import respond

Act = Callable[[Database, Actor, str], Any]
# What a box owner may do: the verb, and the sentence afterwards.
ACTS: dict[str, tuple[Act, str]] = {
    "appoint": (box_owners.appoint, "answers for the box now."),
    "dismiss": (box_owners.dismiss, "does not answer for the box any more."),
    "disable": (users.disable, "can't sign in any more."),
    "enable": (users.enable, "can sign in again."),
    "totp-reset": (totp.reset, "signs in with the password alone until they set up a second step again."),
    "end-sessions": (sessions.revoke_all, "has to sign in again."),
}


class PeopleApi(Controller):
    path = "/people"

    @get("/", sync_to_thread=True, summary="All users of the box with their tenants, by e-mail address")
    def listing(
        self, control: Database, q: FromQuery[str] = "", limit: FromQuery[int] = 50, cursor: FromQuery[str] = ""
    ) -> dict[str, Any]:
        found = box_people.page(control, q, respond.limit(limit), cursor)
        return {"items": found.items, "next_cursor": found.next_cursor}

    @post("/{user_id:str}/{act:str}", status_code=200, sync_to_thread=True, summary="Change what a user may do")
    def act(self, control: Database, actor: Actor, user_id: FromPath[str], act: FromPath[str]) -> dict[str, str]:
        """`act` is appoint, dismiss, disable, enable, totp-reset or end-sessions."""
        return {"said": carry_out(control, actor, user_id, act)}


def carry_out(control: Database, actor: Actor, user_id: str, act: str) -> str:
    """Raises Problem(not_found), and Problem(conflict) for the last owner."""
    if act not in ACTS:
        raise not_found("act")
    verb, said = ACTS[act]
    name = users.by_id(control, user_id).name
    verb(control, actor, user_id)
    return f"{name} {said}"
