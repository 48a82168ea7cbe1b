"""The large figures of the costs page, and how each comes about with this window's numbers."""

import msgspec

from appliance.domain.analytics.savings import Savings
from appliance.domain.analytics.shapes import Accepted, Total
from appliance.domain.analytics.summaries import Summary
from appliance.web import cost_words
from appliance.web.amounts import usd as short
from appliance.web.filters import count


class Kpi(msgspec.Struct, frozen=True):
    """`how` are sentences that say how the value comes about; `key` is unique on its page."""

    label: str
    value: str
    note: str = ""
    tone: str = ""
    hero: bool = False
    simulated: bool = False
    href: str = ""
    key: str = ""
    how: tuple[str, ...] = ()
    note_tone: str = ""


def kpis(found: Summary, days: str, narrowed: bool = False) -> list[Kpi]:
    """`days` names the window in words; when `narrowed` to some calls there is no baseline of them."""
    if narrowed:
        return [_spent(found, days, hero=True, narrowed=True), _calls(found.total), *_each(found.total)]
    saved = _saved(found)
    tiles = [saved] if saved else []
    tiles += [_spent(found, days, hero=not saved), _per_task(found, days), _calls_or_choice(found)]
    return tiles if saved else [*tiles, _today(found)]


def _saved(found: Summary) -> Kpi | None:
    against = found.savings.chosen
    if against is None:
        return None
    label = f"Saved against {against.model}, {_whose(found.savings)}"
    percent = "" if against.saved_percent is None else f"{against.saved_percent:.1f} % of {short(against.nano)} · "
    note = f"{percent}coverage {against.coverage:.1%}"
    tone = "good" if against.saved_nano > 0 else ("bad" if against.saved_nano < 0 else "")
    how = cost_words.savings(found.savings, against)
    value = short(against.saved_nano)
    return Kpi(label, value, note, tone, hero=True, simulated=against.simulated, key="saved", how=how)


def _whose(savings: Savings) -> str:
    return "the pinned model" if savings.pinned else "the most expensive model that was in use"


def _spent(found: Summary, days: str, hero: bool, narrowed: bool = False) -> Kpi:
    total = found.total
    value, simulated, beside = split(total.cost_nano, total.simulated_nano)
    parts = [beside, _list_price(total), cost_words.unpriced(total.unpriced)]
    parts += [] if narrowed else [cost_words.forecast_short(found.forecast)]
    note = " · ".join(part for part in parts if part)
    how = cost_words.spent(found, narrowed) if total.calls else ()
    return Kpi(f"Spent, {days}", value, note, hero=hero, simulated=simulated, key="spent", how=how)


def _list_price(total: Total) -> str:
    return f"{short(total.imputed_nano)} at list prices in flat fees and own machines" if total.imputed_nano else ""


def _per_task(found: Summary, days: str) -> Kpi:
    accepted = found.accepted
    if accepted.per_task_nano is None:
        return Kpi("Per accepted task", "–", f"no task done, {days}", key="task")
    value, simulated, beside = split(accepted.cost_nano, accepted.simulated_nano, accepted.tasks)
    tasks = "1 task done" if accepted.tasks == 1 else f"{count(accepted.tasks)} tasks done"
    change, tone = _change(accepted, found.accepted_before)
    note = " · ".join(part for part in (change, tasks, beside) if part)
    how = cost_words.per_task(accepted, found.accepted_before)
    return Kpi("Per accepted task", value, note, simulated=simulated, key="task", how=how, note_tone=tone)


def _change(accepted: Accepted, before: Accepted) -> tuple[str, str]:
    if not before.per_task_nano or accepted.per_task_nano is None:
        return "", ""
    by = (accepted.per_task_nano - before.per_task_nano) / before.per_task_nano * 100
    if abs(by) < 0.5:
        return "as before", ""
    return f"{'▼' if by < 0 else '▲'} {abs(by):.0f} %", "good" if by < 0 else "warn"


def _calls_or_choice(found: Summary) -> Kpi:
    chosen = found.chosen
    if chosen.share is not None:
        note = f"regret {short(chosen.regret_nano)}" if chosen.regret_nano else "no regret"
        return Kpi("Chosen best", f"{chosen.share:.1%}", note, key="chosen", how=cost_words.chosen(chosen))
    return _calls(found.total)


def _calls(total: Total) -> Kpi:
    share = f"{total.failed / total.calls:.1%} failed" if total.calls else "none yet"
    return Kpi("Calls", count(total.calls), share, key="calls")


def _each(total: Total) -> list[Kpi]:
    answers = total.calls - total.failed
    if not answers:
        return []
    value, simulated, beside = split(total.cost_nano, total.simulated_nano, answers)
    tokens = f"{count((total.input_total + total.output_total) // total.calls)} tokens a call"
    return [Kpi("An answer", value, beside or tokens, simulated=simulated, key="each")]


def _today(found: Summary) -> Kpi:
    value, simulated, beside = split(found.today.cost_nano, found.today.simulated_nano)
    return Kpi("Spent today", value, beside or f"{count(found.today.calls)} calls", simulated=simulated, key="today")


def split(cost: int, simulated: int, parts: int = 1) -> tuple[str, bool, str]:
    """Real money first and simulated beside it; only simulated money stands alone with its mark."""
    if simulated and cost == simulated:
        return short(simulated // parts), True, ""
    return short((cost - simulated) // parts), False, f"and {short(simulated // parts)} simulated" if simulated else ""
