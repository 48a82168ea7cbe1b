"""Celery: `celery_jobs.py REDIS-URL COUNT`. Acknowledged after the work, so a killed worker loses nothing."""

import os
import sys

import redis
from celery import Celery
from watch import report

URL = os.environ.setdefault("JOBS_URL", sys.argv[1] if len(sys.argv) > 2 else "")
app = Celery("celery_jobs", broker=URL)
app.conf.update(task_acks_late=True, task_ignore_result=True, worker_hijack_root_logger=False)


@app.task
def nothing() -> None:
    pass


if __name__ == "__main__":
    broker = redis.Redis.from_url(URL)
    worker = [sys.executable, "-m", "celery", "-A", "celery_jobs", "worker", "-c", "2", "-l", "ERROR"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    report(int(sys.argv[2]), nothing.delay, worker, lambda: broker.llen("celery") + broker.hlen("unacked"))
