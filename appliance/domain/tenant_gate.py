"""Who may come in while a tenant is not active; the words that tell them why not, and what to do."""

from appliance.domain.actor import Actor
from appliance.domain.tenants import Tenant
from appliance.errors import Problem

_OUTSIDE = {"suspended": "The tenant is suspended.", "grace": "The tenant is being deleted."}


def check(tenant: Tenant, actor: Actor, reads: bool) -> None:
    """Raises Problem: suspended, deleting or deleted. Owners may read, and export, while the grace lasts."""
    if tenant.state == "grace" and reads and actor.role == "owner":
        return
    refuse(tenant)


def outside(state: str) -> str:
    """What programs outside are told, which should know no more."""
    return _OUTSIDE.get(state, "The tenant was deleted.")


def refuse(tenant: Tenant) -> None:
    """Raises Problem for a tenant that does not work now, whoever asks: suspended, deleting or deleted."""
    if tenant.state == "active":
        return
    day = (tenant.state_until or "")[:10]
    if tenant.state == "suspended":
        why = f" ({tenant.suspended_reason})" if tenant.suspended_reason else ""
        raise Problem("suspended", f"The tenant {tenant.slug} is suspended{why}. Ask an owner of the box to resume it.")
    if tenant.state == "grace":
        said = f"Its owners can read and export until {day}; an owner of the box can bring it back."
        raise Problem("deleting", f"The tenant {tenant.slug} is being deleted. {said}")
    if tenant.state == "trash":
        raise Problem(
            "deleted", f"The tenant {tenant.slug} was deleted. An owner of the box can bring it back until {day}."
        )
    raise Problem("deleted", "This tenant was deleted for good.")
