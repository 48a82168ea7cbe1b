"""A task followed from the command line while a real server works on it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import OWNER, PASSWORD, Run
from tests.postgres import free_port

pytestmark = pytest.mark.outside


@pytest.fixture
def server(agenthq: Run, folder: Path) -> Iterator[dict[str, object]]:
    """A server on a box with the sample team; what it printed when it was ready."""
    assert agenthq("init", *OWNER, "--simulated", stdin=PASSWORD + "\n").code == 0
    assert agenthq("provider", "add", "--kind", "simulated", "--name", "Quick").code == 0
    command = [sys.executable, "-m", "appliance", "serve", "--port", str(free_port()), "--no-open", "--json"]
    with subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = "".join(iter(process.stdout.readline, "}\n")) + "}"
        yield json.loads(told)
        process.terminate()
        assert process.wait(15) == 0


def test_steps_are_shown_as_they_happen_until_the_task_has_ended(agenthq: Run, server: dict[str, object]) -> None:
    assert agenthq("agent", "create", "quinn", "--model", "Quick/simulated").code == 0

    done = agenthq(
        "task", "create", "Summarise the notes", "--to", "quinn", "--check", "file_exists=notes.md", "--wait"
    )
    assert done.code == 0, done.err
    assert "workspace.write   " in done.out
    assert "\n#1 is done. It cost $0.00" in done.out
    assert agenthq("task", "why", "1").out == "It is done. Nothing is open.\n"
    assert "task.finish" in agenthq("task", "logs", "1").out

    review = agenthq("task", "create", "Draft", "--to", "quinn", "--check", "human_ack=Is it kind?", "--wait", "--json")
    assert (review.code, review.json["state"]) == (0, "in_review")
    assert agenthq("task", "why", "2").out.endswith("Accept: agenthq task approve 2\n")
    assert agenthq("task", "approve", "2").out == "#2 is done.\n"

    failed = agenthq("task", "create", "Refused", "--to", "quinn", "--body", "sim: fail 401", "--wait")
    assert (failed.code, len(failed.lines)) == (1, 1)
    assert failed.lines[0].startswith("agenthq: #3 is blocked.")

    second = agenthq("serve", "--no-open")
    assert (second.code, len(second.lines)) == (75, 1)
    assert f"as process {server['pid']} at {server['link']}" in second.err
    assert "of it simulated" in agenthq("usage").out
