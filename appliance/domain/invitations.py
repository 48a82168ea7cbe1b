"""Invitations: an e-mail address, a role, and a secret link that joins one person to one tenant, once, for a week."""

from typing import Literal

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, members, records, users
from appliance.domain.actor import ROLES, Actor, Role
from appliance.domain.members import Member
from appliance.domain.users import User
from appliance.errors import Problem, invalid, not_found

DAYS = 7
State = Literal["open", "accepted", "revoked", "expired"]
ENDED = "This invitation is not valid any more. Ask for another one."
ELSEWHERE = "This can't be done here. If you have an account, sign in and join."


class Invitation(msgspec.Struct, frozen=True):
    """`mailed` says whether the box sent the link itself; `sent_at` is when the link was made last."""

    id: str
    tenant_id: str
    email: str
    role: Role
    invited_by: str
    created_at: str
    sent_at: str
    expires_at: str
    mailed: bool
    accepted_at: str | None
    revoked_at: str | None

    @property
    def state(self) -> State:
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= clock.iso() else "open"


class NewInvitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: str
    role: Role = "operator"


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody who is new to the box says of themselves."""

    name: str = ""
    password: str = ""


class Issued(msgspec.Struct, frozen=True):
    """The only time the token is seen."""

    invitation: Invitation
    token: str


def invite(control: Database, actor: Actor, tenant_id: str, new: NewInvitation) -> Issued:
    """The answer is the same for an address that has an account and for one that has none.

    Raises Problem(forbidden) above the actor's own role, Problem(invalid), and Problem(duplicate) for a member.
    """
    members.may_give(actor, new.role)
    email = users.normalise(new.email)
    if not users.EMAIL.fullmatch(email) or len(email) > 254:
        raise invalid(email="is not an e-mail address")
    with control.transaction():
        control.next_number("invitations")
        if any(member.email == email for member in members.every(control, tenant_id)):
            raise _taken("is a member already")
        if any(one.email == email and one.state == "open" for one in every(control, tenant_id)):
            raise _taken("is invited already; send that invitation again")
        token, at = ids.token(), clock.iso()
        row: Row = {"id": ids.new(), "tenant_id": tenant_id, "email": email, "role": new.role}
        row |= {"digest": crypto.digest(token), "invited_by": actor.label, "created_at": at, "sent_at": at}
        control.insert("invitations", row | {"expires_at": clock.ahead(DAYS * 86400)})
        audit.record(control, actor, "member.invited", f"{email} {new.role}", tenant_id)
    return Issued(get(control, tenant_id, row["id"]), token)


def get(control: Database, tenant_id: str, invitation_id: str) -> Invitation:
    """Raises Problem(not_found)."""
    sql = "SELECT * FROM invitations WHERE id = :id AND tenant_id = :tenant"
    row = control.one(sql, {"id": invitation_id, "tenant": tenant_id})
    if row is None:
        raise not_found("invitation")
    return records.to(Invitation, row)


def every(control: Database, tenant_id: str, limit: int = records.LIMIT_MAX) -> list[Invitation]:
    """Newest first."""
    sql = "SELECT * FROM invitations WHERE tenant_id = :tenant ORDER BY id DESC LIMIT :limit"
    return [records.to(Invitation, row) for row in control.rows(sql, {"tenant": tenant_id, "limit": limit})]


def page(control: Database, tenant_id: str, limit: int, cursor: str = "") -> records.Page[Invitation]:
    """Newest first. Raises Problem(bad_cursor)."""
    before = records.read_cursor(cursor, str)[0] if cursor else "g"
    sql = "SELECT * FROM invitations WHERE tenant_id = :tenant AND id < :before ORDER BY id DESC LIMIT :limit"
    rows = control.rows(sql, {"tenant": tenant_id, "before": before, "limit": limit + 1})
    return records.page([records.to(Invitation, row) for row in rows], limit, lambda one: (one.id,))


def resend(control: Database, actor: Actor, tenant_id: str, invitation_id: str) -> Issued:
    """Another link for another week; the one before ends. Raises Problem(conflict) for one that was used or revoked."""
    token = ids.token()
    with control.transaction():
        found = _open(control, actor, tenant_id, invitation_id)
        fresh = {"digest": crypto.digest(token), "sent_at": clock.iso(), "expires_at": clock.ahead(DAYS * 86400)}
        control.update("invitations", {"id": found.id}, invited_by=actor.label, mailed=False, **fresh)
        audit.record(control, actor, "invitation.sent_again", f"{found.email} {found.role}", tenant_id)
    return Issued(get(control, tenant_id, invitation_id), token)


def revoke(control: Database, actor: Actor, tenant_id: str, invitation_id: str) -> None:
    """Raises Problem(conflict) for one that was used; revoking twice is no error."""
    with control.transaction():
        if get(control, tenant_id, invitation_id).state == "revoked":
            return
        found = _open(control, actor, tenant_id, invitation_id)
        control.update("invitations", {"id": found.id}, revoked_at=clock.iso())
        audit.record(control, actor, "invitation.revoked", f"{found.email} {found.role}", tenant_id)


def mailed(control: Database, invitation_id: str) -> None:
    control.update("invitations", {"id": invitation_id}, mailed=True)


def of_token(control: Database, token: str) -> Invitation:
    """Raises Problem(expired), also when whoever invited may not give that role any more."""
    row = control.one("SELECT * FROM invitations WHERE digest = :digest", {"digest": crypto.digest(token)})
    found = records.to(Invitation, row) if row else None
    if found is None or found.state != "open" or not _still_given(control, found):
        raise Problem("expired", ENDED)
    return found


def accept(control: Database, token: str, account: NewAccount) -> Member:
    """Join as somebody new. Raises Problem(invalid) by field; Problem(conflict) where one has to sign in instead."""
    with control.transaction():
        found = of_token(control, token)
        if control.one("SELECT 1 AS one FROM users WHERE email = :email", {"email": found.email}):
            raise Problem("conflict", ELSEWHERE)
        actor = Actor("member", "invited", found.email, "viewer")
        made = users.create(control, actor, found.email, account.name, account.password)
        return _join(control, found, made)


def join(control: Database, token: str, user: User) -> Member:
    """Join as the person who is signed in. Raises Problem(forbidden) for an invitation to another address."""
    with control.transaction():
        found = of_token(control, token)
        if found.email != user.email:
            raise Problem("forbidden", f"You are signed in as {user.email}; this invitation is for somebody else.")
        return _join(control, found, user)


def _join(control: Database, found: Invitation, user: User) -> Member:
    sql = "UPDATE invitations SET accepted_at = :now WHERE id = :id AND accepted_at IS NULL AND revoked_at IS NULL"
    if control.execute(sql, {"now": clock.iso(), "id": found.id}) != 1:
        raise Problem("expired", ENDED)
    actor = Actor("member", user.id, user.name, found.role)
    return members.join(control, actor, found.tenant_id, user.id, found.role)


def _open(control: Database, actor: Actor, tenant_id: str, invitation_id: str) -> Invitation:
    found = get(control, tenant_id, invitation_id)
    members.may_give(actor, found.role)
    if found.state in ("accepted", "revoked"):
        raise Problem("conflict", f"This invitation is {found.state}.")
    return found


def _still_given(control: Database, found: Invitation) -> bool:
    kind, _, who = found.invited_by.partition(":")
    if kind != "member":
        return True
    sql = """SELECT m.role FROM memberships m JOIN users u ON u.id = m.user_id
             WHERE m.tenant_id = :tenant AND m.user_id = :user AND u.disabled = FALSE"""
    role = control.value(sql, {"tenant": found.tenant_id, "user": who})
    return role in ("admin", "owner") and ROLES.index(role) >= ROLES.index(found.role)


def _taken(fault: str) -> Problem:
    return Problem("duplicate", f"This person {fault}.", errors={"email": fault})
