"""kill -9 around the sending of a notice: nothing is lost, and what arrives twice has the same name."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.db.tenants import open_catalogue
from appliance.domain.notices import channels, lists, outbox, rows
from appliance.domain.notices.channels import NewChannel
from appliance.domain.notices.rows import Content
from tests.sinks import MailSink, WebSink, mail_sink, web_sink
from tests.world import vault_of, write_play

pytestmark = pytest.mark.crash
ROOT = Path(__file__).resolve().parents[2]


class Office(NamedTuple):
    """A notice by mail and one by webhook wait to be sent."""

    folder: Path
    tenant: str
    mail: MailSink
    web: WebSink

    def send(self, where: str = "", seconds: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.crash.mailing", str(self.folder), str(self.mail.port)]
        command += ["https://hq.test", str(seconds), *([where] if where else [])]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)

    def states(self) -> list[str]:
        catalogue = open_catalogue(self.folder)
        with catalogue.open(self.tenant) as db:
            found = [one.state for one in lists.listing(db).items]
        catalogue.close()
        return sorted(found)

    def names(self) -> tuple[list[str], list[str]]:
        return [got["Message-ID"] for got in self.mail.got], [got.headers["webhook-id"] for got in self.web.got]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with mail_sink() as mail, web_sink() as web:
        (tmp_path / "data").mkdir()
        catalogue = open_catalogue(tmp_path / "data")
        play = write_play(catalogue)
        tenant, alice = play.tenants["acme"], play.parts["Alice"].member
        with catalogue.open(tenant.id) as db:
            new = NewChannel("webhook", web.url)
            made = channels.add(db, alice.actor, vault_of(catalogue), channels.TENANT, new).channel
            told = Content("Look", path="/inbox")
            db.insert("notices", rows.draft("x", "mine", alice.id, "email", alice.email, told))
            db.insert("notices", rows.draft("x", "decisions", "", made.id, made.name, told))
        catalogue.close()
        yield Office(tmp_path / "data", tenant.id, mail, web)


@pytest.mark.parametrize(("where", "mails"), [("taken", 1), ("sent", 2), ("recorded", 1)])
def test_a_killed_sender_loses_nothing_and_names_it_the_same(office: Office, where: str, mails: int) -> None:
    killed = office.send(where)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    # At once only what nobody had taken goes; what was taken waits until its lease is over.
    assert office.send().stdout.strip() == "1"
    last = office.send(seconds=outbox.LEASE_S + 1)
    assert last.returncode == 0, last.stderr
    assert office.states() == ["sent", "sent"]
    ids, hooks = office.names()
    assert (len(ids), len(set(ids)), len(hooks)) == (mails, 1, 1)
