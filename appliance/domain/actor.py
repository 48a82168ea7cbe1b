"""Who acts: stands beside `db` in every verb that changes something, and is written into events."""

from typing import Literal

import msgspec

from appliance.errors import Problem

Role = Literal["viewer", "operator", "admin", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin", "owner")


class Actor(msgspec.Struct, frozen=True):
    """A member, an API key, an agent, a program outside that knows a hook, a schedule, or the system itself."""

    kind: Literal["member", "key", "agent", "hook", "schedule", "system"]
    id: str
    name: str
    role: Role = "viewer"

    @property
    def label(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def outside(self) -> bool:
        """A person, or a program that acts for one: not an agent, not a hook, not the engine."""
        return self.kind in ("member", "key") or self.label == "system:cli"

    def need(self, role: Role) -> None:
        """Raises Problem(forbidden) below `role`, and for an agent that would configure, whatever its key may."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise Problem("forbidden", f"This needs the role {role}; you have {self.role}.")
        if role in ("admin", "owner"):
            self.refuse_agent("change how the work is set up")

    def refuse_agent(self, what: str) -> None:
        """Raises Problem(forbidden) for an agent: by what it set up it would do what it may not do itself."""
        if self.kind == "agent":
            raise Problem("forbidden", f"An agent can't {what}; a person does.")

    def refuse_key(self, what: str) -> None:
        """Raises Problem(forbidden) for a program with a key: what it does would outlast the key."""
        if self.kind == "key":
            raise Problem("forbidden", f"A key can't {what}; a person does.")


SYSTEM = Actor("system", "system", "AgentHQ", "owner")
