"""`make crash`: L0 in full on SQLite and PostgreSQL, and a map of as many items under kills.

Prints its report lines; exit code 1 when an oracle objects.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests import postgres
from tests.crash.drive import Plan, Report, drive
from tests.crash.light import LIMIT_MS, measure
from tests.crash.mapped import Outcome
from tests.crash.mapped import drive as drive_map
from tests.crash.scene import Place


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--runs", type=int, default=Plan().runs)
    parser.add_argument("--kills", type=int, default=Plan().kills)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--on", choices=["sqlite", "postgres", "both"], default="both")
    args = parser.parse_args(given)
    plan = Plan(args.runs, args.kills, args.seed)
    reports, late = [], False
    maps: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="agenthq-crash-") as folder:
        if args.on != "postgres":
            reports.append(show("sqlite", drive(Place(Path(folder) / "sqlite" / "data"), plan)))
            light = measure(Place(Path(folder) / "light" / "data"), args.runs)
            print(f"O10: p95 start delay of a light tenant beside {args.runs} queued runs: {light:.0f} ms", flush=True)
            late = light > LIMIT_MS
            maps.append(drive_map(Place(Path(folder) / "map" / "data"), args.runs, args.kills // 5, args.seed))
            print(f"sqlite: {maps[-1].line()}", flush=True)
        if args.on != "sqlite":
            with postgres.cluster() as url:
                reports.append(show("postgres", drive(Place(Path(folder) / "postgres" / "data", url), plan)))
    return int(late or any(report.faults for report in reports) or not all(found.whole for found in maps))


def show(name: str, report: Report) -> Report:
    for fault in report.faults:
        print(f"  {fault}")
    print(f"{name}: {report.line()} seconds={report.seconds:.0f}", flush=True)
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
