"""The options of `agenthq schedule`: a calendar, what it starts, and the policies."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from appliance.domain.check_forms import NEEDED
from appliance.domain.schedules.forms import OVERLAPS
from appliance.domain.task_forms import PRIORITIES

Verb = TypeVar("Verb", bound=Callable[..., Any])


def options(*given: Callable[[Verb], Verb]) -> Callable[[Verb], Verb]:
    """Several options as one decorator, in this order."""

    def add(function: Verb) -> Verb:
        for option in reversed(given):
            function = option(function)
        return function

    return add


calendar_options = options(
    click.option(
        "--cron", default="", help="Five fields such as '0 9 * * 1-5', or @hourly, @daily, @weekly, @monthly."
    ),
    click.option("--every", default="", metavar="SPAN", help="Instead of cron: 90s, 15m, 2h, 1d or 1w."),
    click.option("--from", "anchor_at", metavar="TIME", help="What an interval counts from; now, when left out."),
    click.option("--zone", default="", help="Such as Europe/Berlin; the tenant's when left out."),
    click.option("--starts", "starts_at", metavar="TIME", help="Not before this day or time."),
    click.option("--ends", "ends_at", metavar="TIME", help="Not after this day, or from this time on."),
)
target_options = options(
    click.option("--title", help="Make a task: what is to be done."),
    click.option("--body", help="The same in full."),
    click.option("--body-file", metavar="FILE", help="The same from a file; - is standard input."),
    click.option("--to", "assignee", metavar="AGENT", help="The agent's slug; work starts at once."),
    click.option(
        "--check", "specs", multiple=True, metavar="KIND=VALUE", help=f"May be repeated: {', '.join(NEEDED)}."
    ),
    click.option("--priority", type=click.Choice(PRIORITIES)),
    click.option("--label", "labels", multiple=True, help="May be repeated."),
    click.option("--budget-usd", metavar="USD", help="What each task may spend in all."),
    click.option("--time-limit", "time_limit_s", type=int, metavar="SECONDS", help="What a run of it may take."),
    click.option("--workflow", metavar="SLUG", help="Start a workflow instead of a task."),
    click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="Of the workflow; may be repeated."),
    click.option("--version", type=int, help="Of the workflow; the newest of the time when left out."),
)
policy_options = options(
    click.option("--overlap", type=click.Choice(OVERLAPS), help="When the last one has not ended; skip by default."),
    click.option("--catch-up", "catch_up_s", type=int, metavar="SECONDS", help="Run what is at most so late; 3600."),
    click.option("--jitter", "jitter_s", type=int, metavar="SECONDS", help="Put each time off by up to so much; 0."),
    click.option(
        "--pause-after", type=int, metavar="COUNT", help="Pause after so many failures in a row; 5, 0: never."
    ),
    click.option("--times", "remaining", type=int, metavar="COUNT", help="End after so many starts."),
)
