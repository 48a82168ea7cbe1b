"""How long `agenthq demo --pace fast` takes to let a month pass, from an empty folder to the last line of it."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from appliance import app, demo, settings
from tests.bench.figure import Figure


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder:
        given = settings.load({"data": str(Path(folder) / "data")}, {})
        with app.open_data(given) as catalogue, app.open_box(given, catalogue) as box:
            began, used = time.perf_counter(), time.process_time()
            demo.past(box, 7, lambda line: None)
            taken, used = time.perf_counter() - began, time.process_time() - used
            with demo.northwind_db(box) as db:
                runs = int(db.value("SELECT COUNT(*) AS n FROM runs"))
    yield Figure(f"a month of the demo, {runs:,} runs", taken, "s", 20)
    yield Figure("  processor time of it", used, "s")
