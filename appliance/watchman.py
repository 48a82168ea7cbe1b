"""Looks after the box beside all of its parts: raises alerts, clears them, and has them sent.

Not on the scheduler's clock: one of its alerts is that the scheduler is silent.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance import alarm_letters, clock
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import alert_channels, alert_letters, alert_rules, alert_tenant_rules, alerts
from appliance.domain.alert_channels import AlertChannel
from appliance.domain.alert_letters import Letter
from appliance.domain.alerts import Alert, Fault
from appliance.domain.tenants import Tenant
from appliance.doors import Doors
from appliance.errors import Problem
from appliance.gateway.notify import Posting, Undelivered, signed
from appliance.post import Post

LOOK_S = 30.0
SEND_S = 2.0
PRUNE_S = 3600.0
log = logging.getLogger(__name__)


class Watchman:
    """Of all the processes on the same data the leader looks and sends; `certificate_ends` is asked at each look."""

    def __init__(
        self,
        catalogue: Catalogue,
        vault: Vault,
        post: Post,
        certificate_ends: Callable[[], str | None],
        doors: Doors,
    ) -> None:
        self._catalogue = catalogue
        self._vault = vault
        self._post = post
        self._certificate_ends = certificate_ends
        self._doors = doors
        self._leader = catalogue.leader("watch")
        self._looked_at = self._pruned_at = 0.0
        # What was found in tenants that the sweep had open since the last look.
        self._passed: dict[str, list[Fault]] = {}
        doors.along("alerts", self._pass_by, self._leader.leads)
        self.stopping = threading.Event()

    def round(self) -> None:
        """One look when it is time for one, and the letters that are due."""
        if not self._leader.leads():
            return
        now = clock.monotonic()
        if not self._looked_at or now - self._looked_at >= LOOK_S:
            self._looked_at = now
            passed, self._passed = self._passed, {}
            # As long as a tenant took, others have the processor.
            alert_rules.watch(self._catalogue, self._certificate_ends(), self.stopping.wait, self._worth_a_look, passed)
            if self.stopping.is_set():
                return
        with self._catalogue.control() as control:
            send_due(control, self._vault, self._post)
            if now - self._pruned_at >= PRUNE_S:
                self._pruned_at = now
                alerts.prune(control)

    def _pass_by(self, db: Database, tenant: Tenant) -> None:
        self._passed[tenant.id] = list(alert_tenant_rules.faults(db, tenant))

    def _worth_a_look(self, alerted: set[str]) -> list[Tenant]:
        return self._doors.awake("alerts", alerted)

    def stop(self) -> None:
        self._leader.resign()


@contextmanager
def on_duty(watchman: Watchman) -> Iterator[None]:
    """Rounds in a thread of their own, until the block ends."""
    thread = threading.Thread(target=_walk, args=(watchman,), name="watchman", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watchman.stopping.set()
        thread.join()
        watchman.stop()


def _walk(watchman: Watchman) -> None:
    while not watchman.stopping.wait(SEND_S):
        try:
            watchman.round()
        except (Problem, OSError) as error:
            log.warning("a look at the box failed: %s", error)


def send_due(control: Database, vault: Vault, post: Post) -> int:
    """Send the letters that are due; how many arrived."""
    arrived = 0
    for waiting in alert_letters.due(control):
        if (held := alert_letters.take(control, waiting)) is not None:
            arrived += _send(control, vault, post, held).state == "sent"
    return arrived


def test(control: Database, vault: Vault, post: Post, channel_id: str) -> Letter:
    """Send a letter that says that it is a test, now; what came of it. Raises Problem(not_found)."""
    channel = alert_channels.get(control, channel_id)
    held = alert_letters.take(control, alert_letters.test(control, channel.id))
    assert held is not None
    return _send(control, vault, post, held, again=False)


def _send(control: Database, vault: Vault, post: Post, held: Letter, again: bool = True) -> Letter:
    try:
        channel = alert_channels.get(control, held.channel_id)
        secret = alert_channels.opened(control, vault, channel.id)
        said = _deliver(post, held, alert_letters.about(control, held), channel, secret)
        alert_letters.sent(control, held, said)
    except Undelivered as failure:
        alert_letters.not_sent(control, held, str(failure), again and failure.again)
        log.warning("an alert was not delivered: %s", failure)
    except Problem as problem:
        alert_letters.not_sent(control, held, problem.detail, again=False)
    return alert_letters.get(control, held.id)


def _deliver(post: Post, held: Letter, alert: Alert, channel: AlertChannel, secret: str) -> str:
    """What the other side said. Raises Undelivered."""
    link = post.link
    if channel.kind == "email":
        return post.mail(alarm_letters.email(held, alert, channel.url, link))
    headers = {"Content-Type": "application/json"}
    if channel.kind == "ntfy":
        body = alarm_letters.ntfy(held, alert, channel, link)
        headers |= {"Authorization": f"Bearer {secret}"} if secret else {}
    else:
        body = alarm_letters.webhook(held, alert, link)
        headers |= signed(secret, held.id, int(clock.now().timestamp()), body)
    # The owner of the box may name a receiver of the own network.
    return post.hand_over(Posting(channel.url, headers, body, private=True))
