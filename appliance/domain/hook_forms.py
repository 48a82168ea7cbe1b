"""What people say about a hook, and what of it is refused."""

import re

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import hook_rates, hook_targets, signals
from appliance.domain.hook_signatures import Signing
from appliance.domain.hook_targets import Target
from appliance.domain.hook_task_targets import TaskSignal
from appliance.errors import invalid

SAME_BODY_MAX_S = 7 * 86_400
_PATH = re.compile(r"[\w-]+(\.[\w-]+)*")


class NewHook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`target` says what a delivery does. `secret` is what the sender signs with; left out, one is made.

    `only_if` is a condition over body and headers; `idem_path` the place in the body that names a delivery (`id`,
    `data.id`); `same_body_s`: so many seconds the same body counts as the same delivery, 0 for never. `expires` is an
    ISO-8601 time or a number of days such as `90d`.
    """

    name: str
    target: Target
    signing: Signing = Signing()
    secret: str = ""
    only_if: str = ""
    idem_path: str = ""
    same_body_s: int = 0
    per_minute: int = hook_rates.USUAL
    expires: str | None = None


class NewTaskHook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name` is that of the signal."""

    name: str

    def of(self, task_id: str) -> NewHook:
        return NewHook(self.name, TaskSignal(task_id))


class HookChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; `expires` null means never."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    target: Target | msgspec.UnsetType = msgspec.UNSET
    only_if: str | msgspec.UnsetType = msgspec.UNSET
    idem_path: str | msgspec.UnsetType = msgspec.UNSET
    same_body_s: int | msgspec.UnsetType = msgspec.UNSET
    per_minute: int | msgspec.UnsetType = msgspec.UNSET
    expires: str | None | msgspec.UnsetType = msgspec.UNSET


def checked(db: Database, new: NewHook) -> NewHook:
    """The same with what its target names found. Raises Problem(invalid) with the field at fault."""
    check_rules(new)
    return msgspec.structs.replace(new, name=new.name.strip(), target=new.target.settled(db))


def check_rules(new: NewHook) -> None:
    """All but the target. Raises Problem(invalid) with the field at fault."""
    signals.check_name(new.name)
    hook_targets.check_condition(new.only_if)
    if new.idem_path and (len(new.idem_path) > 200 or not _PATH.fullmatch(new.idem_path)):
        raise invalid(idem_path="give names with dots between them, such as data.id")
    if not 0 <= new.same_body_s <= SAME_BODY_MAX_S:
        raise invalid(same_body_s=f"give seconds from 0 to {SAME_BODY_MAX_S}")
    if not 1 <= new.per_minute <= hook_rates.MOST:
        raise invalid(per_minute=f"give a number from 1 to {hook_rates.MOST}")


def expiry(text: str | None) -> str | None:
    """The moment. Raises Problem(invalid) for what is none and for what is over."""
    if not text:
        return None
    try:
        at = clock.ahead(int(text[:-1]) * 86_400) if text.endswith("d") else clock.iso(clock.parse(text))
    except (ValueError, OverflowError):
        raise invalid(expires="take a time such as 2027-01-31 or a number of days such as 90d") from None
    if at <= clock.iso():
        raise invalid(expires="lies in the past")
    return at
