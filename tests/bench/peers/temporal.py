"""One-activity workflows a second of Temporal's own test server, which comes as a program from PyPI."""

import json
import os
import subprocess
from pathlib import Path

from tests.bench.peers import install
from tests.bench.peers.servers import Missing

PROGRAM = Path(__file__).parent / "jobs/temporal_jobs.py"
PATIENCE_S = 120


def rate(count: int) -> float:
    """Raises Missing with what it said when it did not get to its end."""
    python = install.python("temporalio")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            [str(python), str(PROGRAM), str(count)],
            env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise Missing(f"it took more than {PATIENCE_S} s") from late
    if done.returncode:
        raise Missing(f"it failed: {' '.join(done.stderr.split())[-300:]}")
    return float(count / json.loads(done.stdout.splitlines()[-1])["seconds"])
