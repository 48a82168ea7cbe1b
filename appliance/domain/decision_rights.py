"""Who may decide an approval, and whether it is still open: a sentence when not."""

from appliance.domain.actor import ROLES, Actor, Role
from appliance.domain.approval_rows import Approval

NEEDS: dict[str, Role] = {"budget": "admin"}
SAID = {"approve": "approved", "answer": "answered", "reject": "rejected", "request_changes": "changes_requested"}
OVER = {
    "expired": "It has expired: nobody decided in time.",
    "superseded": "It was replaced: what is asked has changed.",
    "withdrawn": "It was withdrawn: its run has ended.",
}


def refusal(actor: Actor, found: Approval) -> str:
    """Why this actor may not decide it, as a sentence; "" when they may."""
    if actor.kind == "agent":
        return "Only a person can decide this; an agent can't."
    if actor.label == found.requested_by:
        return "You asked for this yourself. Somebody else has to decide."
    role = NEEDS.get(found.kind, "operator")
    if ROLES.index(actor.role) < ROLES.index(role):
        return f"Deciding this needs the role {role}; you are {actor.role}."
    return ""


def closed(found: Approval) -> str:
    """Why nobody can decide it any more, as a sentence that names who did; "" while it is pending."""
    if found.state == "pending":
        return ""
    if not found.decided_by:
        return OVER[found.state]
    return f"Already decided by {found.decided_name}: {SAID[found.verdict].replace('_', ' ')}."
