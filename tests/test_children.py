"""Programs we start see neither our secrets nor our libraries."""

import json
import sys

import pytest

from appliance import children
from appliance.settings import TABLE

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def test_a_child_sees_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in children.SECRETS:
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("_PYI_ARCHIVE_FILE", "/tmp/x")
    monkeypatch.setenv("HARMLESS", "yes")
    child = children.start([sys.executable, "-c", SHOW], EXTRA="1")
    out, _ = child.communicate(timeout=20)
    seen = json.loads(out)
    assert (seen["HARMLESS"], seen["EXTRA"]) == ("yes", "1")
    assert not set(children.SECRETS) & set(seen)
    assert not [name for name in seen if name.startswith(("_PYI_", "_MEI"))]
    assert "hunter2" not in out


def test_every_secret_setting_is_kept_from_children() -> None:
    secret = {setting.env for setting in TABLE if setting.secret}
    given = {name: "x" for setting in secret for name in (setting, f"{setting}_FILE")}
    assert children.environment(given) == {}


def test_the_loaders_paths_are_put_back_in_the_executable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    given = {"LD_LIBRARY_PATH": "/tmp/_MEI1", "LD_LIBRARY_PATH_ORIG": "/opt/lib", "PYTHONHOME": "/tmp/_MEI1"}
    assert children.environment(given) == {"LD_LIBRARY_PATH": "/opt/lib"}
    assert children.ourselves() == [sys.executable]


def test_we_can_be_started_again() -> None:
    child = children.start([*children.ourselves(), "--version"])
    out, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (0, "")
    assert "AgentHQ" in out or "agenthq" in out


def test_a_child_reads_nothing_from_our_input() -> None:
    child = children.start([sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"])
    assert child.communicate(timeout=20)[0] == "''\n"
