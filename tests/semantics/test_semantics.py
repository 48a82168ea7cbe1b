"""Our engine does what the table says in every row; Temporal's test server does, where it is installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.semantics.ours import cancels, children, crashes, identity, replays, waits  # noqa: F401
from tests.semantics.ours.stage import SCENARIOS, Stage
from tests.semantics.table import ROWS, Row

ROOT = Path(__file__).resolve().parents[2]
PLAYED = [row for row in ROWS if not row.documented]


def name(row: Row) -> str:
    return row.name


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_our_outcome_is_what_the_table_says(stage: Stage, row: Row) -> None:
    assert SCENARIOS[row.name](stage) == row.ours


def test_every_scenario_is_one_row() -> None:
    assert sorted(SCENARIOS) == sorted(row.name for row in ROWS)


def test_every_difference_is_argued_and_nothing_else() -> None:
    assert [row.name for row in ROWS if bool(row.why) == row.same] == []


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Row to outcome, from a process of its own."""
    pytest.importorskip("temporalio", reason="make semantics installs Temporal's SDK and test server")
    target = tmp_path_factory.mktemp("temporal") / "outcomes.json"
    command = [sys.executable, "-m", "tests.semantics.temporal", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=290, check=False)
    assert target.exists(), done.stderr[-3000:]
    found: dict[str, str] = json.loads(target.read_text())
    return found


@pytest.mark.temporal
@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", PLAYED, ids=name)
def test_temporals_outcome_is_what_the_table_says(temporal: dict[str, str], row: Row) -> None:
    assert temporal[row.name] == row.temporal


@pytest.mark.temporal
@pytest.mark.timeout(300)
def test_every_scenario_of_temporal_is_one_row(temporal: dict[str, str]) -> None:
    assert sorted(temporal) == sorted(row.name for row in PLAYED)
