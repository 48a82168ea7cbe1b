"""Money and limits in words: what a refused call is told, and amounts a person would choose."""

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.domain.budgets import Budget

NANO = 1_000_000_000
ROLLING = {"5h": "in any 5 hours", "24h": "in any 24 hours", "7d": "in any 7 days", "30d": "in any 30 days"}
DURING = {"hour": "this hour", "day": "today", "week": "this week", "month": "this month", "lifetime": "in all"}
EACH = {"hour": "an hour", "day": "a day", "week": "a week", "month": "a month", "lifetime": "in all"}
DURING |= ROLLING
EACH |= ROLLING
_ROUND = (1, 2, 5)


def refusal(budget: "Budget | None", needed: int) -> str:
    """Why a call was not sent, and what to do."""
    if budget is None:
        return (
            f"No budget covers this work, and its next call may need {usd(needed)}. Set a monthly cap, or say that it "
            "may spend without one."
        )
    extra = f" and {usd(budget.extra_nano)} more allowed once" if budget.extra_nano else ""
    return (
        f"{subject(budget)} may spend {usd(budget.limit_nano)} {DURING[budget.span]}{extra}; "
        f"{usd(max(budget.left_nano, 0))} is left and the next call may need {usd(needed)}. Raise the budget to go on."
    )


def subject(budget: "Budget") -> str:
    """Whose limit it is, as the beginning of a sentence."""
    if budget.scope == "tenant":
        return "The organisation"
    if budget.scope == "provider":
        return f"The account {budget.scope_name}" if budget.scope_name else "A removed account"
    if budget.scope in ("project", "model"):
        return f"The {budget.scope} {budget.scope_id}"
    return f"This {budget.scope}"


def whose(budget: "Budget") -> str:
    """The same for somebody who does not look at the work: by name."""
    if budget.scope in ("agent", "task", "run") and budget.scope_name:
        return {"agent": "", "task": "Task ", "run": "A run of "}[budget.scope] + budget.scope_name
    return subject(budget)


def cents(nano: int) -> str:
    """Exact, with cents at least."""
    whole, _, rest = plain(nano).partition(".")
    return f"${int(whole):,}.{rest.ljust(2, '0')}"


def usd(nano: int) -> str:
    """Cents for dollars; three digits that count for less, however small."""
    if nano == 0 or nano >= NANO:
        return f"${nano / NANO:,.2f}"
    return f"${nano / NANO:.{min(9, 12 - len(str(nano)))}f}"


def plain(nano: int) -> str:
    """Dollars as a form takes them: exact, without a sign or commas."""
    return format(Decimal(nano).scaleb(-9).normalize() + 0, "f")


def round_up(nano: int) -> int:
    """The next amount that people choose: 1, 2 or 5 and zeros, at least a cent."""
    power = int(10 ** max(7, len(str(max(nano, 1))) - 1))
    return next((step * power for step in _ROUND if step * power >= nano), 10 * power)
