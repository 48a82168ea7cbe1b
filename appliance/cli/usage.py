"""`agenthq usage`: what the work cost."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, money, table
from appliance.domain.analytics import details, every_call, files, rollups
from appliance.domain.analytics import usage as spending
from appliance.domain.analytics.shapes import Line, Total


@verb(
    "agenthq usage",
    "agenthq usage --by model --from 2026-11-01 --to 2026-11-30",
    "agenthq usage --csv > calls.csv",
    "agenthq usage rebuild",
    name="usage",
)
@click.argument("act", required=False, metavar="[rebuild]", type=click.Choice(["rebuild"]))
@click.option("--by", type=click.Choice([*spending.BY, *details.BY]), default="agent", show_default=True)
@click.option(
    "--from", "first", default="", metavar="DAY", help="First day, UTC; the first of the month when left out."
)
@click.option("--to", "last", default="", metavar="DAY", help="Last day, UTC; today when left out.")
@click.option("--csv", "as_csv", is_flag=True, help="Every call of these days as CSV, with exact amounts.")
@tenant_option
def usage(
    desk: Desk, act: str | None, by: str, first: str, last: str, as_csv: bool, tenant: str | None
) -> Shown | None:
    """What the work cost, by agent, model, key and so on.

    `rebuild` adds up all calls anew, for figures that are in doubt; calls themselves are not changed.
    """
    first, last = spending.span(first, last)
    with desk.room(tenant) as room:
        if act == "rebuild":
            count = rollups.rebuild(room.db)
            return Shown({"calls": count}, f"{count:,} calls are added up anew.")
        if as_csv:
            for piece in files.encode("csv", every_call.COLUMNS, every_call.rows(room.db, first, last)):
                click.echo(piece, nl=False)
            return None
        lines = spending.breakdown(room.db, by, first, last)
    whole = spending.summed(lines)
    data = {"first_day": first, "last_day": last, "by": by, "total": whole, "items": lines}
    text = _table(by, lines, whole) if lines else "No call in this time."
    return Shown(data, f"{first} to {last}, UTC\n{text}")


def _table(by: str, lines: list[Line], whole: Total) -> str:
    rows = [(line.label, *_figures(line)) for line in lines]
    heads = (by, "calls", "failed", "tokens in", "cached", "tokens out", "cost", "of it simulated")
    return table(heads, [*rows, ("Total", *_figures(whole))], "", right=heads[1:])


def _figures(line: Total) -> tuple[object, ...]:
    tokens = (f"{line.input_total:,}", f"{line.cache_read:,}", f"{line.output_total:,}")
    return (line.calls, line.failed, *tokens, money(line.cost_nano), money(line.simulated_nano))
