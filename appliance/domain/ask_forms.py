"""What a person can be asked, and the digest that binds an answer to exactly that."""

import hashlib
from typing import Any

import msgspec

from appliance.domain.approval_rows import Kind, Option

ACTION = ("tool", "arguments", "target")


class Ask(msgspec.Struct, frozen=True):
    """What to ask. An action's `payload` is {tool, arguments, target}; every other kind shows its whole payload.

    `estimate_nano` in nano-dollars; `expires_s`, `remind_s` (repeating) and `escalate_s` in seconds from now.
    `on_expiry` is reject, or a question's default answer. `assigned_to` and `backup_to` are labels of actors.
    """

    kind: Kind
    title: str
    detail: str = ""
    payload: dict[str, Any] = {}
    estimate_nano: int = 0
    policy_version: int = 1
    options: list[Option] = []
    assigned_to: str | None = None
    backup_to: str | None = None
    expires_s: float | None = None
    remind_s: float | None = None
    escalate_s: float | None = None
    on_expiry: str = "reject"

    @property
    def digest(self) -> str:
        tool: Any
        tool, arguments, target = self.kind, self.payload, ""
        if self.kind == "action":
            tool, arguments, target = (self.payload[part] for part in ACTION)
        return digest(tool, arguments, target, self.estimate_nano, self.policy_version)


def digest(tool: str, arguments: Any, target: str, estimate_nano: int, policy_version: int) -> str:
    """SHA-256 in hex of the canonical JSON of what is approved: keys sorted, no space."""
    bound = {"tool": tool, "arguments": arguments, "target": target}
    bound |= {"estimate_nano": estimate_nano, "policy_version": policy_version}
    return hashlib.sha256(msgspec.json.encode(bound, order="sorted")).hexdigest()
