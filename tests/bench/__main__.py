"""`make bench`: prints each figure beside its limit; exit code 1 when one is missed.

`python -m tests.bench` measures everything, `python -m tests.bench engine peers` only these scenes.
"""

import os
import sys

from tests.bench import (
    analytics,
    backup,
    board,
    demo,
    durable,
    economics,
    engine,
    executable,
    fairness,
    flows,
    gateway,
    idle,
    migrating,
    neighbours,
    org,
    peers,
    people,
    restart,
    run_list,
    schedules,
    temporal,
    tenants,
    workers,
    workflows,
)

SCENES = {
    "executable": executable,
    "engine": engine,
    "durable": durable,
    "workers": workers,
    "peers": peers,
    "temporal": temporal,
    "fairness": fairness,
    "neighbours": neighbours,
    "restart": restart,
    "gateway": gateway,
    "idle": idle,
    "runs": run_list,
    "org": org,
    "board": board,
    "analytics": analytics,
    "people": people,
    "demo": demo,
    "workflows": workflows,
    "flows": flows,
    "schedules": schedules,
    "backup": backup,
    "economics": economics,
    "migrating": migrating,
    "tenants": tenants,
}


def main(wanted: list[str]) -> int:
    if unknown := set(wanted) - set(SCENES):
        print(f"Unknown scene {', '.join(sorted(unknown))}; there are: {', '.join(SCENES)}")
        return 2
    # Servers start from compiled modules, as with every user.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    kept = True
    for name in wanted or SCENES:
        for figure in SCENES[name].measure():
            print(figure.line(), flush=True)
            kept = kept and figure.kept
    return int(not kept)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
