"""The one way a notice leaves the box: taken from the outbox, put into words for its channel, sent, recorded."""

import logging
import threading
from collections.abc import Callable

from appliance import clock, letters, listening, redaction
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain.actor import Actor
from appliance.domain.notices import channels, outbox, rows
from appliance.domain.notices.channels import Channel
from appliance.domain.notices.kinds import EMAIL
from appliance.domain.notices.rows import Content, Notice
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.gateway.client import Gateway
from appliance.gateway.mail import Mail, Server
from appliance.gateway.notify import Posting, Undelivered, signed
from appliance.settings import Settings

GONE = "The channel is not there any more."
log = logging.getLogger(__name__)


class Post:
    """`link` gives the address that people open the box by; `server` is None where the box sends no e-mail."""

    def __init__(self, vault: Vault, gateway: Gateway, server: Server | None, link: Callable[[], str]) -> None:
        self._vault = vault
        self._gateway = gateway
        self._server = server
        self._link = link
        self.stopping = threading.Event()

    @property
    def email(self) -> bool:
        return self._server is not None

    @property
    def base(self) -> str:
        """The address that people open the box by."""
        return self._link()

    def write(self, letter: Mail) -> None:
        """Send a letter now, past the outbox: one that nobody waits for tomorrow. Raises Undelivered."""
        if self._server is None:
            raise Undelivered("The box sends no e-mail: smtp_host is not set.", closed=True)
        _mailed(self._server, letter)

    def send_due(self, db: Database, tenant: Tenant) -> int:
        """Send what is due; how many arrived. Where one finds its way closed, others that go there wait with it."""
        arrived, closed = 0, dict[str, str]()
        for waiting in outbox.due(db):
            if self.stopping.is_set():
                break
            if until := closed.get(waiting.channel):
                outbox.defer(db, waiting, until)
                continue
            if (held := outbox.take(db, waiting)) is None:
                continue
            try:
                outbox.sent(db, held, self._deliver(db, tenant, held))
                arrived += 1
            except Undelivered as failure:
                next_at = outbox.not_sent(db, held, str(failure), failure.again)
                log.warning("notice %s was not delivered: %s", held.id, failure)
                if failure.closed:
                    closed[waiting.channel] = next_at or clock.ahead(outbox.DELAYS_S[0])
        return arrived

    def test(self, db: Database, actor: Actor, tenant: Tenant, member: str, channel: str, target: str) -> Notice:
        """Send a notice that says so, now; the row with what came of it. It is not tried again."""
        content = Content(
            "This is a test", f"{actor.name} wanted to see whether notices arrive here.", path="/settings/notifications"
        )
        row = rows.draft("notice.test", "test", member, channel, target, content)
        db.insert("notices", row)
        held = outbox.take(db, rows.get(db, row["id"]))
        if held is None:
            return rows.get(db, row["id"])
        try:
            outbox.sent(db, held, self._deliver(db, tenant, held))
        except Undelivered as failure:
            outbox.not_sent(db, held, str(failure), again=False)
        return rows.get(db, held.id)

    @property
    def link(self) -> str:
        """The address that people open the box by."""
        return self._link()

    def mail(self, letter: Mail) -> str:
        """What the server said. Raises Undelivered."""
        if self._server is None:
            raise Undelivered("The box sends no e-mail: smtp_host is not set.", closed=True)
        return _mailed(self._server, letter)

    def hand_over(self, posting: Posting) -> str:
        """What the other side said. Raises Undelivered."""
        return self._gateway.post(posting)

    def _deliver(self, db: Database, tenant: Tenant, held: Notice) -> str:
        """What the other side said. Raises Undelivered."""
        base = f"{self._link()}/t/{tenant.slug}"
        if held.channel == EMAIL:
            return self.mail(letters.email(held, tenant.name, base))
        try:
            channel = channels.get(db, held.channel)
            secret = channels.opened(db, self._vault, channel.id)
        except Problem as problem:
            gone = problem.code == "not_found"
            raise Undelivered(GONE if gone else problem.detail, again=not gone) from None
        return self._gateway.post(_posting(held, channel, secret, tenant, base))


def _mailed(server: Server, letter: Mail) -> str:
    from appliance.gateway import smtp  # noqa: PLC0415  smtplib would make every start slower

    return smtp.send(server, letter)


def office(settings: Settings, catalogue: Catalogue, vault: Vault, gateway: Gateway) -> Post:
    """The post of this box, by its settings."""
    return Post(vault, gateway, server_of(settings), lambda: listening.own_link(settings, catalogue))


def server_of(settings: Settings) -> Server | None:
    """The mail server that the settings name; its password stays out of the log."""
    if not settings.smtp_host:
        return None
    redaction.remember(settings.smtp_password, "")
    sender = settings.smtp_from or f"agenthq@{settings.smtp_host}"
    security, user, password = settings.smtp_security, settings.smtp_user, settings.smtp_password
    return Server(settings.smtp_host, settings.smtp_port, security, user, password, sender)


def _posting(held: Notice, channel: Channel, secret: str, tenant: Tenant, base: str) -> Posting:
    if channel.kind == "ntfy":
        body = letters.ntfy(held, channel.topic, tenant.name, base)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})
        return Posting(channel.url, headers, body, channel.private)
    body = letters.webhook(held, tenant.slug, base)
    headers = {"Content-Type": "application/json"} | signed(secret, held.id, int(clock.now().timestamp()), body)
    return Posting(channel.url, headers, body, channel.private)
