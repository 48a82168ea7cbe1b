"""Notices, channels, absences and answers of every shape from a terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.cli.desk import CLI, Desk
from appliance.domain import agents, answers, approvals, questions, tasks
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.approvals import Approval, Option
from appliance.domain.notices import outbox, rows
from appliance.domain.notices.rows import Content
from appliance.domain.questions import Question
from appliance.domain.task_forms import NewTask
from tests.cli.conftest import Run
from tests.sinks import MailSink, WebSink, mail_sink, web_sink

FRUIT = [Option("apple", "An apple"), Option("pear", "A pear")]


@pytest.fixture
def desk(agenthq: Run, box: Path) -> Iterator[Desk]:
    made = Desk({})
    yield made
    made.close()


@pytest.fixture
def web() -> Iterator[WebSink]:
    with web_sink() as sink:
        yield sink


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailSink]:
    with mail_sink() as sink:
        monkeypatch.setenv("AGENTHQ_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("AGENTHQ_SMTP_PORT", str(sink.port))
        monkeypatch.setenv("AGENTHQ_SMTP_SECURITY", "none")
        yield sink


def asked(desk: Desk, question: Question) -> Approval:
    with desk.room(None) as room:
        agent = agents.create(room.db, CLI, NewAgent("mara", "Mara", "Write.", "simulated"))
        task = tasks.create(room.db, CLI, NewTask("Write to Bob"))
        with room.db.transaction():
            actor = Actor("agent", agent.id, "Mara", "operator")
            made = questions.ask(room.db, actor, question, task_id=task.id, agent_id=agent.id)
    desk.close()
    return made


def answered(approval_id: str) -> dict[str, object]:
    desk = Desk({})
    with desk.room(None) as room:
        found = answers.answer(approvals.get(room.db, approval_id))
    desk.close()
    return found


@pytest.mark.parametrize(
    ("question", "words", "read"),
    [
        (Question("Which?", "checklist", options=FRUIT), ["--option", "pear"], {"options": ["pear"]}),
        (Question("Which?", "choice", options=FRUIT), ["--option", "apple"], {"option": "apple"}),
        (Question("Shall I?", "plan", items=["Read"]), [], {"plan": "confirmed", "items": ["Read"]}),
        (Question("Shall I?", "plan", items=["Read"]), ["--item", "Sleep"], {"plan": "changed", "items": ["Sleep"]}),
        (Question("What?"), ["--note", "This."], {"text": "This."}),
    ],
)
def test_a_question_is_answered_in_its_shape(
    agenthq: Run, desk: Desk, question: Question, words: list[str], read: dict[str, object]
) -> None:
    short = asked(desk, question).id
    done = agenthq("approval", "answer", short[-8:], *words)
    assert (done.code, done.err) == (0, "")
    assert answered(short) == read


def test_only_a_checklist_takes_several(agenthq: Run, desk: Desk) -> None:
    made = asked(desk, Question("Which?", "choice", options=FRUIT))
    refused = agenthq("approval", "answer", made.id, "--option", "apple", "--option", "pear")
    assert (refused.code, refused.lines) == (2, ["agenthq: Only a checklist takes more than one --option."])


def test_somebody_is_made_responsible(agenthq: Run, desk: Desk) -> None:
    made = asked(desk, Question("What?"))
    assert agenthq("approval", "assign", made.id[-8:], "alice@acme.test").out == "What?: for Alice.\n"
    assert agenthq("approval", "assign", made.id, "eve@evil.test").code == 1


def test_channels_are_added_tested_and_removed(agenthq: Run, box: Path, web: WebSink, tmp_path: Path) -> None:
    assert agenthq("notice", "channels").out == "There is no channel yet.\n"
    made = agenthq("notice", "add", "webhook", web.url, "--hears", "failures", "--json").json
    assert made["secret"].startswith("whsec_") and made["channel"]["kinds"] == ["failures"]
    short = made["channel"]["id"][-8:]
    assert agenthq("notice", "test", short).out == "A test went to 127.0.0.1. Answered 200.\n"
    web.statuses = [500]
    failed = agenthq("notice", "test", short)
    assert (failed.code, failed.out) == (1, "The test did not arrive: Answered 500: ok\n")
    token = tmp_path / "token"
    token.write_text("tk_secret_123456\n")
    added = agenthq("notice", "add", "ntfy", web.url, "--topic", "acme", "--secret-file", str(token)).out
    assert added == "ntfy acme was added.\n"
    assert agenthq("notice", "remove", short).out == "127.0.0.1 was removed.\n"
    assert len(agenthq("notice", "channels", "--json").json["items"]) == 1
    assert agenthq("notice", "add", "ntfy", "ftp://x").code == 2


def test_a_test_goes_to_a_member_by_mail(agenthq: Run, box: Path, mailbox: MailSink) -> None:
    done = agenthq("notice", "test", "alice@acme.test")
    assert done.out == "A test went to alice@acme.test. Taken by 127.0.0.1.\n"
    assert mailbox.got[0]["Subject"] == "[Acme] This is a test"


def test_without_a_mail_server_a_test_says_so(agenthq: Run, box: Path) -> None:
    done = agenthq("notice", "test", "alice@acme.test")
    assert (done.code, done.out) == (1, "The test did not arrive: The box sends no e-mail: smtp_host is not set.\n")


def test_what_was_given_up_is_listed_and_sent_again(agenthq: Run, desk: Desk) -> None:
    with desk.room(None) as room:
        room.db.insert("notices", rows.draft("x", "mine", "m", "email", "alice@acme.test", Content("Look")))
        taken = outbox.take(room.db, outbox.due(room.db)[0])
        assert taken
        outbox.not_sent(room.db, taken, "Nobody answered.", again=False)
    desk.close()
    short = taken.id[-8:]
    assert f"{short}  failed  Look  alice@acme.test" in agenthq("notice", "list", "--state", "failed").out
    assert agenthq("notice", "retry", short).out == "Look: queued again.\n"
    again = agenthq("notice", "retry", taken.id)
    assert (again.code, again.lines) == (1, ["agenthq: Only what failed or is in doubt; this one is queued."])
    assert agenthq("notice", "list", "--json").json["items"][0]["state"] == "queued"


def test_what_a_member_hears_of_is_shown_and_changed(agenthq: Run, box: Path) -> None:
    assert "mine (email), failures (email), budget (email)" in agenthq("member", "notify", "alice@acme.test").out
    words = ("--hear", "digest", "--quiet", "22:00-07:00", "--zone", "Europe/Berlin", "--urgent")
    said = agenthq("member", "notify", "alice@acme.test", *words, "--json").json
    assert (said["kinds"]["digest"], said["kinds"]["mine"], said["urgent"]) == (["email"], [], True)
    assert said["quiet"]["ends"] == "07:00"
    assert agenthq("member", "notify", "alice@acme.test", "--quiet", "off", "--json").json["quiet"] is None
    assert agenthq("member", "notify", "alice@acme.test", "--quiet", "late").code == 2


def test_a_member_is_away_and_back(agenthq: Run, box: Path) -> None:
    done = agenthq("member", "away", "alice@acme.test", "--until", "2099-01-31")
    assert done.out == "Alice is away until 2099-01-31 00:00 UTC.\n"
    assert agenthq("member", "away", "alice@acme.test", "--until", "soon").code == 2
    assert agenthq("member", "away", "alice@acme.test", "--back").out == "Alice is back.\n"
