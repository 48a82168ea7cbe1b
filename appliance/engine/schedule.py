"""All periodic work on one screen. APScheduler is the clock; the work itself lives elsewhere."""

import logging
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from appliance import clock

log = logging.getLogger(__name__)


class Clockwork:
    def __init__(
        self,
        sweep: Callable[[], None],
        tidy: Callable[[], None],
        tick: Callable[[], None] | None = None,
        post: Callable[[], None] | None = None,
        tally: Callable[[], None] | None = None,
        chores: Callable[[], None] | None = None,
    ) -> None:
        self._scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"max_instances": 1, "coalesce": True})
        self._scheduler.add_job(guarded(sweep), IntervalTrigger(seconds=1), id="sweep")
        self._scheduler.add_job(guarded(tidy), IntervalTrigger(hours=1), id="tidy")
        if tick:
            # Calendars name full seconds: looked at right then, what is due starts at once.
            full = clock.now().replace(microsecond=0)
            self._scheduler.add_job(guarded(tick), IntervalTrigger(seconds=1, start_date=full), id="tick")

        if post:
            self._scheduler.add_job(guarded(post), IntervalTrigger(seconds=1), id="post")

        if tally:
            self._scheduler.add_job(guarded(tally), IntervalTrigger(seconds=30), id="tally")

        if chores:
            self._scheduler.add_job(guarded(chores), IntervalTrigger(minutes=1), id="chores")

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)


def guarded(work: Callable[[], object]) -> Callable[[], None]:
    """One failing tick must not end the ticking."""

    def tick() -> None:
        try:
            work()
        except Exception:  # the tick border
            log.exception("periodic work failed")

    return tick
