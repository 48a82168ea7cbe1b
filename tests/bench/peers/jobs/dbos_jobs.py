"""DBOS: `dbos_jobs.py POSTGRES-URL COUNT` hands out and watches, `… work` is the worker."""

import logging
import sys
import threading

import psycopg
from dbos import DBOS, DBOSClient, DBOSConfig
from watch import report

URL, WHAT = sys.argv[1:]
# The default look-out of one second would measure the pause; the worker takes as many as there are, as by default.
LOOK_S = 0.01
VERSION = "1"


@DBOS.workflow()
def nothing() -> None:
    pass


def work() -> None:
    config = DBOSConfig(name="jobs", system_database_url=URL, application_version=VERSION, log_level="ERROR")
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue("jobs", polling_interval_sec=LOOK_S)
    threading.Event().wait()


if WHAT == "work":
    work()
else:
    logging.disable(logging.WARNING)
    DBOS.migrate(URL)
    client = DBOSClient(system_database_url=URL)
    options = {"workflow_name": "nothing", "queue_name": "jobs"}
    with psycopg.connect(URL, autocommit=True) as watcher:
        open_jobs = "SELECT COUNT(*) FROM dbos.workflow_status WHERE status <> 'SUCCESS'"
        worker = [sys.executable, __file__, URL, "work"]
        report(int(WHAT), lambda: client.enqueue(options), worker, lambda: watcher.execute(open_jobs).fetchone()[0])
