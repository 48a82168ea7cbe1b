"""The one clock of all peers written in Python: hand out, start a worker, look until nothing is left."""

import json
import subprocess
import sys
import time
from collections.abc import Callable

LOOK_S = 0.01
PATIENCE_S = 120


def report(count: int, hand_out: Callable[[], None], work: list[str], left: Callable[[], int]) -> None:
    """Prints `{"hand_out_s": …, "drain_s": …}`: seconds to hand out `count` jobs, and to carry them out.

    The worker's own start is left out: the drain is timed from the first look that finds a job gone, and scaled to
    all of them.
    """
    begin = time.perf_counter()
    for _ in range(count):
        hand_out()
    handed_out = time.perf_counter() - begin
    worker = subprocess.Popen(work, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        drain = _drain(count, left)
    except TimeoutError as late:
        worker.kill()
        sys.exit(f"{late}: {worker.communicate()[1][-2000:]}")
    finally:
        worker.kill()
        worker.communicate()
    print(json.dumps({"hand_out_s": handed_out, "drain_s": drain}))


def _drain(count: int, left: Callable[[], int]) -> float:
    until = time.monotonic() + PATIENCE_S
    first, begin = count, 0.0
    while (now := left()) or first == count:
        if now < count and first == count:
            first, begin = now, time.perf_counter()
            if not now:
                raise TimeoutError("all jobs were gone at the first look; hand out more")
        if time.monotonic() > until:
            raise TimeoutError(f"{now} of {count} jobs are left")
        time.sleep(LOOK_S)
    return (time.perf_counter() - begin) * count / first
