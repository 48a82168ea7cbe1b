"""`python -m tests.semantics.temporal FILE`: plays every scenario and writes {row: outcome}; some, if they are named.

A process of its own, which ends without the interpreter's tidying up: threads of the SDK may be at work still.
"""

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path

from tests.semantics.temporal import cancels, children, crashes, identity, replays, waits  # noqa: F401
from tests.semantics.temporal.stage import SCENARIOS, play, quiet

PATIENCE_S = 60


def main(target: str, wanted: list[str]) -> None:
    logging.disable(logging.CRITICAL)
    quiet()
    found = {}
    for name in wanted or SCENARIOS:
        began = time.monotonic()
        try:
            found[name] = asyncio.run(asyncio.wait_for(play(SCENARIOS[name]), PATIENCE_S))
        except Exception as error:  # noqa: BLE001  it is told as the outcome, so that the row's test shows it
            found[name] = f"error: {error!r}"
        print(f"{name:<36} {time.monotonic() - began:5.1f} s  {found[name]}", flush=True)
    Path(target).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
    sys.stdout.flush()
    os._exit(0)
