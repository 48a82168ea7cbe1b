"""procrastinate: `procrastinate_jobs.py POSTGRES-URL COUNT` hands out and watches, `… work` is the worker."""

import sys

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from watch import report

URL, WHAT = sys.argv[1:]
app = App(connector=PsycopgConnector(conninfo=URL) if WHAT == "work" else SyncPsycopgConnector(conninfo=URL))


@app.task(name="nothing")
async def nothing() -> None:
    pass


if WHAT == "work":
    app.run_worker(concurrency=20)
else:
    with app.open(), psycopg.connect(URL, autocommit=True) as watcher:
        app.schema_manager.apply_schema()
        open_jobs = "SELECT COUNT(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        worker = [sys.executable, __file__, URL, "work"]
        report(int(WHAT), nothing.defer, worker, lambda: watcher.execute(open_jobs).fetchone()[0])
