"""Schemathesis over the OpenAPI document of a running box: nothing breaks, and every refusal is a problem."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from appliance.domain import box_keys, keys, members, users
from appliance.domain.actor import SYSTEM
from appliance.domain.box_keys import NewBoxKey
from appliance.domain.key_forms import NewKey
from tests.bench.scene import opened, staffed
from tests.crash.server import serving
from tests.postgres import free_port
from tests.smoke.server import get
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
SECONDS, EXAMPLES, SEED = 120, 3, 1
# Streams that end when the reader goes, and what would end the key that asks.
LEFT_OUT = r"/(stream|events|live)\b|/keys/\{"
# Whose key asks, what it asks for, for how many seconds, and how many examples of each.
ROUNDS = {
    "an owner": (("--exclude-path-regex", LEFT_OUT), SECONDS, EXAMPLES),
    "a key of the box": (("--include-path-regex", "^/api/v1/box/", "--exclude-path-regex", LEFT_OUT), 60, 20),
}
pytestmark = [pytest.mark.outside, pytest.mark.timeout(SECONDS + 120)]


def _key(folder: Path, whose: str) -> str:
    with opened(folder) as box, staffed(box, "fuzzed") as here, box.catalogue.control() as control:
        user = users.create(control, SYSTEM, "owner@fuzzed.test", "Owner", "correct horse battery")
        member = members.join(control, SYSTEM, here.tenant.id, user.id, "owner")
        if whose == "a key of the box":
            return box_keys.create(control, member.actor, NewBoxKey("fuzz")).secret
        return keys.create(control, member.actor, here.tenant.id, NewKey("fuzz", role="owner")).secret


def _answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/livez")[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("whose", ROUNDS)
def test_no_request_breaks_the_server_and_every_refusal_is_a_problem(tmp_path: Path, whose: str) -> None:
    folder, port = tmp_path / "data", free_port()
    secret = _key(folder, whose)
    paths, seconds, examples = ROUNDS[whose]
    with serving(folder, port) as server:
        until(lambda: _answers(port), 60)
        done = subprocess.run(
            [
                *("schemathesis", "run", f"http://127.0.0.1:{port}/api/schema/openapi.json", "--no-color"),
                *("--header", f"Authorization: Bearer {secret}", "--seed", str(SEED), "--max-time", str(seconds)),
                *("--max-examples", str(examples), "--phases", "fuzzing", "--no-shrink", "--continue-on-failure"),
                *("--checks", "not_a_server_error,refusals_are_problems", *paths),
                *("--request-timeout", "30", "--generation-database", "none", "--warnings", "off"),
                *(
                    "--suppress-health-check",
                    "all",
                    "--report",
                    "json",
                    "--report-json-path",
                    str(tmp_path / "told.json"),
                ),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert _answers(port)
        server.stop()
    told = done.stdout[-6000:] + done.stderr[-2000:]
    assert done.returncode == 0, f"{told}\n{server.log[-4000:]}"
    assert json.loads((tmp_path / "told.json").read_text())
    assert "Traceback" not in server.log
