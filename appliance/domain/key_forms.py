"""What an API key is, and what is said to make one."""

from fnmatch import fnmatchcase

import msgspec

from appliance import clock
from appliance.domain.actor import Actor, Role
from appliance.errors import invalid


class ApiKey(msgspec.Struct, frozen=True):
    """`hint` is the beginning of the secret; `budget_nano` is for the key's whole life.

    Calls made with it count on its `agent_id` and `project`. `models` are the names it may ask for, with * for any
    letters; none is all. The limits are of requests and tokens a minute and of calls at the same time; None is none.
    """

    id: str
    tenant_id: str
    name: str
    hint: str
    role: Role
    agent_id: str | None
    gateway_only: bool
    budget_nano: int | None
    created_by: str
    created_at: str
    expires_at: str | None
    used_at: str | None
    revoked_at: str | None
    project: str = ""
    models: tuple[str, ...] = ()
    requests_per_min: int | None = None
    tokens_per_min: int | None = None
    parallel: int | None = None

    def allows(self, model: str) -> bool:
        return not self.models or any(fnmatchcase(model, pattern) for pattern in self.models)

    @property
    def actor(self) -> Actor:
        """A key made for an agent acts as that agent, so that it can't approve what the agent asked."""
        if self.agent_id:
            return Actor("agent", self.agent_id, self.name, self.role)
        return Actor("key", self.id, self.name, self.role)

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= clock.iso() else "active"


class IssuedKey(ApiKey, frozen=True, kw_only=True):
    """The only time the secret is seen."""

    secret: str


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expires` is an ISO-8601 time or a number of days such as `90d`."""

    name: str
    role: Role = "operator"
    gateway_only: bool = False
    expires: str | None = None
    budget_usd: str | float | int | None = None


def expiry(text: str | None) -> str | None:
    if not text:
        return None
    try:
        at = clock.ahead(int(text[:-1]) * 86400) if text.endswith("d") else clock.iso(clock.parse(text))
    except (ValueError, OverflowError):
        raise invalid(expires="take a time such as 2027-01-31 or a number of days such as 90d") from None
    if at <= clock.iso():
        raise invalid(expires="lies in the past")
    return at
