"""Settings: one table, one order of precedence, and the nearest name for a misspelt one."""

from pathlib import Path

import pytest

from appliance import settings
from appliance.errors import Problem


def refused(flags: dict[str, object], env: dict[str, str]) -> str:
    with pytest.raises(Problem) as caught:
        settings.load(flags, env)
    assert (caught.value.code, caught.value.exit) == ("config", 78)
    return caught.value.detail


def test_a_flag_beats_the_environment_beats_a_file_beats_the_default(tmp_path: Path) -> None:
    (tmp_path / "agenthq.toml").write_text("workers = 3\nport = 8500\nlog_level = 'debug'\ninsecure_http = true\n")
    (tmp_path / "key").write_text("ab\n")
    env = {"AGENTHQ_WORKERS": "4", "AGENTHQ_PORT": "8600", "AGENTHQ_MASTER_KEY_FILE": str(tmp_path / "key")}
    found = settings.load({"data": str(tmp_path), "port": 8700, "host": None}, env)
    assert [found.port, found.workers, found.log_level, found.host] == [8700, 4, "debug", "127.0.0.1"]
    assert (found.master_key, found.insecure_http) == ("ab", True)
    origins = [found.origin(name) for name in ("port", "workers", "log_level", "host", "master_key")]
    assert origins == ["flag", "AGENTHQ_WORKERS", str(tmp_path / "agenthq.toml"), "default", "AGENTHQ_MASTER_KEY_FILE"]


def test_the_environment_itself_beats_a_file_it_names(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("ab")
    env = {"AGENTHQ_MASTER_KEY": "cd", "AGENTHQ_MASTER_KEY_FILE": str(tmp_path / "key")}
    assert settings.load({"data": str(tmp_path)}, env).master_key == "cd"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("AGENTHQ_PROT", "Unknown setting AGENTHQ_PROT - did you mean AGENTHQ_PORT?"),
        ("AGENTHQ_WORKER", "Unknown setting AGENTHQ_WORKER - did you mean AGENTHQ_WORKERS?"),
        ("AGENTHQ_QQQQQQQQQ", "Unknown setting AGENTHQ_QQQQQQQQQ."),
    ],
)
def test_an_unknown_setting_names_the_nearest(name: str, nearest: str) -> None:
    assert refused({}, {name: "1"}) == nearest


def test_an_unknown_setting_in_the_file_names_file_and_nearest(tmp_path: Path) -> None:
    (tmp_path / "agenthq.toml").write_text("wrokers = 3")
    sentence = f"{tmp_path}/agenthq.toml has an unknown setting 'wrokers' - did you mean workers?"
    assert refused({"data": str(tmp_path)}, {}) == sentence


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"AGENTHQ_PORT": "http"}, "port (from AGENTHQ_PORT) must be a whole number from 0 to 65535, not 'http'."),
        ({"AGENTHQ_INSECURE_HTTP": "maybe"}, "insecure_http (from AGENTHQ_INSECURE_HTTP) must be true or false"),
        ({"AGENTHQ_MASTER_KEY_FILE": "/nowhere/key"}, "AGENTHQ_MASTER_KEY_FILE=/nowhere/key can't be read"),
        ({"AGENTHQ_PORT": "70000"}, "port"),
        ({"AGENTHQ_WORKERS": "0"}, "workers"),
        ({"AGENTHQ_LEASE_SECONDS": "-1"}, "lease_seconds"),
        ({"AGENTHQ_ROLE": "boss"}, "role"),
        ({"AGENTHQ_QUEUE_URL": "amqp://x"}, "queue_url"),
        ({"AGENTHQ_LOG_LEVEL": "loud"}, "log_level"),
        ({"AGENTHQ_MAX_BODY_MB": "0"}, "max_body_mb"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_origin(tmp_path: Path, env: dict[str, str], sentence: str) -> None:
    assert sentence in refused({"data": str(tmp_path)}, env)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "agenthq.toml").write_text("workers = = 3")
    assert refused({"data": str(tmp_path)}, {}).startswith(f"{tmp_path}/agenthq.toml is not valid TOML")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("YES", True), ("1", True), ("0", False), ("", False)])
def test_yes_and_no_in_every_spelling(text: str, value: bool) -> None:
    assert settings.load({}, {"AGENTHQ_INSECURE_HTTP": text}).insecure_http is value


def test_other_programs_variables_are_none_of_our_business() -> None:
    assert settings.load({}, {"PORT": "x", "AGENT": "y"}).port == 0


def test_the_data_folder_follows_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert settings.load({}, {}).data_dir == tmp_path / "agenthq"
    assert settings.load({"data": "~/box"}, {}).data_dir == Path.home() / "box"


def test_every_setting_says_what_it_is_for_and_no_secret_has_a_default() -> None:
    assert all(len(setting.help) > 15 for setting in settings.TABLE)
    assert all(setting.default == "" for setting in settings.TABLE if setting.secret)


def test_an_unknown_attribute_is_an_error() -> None:
    with pytest.raises(AttributeError):
        settings.load({}, {}).prot  # noqa: B018
