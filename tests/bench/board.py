"""The board of 10,000 tasks, asked for over HTTP from a real server process as a signed-in person."""

import http.client
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance import app, children, clock, settings
from appliance.db.database import Database
from appliance.domain import agents, links, members, samples, tasks, tenants, users
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import STATES
from tests.bench.figure import Figure
from tests.postgres import free_port
from tests.smoke.server import get

TASKS = 10_000
ASKED = 200


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder:
        token, port = fill(Path(folder), _work), free_port()
        server = children.start([*children.ourselves(), "serve", "--no-open", "--port", str(port), "--data", folder])
        try:
            until_up(port)
            cookie = sign_in(port, token)
            times = sorted(first_byte(port, cookie, "board") for _ in range(ASKED))
        finally:
            server.terminate()
            server.communicate(timeout=20)
    yield Figure("board of 10,000 tasks, first byte, p50", statistics.median(times) * 1000, "ms", 50)
    yield Figure("board of 10,000 tasks, first byte, p95", times[int(ASKED * 0.95)] * 1000, "ms", 50)


def fill(folder: Path, work: Callable[[Database], None]) -> str:
    """A box whose tenant `bench` has what `work` makes in it; the token of its owner."""
    values = settings.load({"data": str(folder)}, env={})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
        with catalogue.control() as control:
            tenant = tenants.create(catalogue, control, box.vault, "bench", "Bench")
            owner = users.create(control, SYSTEM, "ada@bench.example", "Ada", "a long enough password")
            members.join(control, SYSTEM, tenant.id, owner.id, "owner")
            token = links.new(control, SYSTEM, owner.id, 1)
        with catalogue.open(tenant.id) as db, db.transaction():
            samples.add_simulated(db, SYSTEM, box.vault)
            work(db)
    return token


def _work(db: Database) -> None:
    for n in range(6):
        agents.create(db, SYSTEM, NewAgent(f"agent-{n}", f"Agent {n}", "Work.", "simulated"))
    for n in range(TASKS):
        new = NewTask(f"Piece of work number {n}", "", f"agent-{n % 6}", start=False, labels=["bench"])
        made = tasks.create(db, SYSTEM, new)
        db.update("tasks", {"id": made.id}, state=STATES[n % len(STATES)])


def until_up(port: int) -> None:
    until = clock.monotonic() + 20
    while clock.monotonic() < until:
        try:
            return get(f"http://127.0.0.1:{port}/livez") and None
        except OSError:
            time.sleep(0.05)


def sign_in(port: int, token: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", f"/enter/{token}")
    cookie = connection.getresponse().getheader("set-cookie") or ""
    connection.close()
    return cookie.partition(";")[0]


def first_byte(port: int, cookie: str, path: str) -> float:
    """Seconds until the page begins to come."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.connect()
    start = time.perf_counter()
    connection.request("GET", f"/t/bench/{path}", headers={"Cookie": cookie, "Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    answer.read(1)
    taken = time.perf_counter() - start
    assert answer.status == 200, f"{path} answered {answer.status}"
    connection.close()
    return taken
