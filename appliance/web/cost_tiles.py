"""The large figures of the costs page."""

import msgspec

from appliance.domain.analytics.shapes import Accepted, Total
from appliance.domain.analytics.summaries import Summary
from appliance.web.amounts import usd as short
from appliance.web.filters import count


class Kpi(msgspec.Struct, frozen=True):
    label: str
    value: str
    note: str = ""
    tone: str = ""
    hero: bool = False
    simulated: bool = False
    href: str = ""


def kpis(found: Summary) -> list[Kpi]:
    return [
        _spent("Spent this month", found.total, hero=True),
        _spent("Spent today", found.today),
        _per_task(found.accepted),
        _calls(found.total),
    ]


def _spent(label: str, total: Total, hero: bool = False) -> Kpi:
    value, simulated, beside = _split(total.cost_nano, total.simulated_nano)
    note = " · ".join(part for part in (beside, _unpriced(total.unpriced)) if part)
    return Kpi(label, value, note, hero=hero, simulated=simulated)


def _unpriced(calls: int) -> str:
    if not calls:
        return ""
    return (
        "1 call without a price is not in it" if calls == 1 else f"{count(calls)} calls without a price are not in it"
    )


def _per_task(accepted: Accepted) -> Kpi:
    if accepted.per_task_nano is None:
        return Kpi("Per accepted task", "–", "no task done this month")
    value, simulated, beside = _split(accepted.cost_nano, accepted.simulated_nano, accepted.tasks)
    tasks = "1 task done" if accepted.tasks == 1 else f"{count(accepted.tasks)} tasks done"
    return Kpi("Per accepted task", value, " · ".join(part for part in (tasks, beside) if part), simulated=simulated)


def _calls(total: Total) -> Kpi:
    share = f"{total.failed / total.calls:.1%} failed" if total.calls else "none yet"
    return Kpi("Calls this month", count(total.calls), share)


def _split(cost: int, simulated: int, parts: int = 1) -> tuple[str, bool, str]:
    """Real money first and simulated beside it; only simulated money stands alone with its mark."""
    if simulated and cost == simulated:
        return short(simulated // parts), True, ""
    return short((cost - simulated) // parts), False, f"and {short(simulated // parts)} simulated" if simulated else ""
