"""What people can say about a budget, and which amounts look like a slip of the hand."""

import msgspec

from appliance.domain.budget_words import NANO, plain, usd
from appliance.errors import invalid

LARGE = 10_000 * NANO
SMALL = 100 * NANO
JUMP = 100


class NewBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scope_id`: name of an account, slug of an agent, name of a project, number of a task, id of a run. 0 means stop.

    `confirm` says that an amount above $10,000, or above $100 and a hundred times the old one, is meant.
    """

    scope: str
    span: str
    limit_usd: str | float | int
    scope_id: str = ""
    confirm: bool = False


class BudgetChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A null limit removes the budget."""

    limit_usd: str | float | int | None
    confirm: bool = False


class Extra(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is allowed on top of a limit until its span ends."""

    extra_usd: str | float | int
    confirm: bool = False


def absurd(before_nano: int, after_nano: int) -> str:
    """Why an amount looks like a slip of the hand; "" when it does not."""
    if after_nano > LARGE and after_nano > before_nano:
        return f"{usd(after_nano)} is more than {usd(LARGE)}"
    if before_nano and after_nano > SMALL and after_nano >= JUMP * before_nano:
        return f"{usd(after_nano)} is {after_nano // before_nano} times the limit so far"
    return ""


def sane(before_nano: int, after_nano: int, confirmed: bool) -> None:
    if not confirmed and (slip := absurd(before_nano, after_nano)):
        raise invalid(confirm=f"{slip}: confirm it ({plain(after_nano)}) if that is meant")
