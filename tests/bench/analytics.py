"""A month of 1,000,000 calls: how long its figures take, how fast it is added up, compared and written to a file."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from appliance import app, clock, settings
from appliance.app import Box
from appliance.calls.elsewhere import Elsewhere
from appliance.db.database import Database
from appliance.domain import agents, providers, tasks, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.analytics import baselines, every_call, files, rollups, summaries, usage
from appliance.domain.task_forms import NewTask
from tests.bench.board import fill
from tests.bench.figure import Figure

CALLS = 1_000_000
TASKS = 20_000
AGENTS = 40
DAYS = 30
ASKED = 100


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as scratch:
        folder = Path(scratch)
        fill(folder, past)
        with opened(folder) as (box, db):
            start, worked = time.perf_counter(), time.process_time()
            done = rollups.roll_all(db)
            rate, alone = done / (time.perf_counter() - start), done / (time.process_time() - worked)
            yield Figure("calls added up in a second", rate, "/s", 10_000, at_least=True)
            yield Figure("the same in a second of processor time", alone, "/s")
            yield _compared(box, db)
            yield from asked("summary of 1,000,000 calls", lambda: summaries.summary(db, *month()), 60)
            yield from asked("their breakdown by model", lambda: usage.breakdown(db, "model", *month()), 60)
        yield from _exported(folder)


def month() -> tuple[str, str]:
    now = clock.now()
    return (now - timedelta(days=DAYS)).date().isoformat(), now.date().isoformat()


def asked(name: str, ask: Callable[[], object], limit: float) -> Iterator[Figure]:
    taken, worked = [], time.process_time()
    for _ in range(ASKED):
        start = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    # What others who load the machine do not change much.
    yield Figure(f"{name}, processor time", (time.process_time() - worked) * 1000 / ASKED, "ms")
    yield Figure(f"{name}, p50", statistics.median(taken), "ms")
    yield Figure(f"{name}, p95", taken[int(ASKED * 0.95)], "ms", limit)


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Box, Database]]:
    values = settings.load({"data": str(folder)}, env={})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
        with catalogue.control() as control:
            [tenant] = tenants.every(control)
        with catalogue.open(tenant.id) as db:
            yield box, db


def _compared(box: Box, db: Database) -> Figure:
    """Some slices tell the rate; all of them are compared, so that the summary has to read it all."""
    elsewhere, done = Elsewhere(box.calls.accounts), 0
    start = time.perf_counter()
    while count := baselines.compare(db, elsewhere):
        done += count
    rate = done / (time.perf_counter() - start)
    return Figure("calls compared with four models in a second", rate, "/s", 2_000, at_least=True)


def _exported(folder: Path) -> Iterator[Figure]:
    code = f"from pathlib import Path; from tests.bench import analytics; analytics.export(Path({str(folder)!r}))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    rows, seconds, grown = int(told[0]), float(told[1]), float(told[2])
    yield Figure("calls written to CSV in a second", rows / seconds, "/s", 5_000, at_least=True)
    yield Figure("memory that an export of 1,000,000 calls takes", grown, "MB", 60)


def export(folder: Path) -> None:
    """In a process of its own: rows, seconds and by how much its memory grew at most, in MB."""
    with opened(folder) as (_, db):
        before = _memory("VmRSS")
        start, lines = time.perf_counter(), 0
        for piece in files.encode("csv", every_call.COLUMNS, every_call.rows(db, *month())):
            lines += piece.count(b"\r\n")
        print(lines - 1, time.perf_counter() - start, (_memory("VmHWM") - before) / 1024)


def _memory(name: str) -> int:
    """In kB, of this process: getrusage would tell the most of whoever started it."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(name)))


def past(db: Database) -> None:
    """Agents with two models each, their tasks, and calls spread over the month."""
    for n in range(AGENTS):
        agents.create(db, SYSTEM, NewAgent(f"agent-{n}", f"Agent {n}", "Work.", "simulated"))
    for n in range(TASKS):
        tasks.create(db, SYSTEM, NewTask(f"Piece {n}", "", f"agent-{n % AGENTS}", start=False))
    now = clock.now()
    for sql in (_CALLS, _ATTEMPTS):
        given = {"count": CALLS, "tasks": TASKS, "provider": providers.all(db)[0].id}
        given |= {"first": (now - timedelta(days=DAYS)).timestamp(), "step": DAYS * 86_400 / CALLS}
        db.execute(sql, {name: value for name, value in given.items() if f":{name}" in sql})
    db.execute("UPDATE tasks SET state = 'done', finished_at = :now WHERE number % 2 = 0", {"now": clock.iso(now)})


_CALLS = """
INSERT INTO calls (id, task_id, agent_id, provider_id, model, state, failure_code, cost_nano, estimate_nano, simulated,
  attempts, input_total, cache_read, output_total, day, started_at, finished_at, surface, session_id, project,
  task_kind, cost_source, first_byte_ms, duration_ms)
WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < :count - 1),
timed (n, at, task) AS (
  SELECT n, strftime('%Y-%m-%dT%H:%M:%S', :first + n * :step, 'unixepoch'), 1 + (n / 50) % :tasks FROM counted)
SELECT printf('01890000-0000-7000-8000-%012x', n), t.id, t.agent_id, :provider,
  CASE WHEN n % 10 < 7 THEN 'sim-standard'
    ELSE CASE t.number % 3 WHEN 0 THEN 'sim-deep' WHEN 1 THEN 'sim-swift' ELSE 'simulated' END END,
  CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'ok' END, CASE WHEN n % 50 = 0 THEN 'provider_error' ELSE '' END,
  1000000 + n * 7919 % 9000000, 5000000, TRUE, 1, 2000 + n % 6000, n % 1500, 200 + n % 800,
  substr(at, 1, 10), printf('%s.000000Z', at), printf('%s.%06dZ', at, n % 1000000), 'agent', printf('s-%d', n / 200),
  printf('project-%d', t.number % 4), printf('kind-%d', t.number % 5), 'simulated', 100 + n % 900, 500 + n % 9000
FROM timed JOIN tasks t ON t.number = timed.task
"""
_ATTEMPTS = """
INSERT INTO attempts (id, call_id, n, provider_id, model_requested, model_reported, request_id, failure_code,
  failure_detail, input_total, cache_read, cache_write_5m, cache_write_1h, output_total, reasoning, cost_nano,
  cost_source, matched_model, price_version, input_nano_mtok, output_nano_mtok, cache_read_nano_mtok, first_byte_ms,
  duration_ms, started_at)
SELECT id, id, 1, provider_id, model, model, '', failure_code, '', input_total, cache_read, 0, 0, output_total, 0,
  cost_nano, cost_source, model, 'simulated', 3000000000, 15000000000, 300000000, first_byte_ms, duration_ms, started_at
FROM calls
"""
