"""What the verbs of the nouns print, and the shapes that scripts rely on."""

import contextlib
import re
from pathlib import Path

import pytest

from appliance.cli import show
from appliance.cli.check_options import parse_check
from appliance.db.tenants import open_catalogue
from appliance.domain.checks import NewCheck
from appliance.errors import Problem
from tests.cli.conftest import PASSWORD, Run


@pytest.fixture
def team(agenthq: Run, box: Path) -> Run:
    """A box with a simulated account and agent Mara."""
    assert agenthq("provider", "add", "--tenant", "acme", "--kind", "simulated", "--name", "Sim").code == 0
    assert agenthq("agent", "create", "mara", "--name", "Mara Quill", "--model", "simulated").code == 0
    return agenthq


def test_a_key_is_shown_once_in_the_shape_scripts_rely_on(agenthq: Run, box: Path) -> None:
    made = agenthq("key", "create", "--tenant", "acme", "--role", "operator", "--json").json
    assert re.fullmatch(r"ahq_[\w-]{43}", made["secret"])
    listed = agenthq("key", "list", "--json").json["items"]
    assert [(key["id"], key["role"], key["state"]) for key in listed] == [(made["id"], "operator", "active")]
    assert "secret" not in listed[0]
    assert agenthq("key", "revoke", made["id"]).code == 0
    assert agenthq("key", "list", "--json").json["items"][0]["state"] == "revoked"


def test_a_tenant_need_not_be_named_while_there_is_one(agenthq: Run, box: Path) -> None:
    assert agenthq("agent", "list").code == 0
    assert agenthq("tenant", "create", "globex").code == 0
    done = agenthq("agent", "list")
    assert (done.code, done.lines) == (2, ["agenthq: Say which tenant with --tenant: acme, globex."])
    assert agenthq("agent", "list", "--tenant", "globex").code == 0
    assert agenthq("agent", "list", "--tenant", "initech").lines == ["agenthq: There is no such tenant."]


def test_people_get_roles_and_lose_them(agenthq: Run, box: Path) -> None:
    assert agenthq("member", "add", "bob@acme.test", "--role", "viewer", "--password-stdin", stdin=PASSWORD).code == 0
    assert agenthq("member", "role", "bob@acme.test", "admin").out == "bob@acme.test is admin in acme.\n"
    assert agenthq("user", "reset-password", "bob@acme.test", "--password-stdin", stdin=PASSWORD + "2").code == 0
    assert [m["role"] for m in agenthq("member", "list", "--json").json["items"]] == ["owner", "admin"]
    assert agenthq("member", "remove", "bob@acme.test").code == 0
    assert agenthq("user", "disable", "bob@acme.test").code == 0
    assert "bob@acme.test" in agenthq("user", "list").out
    last = agenthq("member", "remove", "alice@acme.test")
    assert (last.code, last.lines) == (1, ["agenthq: This is the last owner. Make somebody else owner first."])


def test_a_providers_key_comes_from_standard_input_and_is_not_shown(agenthq: Run, box: Path) -> None:
    secret = "sk-canary-0123456789"
    args = ("provider", "add", "--kind", "openai", "--name", "OpenAI", "--price", "gpt-x=1.25/10", "--key-stdin")
    made = agenthq(*args, "--json", stdin=secret + "\n")
    assert (made.code, made.json["secret_hint"], made.json["base_url"]) == (0, "6789", "https://api.openai.com/v1")
    assert made.json["prices"]["gpt-x"]["output_usd_per_mtok"] == 10
    assert secret not in made.out + agenthq("provider", "list", "--json").out
    assert not [file for file in box.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]


def test_a_failing_provider_test_is_told_with_what_to_do(agenthq: Run, box: Path) -> None:
    url = "http://127.0.0.1:9"
    agenthq("provider", "add", "--kind", "openai-compatible", "--name", "Gone", "--base-url", url)
    done = agenthq("provider", "test", "Gone")
    assert (done.code, len(done.lines)) == (1, 1)
    assert done.lines[0].startswith("agenthq: Gone: The provider can't be reached. It is tried again.")
    assert "failed" in agenthq("provider", "list").out


def test_tasks_are_created_listed_and_explained(team: Run) -> None:
    created = team("task", "create", "Write notes", "--to", "mara", "--check", "file_exists=notes.md", "--label", "x")
    assert created.out.startswith("#1 Write notes: todo. No server works on ")
    assert team("task", "create", "Later").out == "#2 Later: backlog.\n"
    found = team("task", "list", "--json").json["items"]
    assert [(t["number"], t["assignee"], t["cost_nano"], t["cost_usd"]) for t in found] == [
        (2, None, 0, "0"),
        (1, "mara", 0, "0"),
    ]
    shown = team("task", "show", "1", "--json").json
    assert [(c["kind"], c["spec"]) for c in shown["checks"]] == [("file_exists", {"path": "notes.md"})]
    assert team("task", "why", "1").out == "It is next and starts as soon as a worker is free.\n"
    assert team("task", "cancel", "1").out == "#1 is cancelled.\n"
    assert team("task", "run", "1").lines == ["agenthq: The task is cancelled. Reopen it first."]


def test_a_check_is_waived_with_a_reason(team: Run) -> None:
    slow = ["command_exit_0=make test", "url_200=http://localhost:3000/", "reviewer_agent@noor=Is it plain?"]
    assert team("agent", "create", "noor", "--model", "simulated").code == 0
    made = team("task", "create", "Write notes", "--to", "mara", *[word for one in slow for word in ("--check", one)])
    assert made.code == 0
    assert team("task", "waive", "1", "2", "--reason", "No server").out == (
        "Waived: http://localhost:3000/ answers 200.\n"
    )
    shown = team("task", "show", "1")
    assert "waived  No server" in shown.out
    assert "noor finds: Is it plain?" in shown.out
    assert team("task", "waive", "1", "9", "--reason", "x").lines == ["agenthq: There is no such check of this task."]


def test_hosts_are_allowed_listed_and_refused(team: Run) -> None:
    assert team("host", "list").out == "No host is allowed yet.\n"
    assert team("host", "allow", "localhost:3000").out == "localhost:3000\n"
    assert team("host", "allow", "--private", "wiki.example.com").out == "localhost:3000\nprivate wiki.example.com\n"
    assert team("host", "refuse", "localhost:3000").out == "private wiki.example.com\n"
    assert team("host", "allow", "http://x/").lines[0].startswith("agenthq: host: give a host such as example.com")


def test_waiting_without_a_server_is_refused_before_anything_is_written(team: Run) -> None:
    done = team("task", "create", "Write notes", "--to", "mara", "--wait")
    assert (done.code, len(done.lines)) == (69, 1)
    assert "Start one first: agenthq serve" in done.err
    assert team("task", "list", "--json").json["items"] == []


def test_tables_line_up(team: Run) -> None:
    team("task", "create", "Write notes")
    team("task", "create", "Naïve 東京 plan", "--no-start", "--to", "mara")
    text = re.sub(r"\d+\.\d s ago|now", "AGE", team("task", "list").out)
    assert text == (
        "#  state    title            assignee   cost  changed\n"
        "2  todo     Naïve 東京 plan  mara      $0.00  AGE\n"
        "1  backlog  Write notes                $0.00  AGE\n"
    )


def test_a_budget_is_raised_for_once_and_a_slip_of_the_hand_is_asked_about(team: Run) -> None:
    assert team("budget", "set", "25").code == 0
    assert team("budget", "raise", "5", "--json").json["allowed_usd"] == "30"
    assert team("budget", "list", "--json").json["items"][0]["limit_usd"] == "25"
    slip = team("budget", "set", "25000")
    assert slip.code == 2 and "is more than $10,000.00" in slip.lines[0]
    assert team("budget", "set", "25000", "--confirm").code == 0
    assert team("budget", "raise", "3", "--span", "day").lines == ["agenthq: There is no such budget."]


def test_budgets_are_set_listed_and_removed(team: Run) -> None:
    assert team("budget", "set", "25").code == 0
    assert team("budget", "set", "2.50", "--span", "day", "--scope", "agent", "--of", "mara").code == 0
    assert team("budget", "list").out == (
        "budget      span    limit  spent   held    left\n"
        "tenant      month  $25.00  $0.00  $0.00  $25.00\n"
        "Mara Quill  day     $2.50  $0.00  $0.00   $2.50\n"
    )
    assert team("budget", "set", "none", "--span", "day", "--scope", "agent", "--of", "mara").code == 0
    assert [b["limit_usd"] for b in team("budget", "list", "--json").json["items"]] == ["25"]
    assert team("budget", "set", "none", "--span", "day").lines == ["agenthq: There is no such budget."]
    assert team("budget", "set", "lots").lines == [
        "agenthq: limit_usd: give an amount in US dollars, for example 12.50"
    ]


def test_usage_of_a_quiet_month(team: Run) -> None:
    assert team("usage").out.endswith("No call in this time.\n")
    assert team("usage", "rebuild").out == "0 calls are added up anew.\n"
    assert team("usage", "--csv").out.startswith("id,run_id,step_key,")
    assert team("usage", "--from", "yesterday").lines == ["agenthq: from: give a day as YYYY-MM-DD"]


def test_an_agent_is_paused_and_resumed(team: Run) -> None:
    assert team("agent", "pause", "mara").out == "Mara Quill is paused; 0 running, 0 queued.\n"
    assert team("agent", "resume", "mara", "--json").json["status"] == "idle"
    assert "Do what the task asks." in team("agent", "show", "mara").out


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("contains=Summary", NewCheck("contains", {"text": "Summary"})),
        ("contains@notes.md=a=b", NewCheck("contains", {"text": "a=b", "file": "notes.md"})),
        ("file_exists=notes.md", NewCheck("file_exists", {"path": "notes.md"})),
        ("human_ack", NewCheck("human_ack", {})),
        ("human_ack=Is it kind?", NewCheck("human_ack", {"question": "Is it kind?"})),
        ('json_schema={"type": "object"}', NewCheck("json_schema", {"schema": {"type": "object"}})),
    ],
)
def test_checks_are_written_as_kind_and_value(text: str, check: NewCheck) -> None:
    assert parse_check(text) == check


@pytest.mark.parametrize("text", ["contain=x", "json_schema={", "=x"])
def test_a_check_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        parse_check(text)
    assert refused.value.code == "usage"


@pytest.mark.parametrize(
    ("nano", "text"),
    [(0, "$0.00"), (50_000, "<$0.0001"), (9_300_000, "$0.0093"), (12_345_000_000, "$12.35"), (None, "unpriced")],
)
def test_money_shows_as_many_places_as_it_needs(nano: int | None, text: str) -> None:
    assert show.money(nano) == text


def test_what_a_model_wrote_cannot_steer_the_terminal() -> None:
    assert show.plain("a\x1b[2J\x07b\nc\u202ed") == "a[2Jb cd"


def test_runs_are_listed_by_state_and_agent(team: Run) -> None:
    team("task", "create", "Summarise the notes", "--to", "mara")
    (run,) = team("run", "list", "--state", "ready", "--agent", "mara", "--json").json["items"]
    assert (run["task_number"], run["attempt"], run["cost_usd"]) == (1, 1, "0")
    assert "Summarise the notes" in team("run", "list").out
    assert team("run", "list", "--state", "failed").out == "There is no such run.\n"
    assert team("run", "list", "--agent", "nobody").code == 1


def test_the_log_is_proven_and_its_head_checked(agenthq: Run, box: Path) -> None:
    agenthq("task", "create", "One")
    head = agenthq("audit", "verify", "--json").json["head"]
    agenthq("task", "create", "Two")
    assert agenthq("audit", "verify", "--head", head).code == 0
    assert "lines are as they were written." in agenthq("audit", "verify").out
    other = agenthq("audit", "verify", "--head", head[:-4] + "beef")
    assert (other.code, "was rewritten" in other.out) == (1, True)
    assert agenthq("audit", "verify", "--head", "x").code == 2


def test_the_log_of_the_box_is_walked_with_the_key_that_the_master_key_opens(agenthq: Run, box: Path) -> None:
    assert agenthq("audit", "verify", "--json").json["box"]["bad"] is None
    before = agenthq("audit", "verify", "--box", "--json").json
    assert before["lines"] > 3
    with contextlib.closing(open_catalogue(box)) as catalogue, catalogue.control() as control:
        control.execute("UPDATE audit SET actor = 'member:somebody' WHERE seq = 2")
    changed = agenthq("audit", "verify", "--box")
    assert (changed.code, "Line 2 is not what was written there." in changed.out) == (1, True)
