"""What an API key is, and what is said to make one."""

from fnmatch import fnmatchcase
from typing import Any

import msgspec

from appliance import clock
from appliance.domain.actor import Actor, Role
from appliance.errors import invalid


class ApiKey(msgspec.Struct, frozen=True):
    """`hint` is the beginning of the secret; `budget_nano` is for the key's whole life.

    Calls made with it count on its `agent_id` and `project`. `models` are the names it may ask for, with * for any
    letters; none is all. The limits are of requests and tokens a minute and of calls at the same time; None is none.
    While the key is rotated its old secret works beside the new one, until `old_until`.
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
    old_hint: str = ""
    old_until: str | None = None
    old_used_at: str | None = None

    def allows(self, model: str) -> bool:
        return not self.models or any(fnmatchcase(model, pattern) for pattern in self.models)

    @property
    def actor(self) -> Actor:
        """A key made for an agent acts as that agent, so that it can't approve what the agent asked."""
        if self.agent_id:
            return Actor("agent", self.agent_id, self.name, self.role)
        return Actor("key", self.id, self.name, self.role)

    @property
    def rotating(self) -> bool:
        """The old secret still works."""
        return bool(self.old_until and self.old_until > clock.iso() and self.state == "active")

    @property
    def ends_soon(self) -> bool:
        return bool(self.state == "active" and self.expires_at and self.expires_at < clock.ahead(SOON_DAYS * 86400))

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= clock.iso() else "active"


class IssuedKey(ApiKey, frozen=True, kw_only=True):
    """The only time the secret is seen."""

    secret: str


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expires` is an ISO-8601 time or a number of days such as `90d`; `agent` is a slug or id.

    `models` are names that may be asked for, with * for any letters; none is all.
    """

    name: str
    role: Role = "operator"
    gateway_only: bool = False
    expires: str | None = None
    budget_usd: str | float | int | None = None
    agent: str = ""
    project: str = ""
    models: tuple[str, ...] = ()
    requests_per_min: int | None = None
    tokens_per_min: int | None = None
    parallel: int | None = None


class KeyChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; null takes a limit, an end, an agent or a project away."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    gateway_only: bool | msgspec.UnsetType = msgspec.UNSET
    expires: str | None | msgspec.UnsetType = msgspec.UNSET
    budget_usd: str | float | int | None | msgspec.UnsetType = msgspec.UNSET
    agent: str | None | msgspec.UnsetType = msgspec.UNSET
    project: str | None | msgspec.UnsetType = msgspec.UNSET
    models: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    requests_per_min: int | None | msgspec.UnsetType = msgspec.UNSET
    tokens_per_min: int | None | msgspec.UnsetType = msgspec.UNSET
    parallel: int | None | msgspec.UnsetType = msgspec.UNSET
    confirm: bool = False


SOON_DAYS = 14
LIMITS = ("requests_per_min", "tokens_per_min", "parallel")
MODELS_MOST, NAME_MOST, NUMBER_MOST = 100, 100, 10**12


def check(given: dict[str, Any]) -> None:
    """Raises Problem(invalid) by the field at fault."""
    faults = {}
    if "name" in given and not 0 < len(given["name"].strip()) <= NAME_MOST:
        faults["name"] = "give the key a name" if not given["name"].strip() else f"take at most {NAME_MOST} characters"
    if len(given.get("models", ())) > MODELS_MOST:
        faults["models"] = f"name at most {MODELS_MOST} models; * stands for any letters"
    for name in LIMITS:
        if (value := given.get(name)) is not None and not 0 <= value <= NUMBER_MOST:
            faults[name] = "give a whole number, 0 for none at all, or nothing for no limit"
    if faults:
        raise invalid(**faults)


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
