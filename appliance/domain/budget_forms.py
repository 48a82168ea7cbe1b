"""What people can say about a budget, and which amounts look like a slip of the hand."""

from typing import Literal

import msgspec

from appliance.domain.budget_words import NANO, plain, usd
from appliance.errors import invalid

LARGE = 10_000 * NANO
SMALL = 100 * NANO
JUMP = 100
Action = Literal["block", "pause", "downgrade"]


class NewBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scope_id`: name of an account, model or project, an agent's slug, a task's number, id of a key, run or session.

    0 means stop. At the limit `action` blocks, or pauses and asks a person; downgrade goes on with the cheaper model
    `downgrade_to` from 80 % on, and pauses at the limit. `strict` holds the most a call could cost, and cuts an answer
    that would go beyond. `confirm` says that an amount above $10,000, or above $100 and a hundred times the old one, is
    meant.
    """

    scope: str
    span: str
    limit_usd: str | float | int
    scope_id: str = ""
    confirm: bool = False
    action: Action = "pause"
    downgrade_to: str = ""
    strict: bool = False


class BudgetChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A null limit removes the budget. What is not given stays as it is."""

    limit_usd: str | float | int | None
    confirm: bool = False
    action: Action | None = None
    downgrade_to: str | None = None
    strict: bool | None = None


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
