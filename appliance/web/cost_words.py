"""How a figure of the costs pages is calculated, in sentences with the numbers of the window that is shown."""

from datetime import date

from appliance.domain.analytics.chosen import Chosen
from appliance.domain.analytics.forecasting import Forecast
from appliance.domain.analytics.pricing import Priced
from appliance.domain.analytics.savings import Baseline, Savings
from appliance.domain.analytics.shapes import Accepted
from appliance.domain.analytics.summaries import Cache, Summary
from appliance.web.amounts import usd, usd_exact
from appliance.web.filters import count

SOURCES = {
    "reported": "as the provider reported",
    "catalogue": "by the price list",
    "override": "by prices set on the account",
    "simulated": "by the simulated price list",
    "flat": "in a flat fee",
    "local": "on an own machine",
    "estimated": "estimated",
    "unpriced": "without a price",
    "none": "that cost nothing",
    "": "without a note of their price",
}


def spent(found: Summary, narrowed: bool = False) -> tuple[str, ...]:
    """The sum, what it rests on, and what is not in it. Of some calls only, the rest is not known."""
    total = found.total
    lines = [
        f"The sum of what each of {calls(total.calls)} cost when it was made, retries and failed tries included: "
        f"{usd_exact(total.cost_nano)}."
    ]
    lines += [priced(found.priced)] if found.priced else []
    if total.estimated:
        share = f", {total.estimated_nano / total.cost_nano:.1%} of the money" if total.cost_nano else ""
        lines.append(f"{calls(total.estimated)} {_are(total.estimated)} estimated{share}.")
    if total.unpriced:
        lines.append(f"{calls(total.unpriced)} {_have(total.unpriced)} no price and {_are(total.unpriced)} not in it.")
    return tuple(lines) if narrowed else (*lines, *forecast(found.forecast))


def savings(all_: Savings, against: Baseline) -> tuple[str, ...]:
    who = f"{against.account}/{against.model}"
    lines = [
        f"{count(against.covered)} of {calls(against.answered)} that were answered could have gone to {who}. Each was "
        f"priced there at its own time and with its own tokens; all others keep what they cost.",
        f"So everything would have cost {usd_exact(against.nano)}; it did cost {usd_exact(against.actual_nano)}.",
    ]
    lines += [f"The cheapest capable model each time: {usd_exact(all_.best.nano)}."] if all_.best else []
    lines += [f"The models as they were asked for: {usd_exact(all_.requested.nano)}."] if all_.requested else []
    lines.append("Only models that were in use here in the last 90 days are compared.")
    return tuple(lines)


def per_task(accepted: Accepted, before: Accepted) -> tuple[str, ...]:
    tasks = "1 task that was" if accepted.tasks == 1 else f"{count(accepted.tasks)} tasks that were"
    return (
        f"All calls of {tasks} done in these days, in their whole life and with tries that failed: "
        f"{usd_exact(accepted.cost_nano)}, divided by {count(accepted.tasks)}.",
        f"In the span of the same length before it was {usd(before.per_task_nano)}."
        if before.tasks
        else "No task was done in the span of the same length before.",
    )


def chosen(found: Chosen) -> tuple[str, ...]:
    return (
        f"{count(found.optimal)} of {count(found.decisions)} decisions took the cheapest target that could answer and "
        f"was healthy at that moment. The others were estimated to cost {usd_exact(found.regret_nano)} more.",
    )


def cache(found: Cache) -> tuple[str, ...]:
    return (
        f"Of {count(found.input_total)} tokens read, {count(found.read)} came from a prompt cache and "
        f"{count(found.written)} were written to one.",
        f"With all input at its own price these calls would have cost {usd_exact(found.saved_nano)} more; what writing "
        f"costs is taken off. Calls whose unit prices are not known are left out.",
    )


def forecast(found: Forecast | None) -> tuple[str, ...]:
    if found is None:
        return ("A forecast to the end of the month needs three whole days of calls.",)
    mean = "the mean of its weekday" if found.by_weekday else f"the mean of a day, {usd(found.daily_nano)}"
    return (
        f"Forecast for {_month(found)}: {usd(found.spent_nano)} so far, and {mean} of the last {found.days} whole days "
        f"for each of the {found.left:g} days left: {usd(found.nano)}. Days that differ as they did until now end "
        f"between {usd(found.low_nano)} and {usd(found.high_nano)} in 80 of 100 months.",
    )


def forecast_short(found: Forecast | None) -> str:
    return f"{_month(found)} ends at {usd(found.low_nano)}–{usd(found.high_nano)}" if found else ""


def _month(found: Forecast) -> str:
    return date.fromisoformat(f"{found.month}-01").strftime("%B")


def priced(found: list[Priced]) -> str:
    parts = [
        f"{count(line.calls)} {SOURCES.get(line.cost_source, line.cost_source)}"
        + (f" ({line.price_version})" if line.price_version else "")
        for line in found
    ]
    return f"Of them {', '.join(parts)}."


def unpriced(number: int) -> str:
    if not number:
        return ""
    return (
        "1 call without a price is not in it" if number == 1 else f"{count(number)} calls without a price are not in it"
    )


def calls(number: int) -> str:
    return "1 call" if number == 1 else f"{count(number)} calls"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
