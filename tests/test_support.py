"""The support bundle: whole, previewed, and without a secret or a word of anybody's work."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from appliance import logs, settings, support
from appliance.domain import alert_channels, providers, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.alert_channels import NewAlertChannel
from appliance.domain.notices import channels
from appliance.domain.notices.channels import NewChannel
from appliance.domain.providers import NewProvider
from appliance.domain.tasks import NewTask
from appliance.errors import Problem
from tests.world import World

KEY = "sk-canary-4711-abcdefghij"
TOKEN = "tk_canary-4711-topic"
SETTING = "metrics-canary-4711-xyz"
WORDS = "the colour of the canary is 4711"


@pytest.fixture
def planted(world: World) -> settings.Settings:
    """Secrets and contents everywhere the bundle might take them from; the log tells them too."""
    values = settings.load({"data": str(world.catalogue.folder), "metrics_token": SETTING}, {})
    with world.db() as db, world.control() as control:
        new = NewProvider(name="Account", kind="openai", base_url="https://api.acme.test", secret=KEY)
        providers.add(db, SYSTEM, world.vault, new)
        ntfy = NewChannel("ntfy", "https://ntfy.sh", topic="t", secret=TOKEN)
        channels.add(db, SYSTEM, world.vault, channels.TENANT, ntfy)
        alert_channels.add(control, SYSTEM, world.vault, NewAlertChannel("ntfy", "https://ntfy.sh", "", "t", TOKEN))
        tasks.create(db, SYSTEM, NewTask(title=WORDS, body=WORDS))
    folder = world.catalogue.folder / "logs"
    folder.mkdir(exist_ok=True)
    (folder / logs.FILE).write_text(f'{{"message": "the provider said {KEY} and {SETTING}"}}\n')
    return values


def bundle(world: World, values: settings.Settings) -> dict[str, str]:
    return {part.name: part.text for part in support.collect(values, world.vault)}


def test_it_has_what_helps(world: World, planted: settings.Settings) -> None:
    found = bundle(world, planted)
    wanted = {"README.txt", "versions.json", "config.json", "doctor.json"}
    if not world.catalogue.shared:
        wanted |= {"counts.json", "alerts.json", "processes.json", "metrics.txt", f"logs/{logs.FILE}"}
        assert '"tasks": 1' in found["counts.json"]
        assert "agenthq_queue_depth" in found["metrics.txt"]
    assert wanted <= set(found)
    assert '"sqlite.version"' in found["doctor.json"]


@pytest.mark.parametrize("canary", [KEY, TOKEN, SETTING, WORDS])
def test_no_canary_is_in_it(world: World, planted: settings.Settings, canary: str) -> None:
    parts = support.collect(planted, world.vault)
    with zipfile.ZipFile(io.BytesIO(support.zipped(parts))) as archive:
        whole = b"\n".join(archive.read(name) for name in archive.namelist())
    assert canary.encode() not in whole


def test_settings_say_where_they_are_from_and_secrets_only_that_they_are_set(
    world: World, planted: settings.Settings
) -> None:
    said = bundle(world, planted)["config.json"]
    assert '"origin": "flag"' in said
    assert '"value": "set"' in said


def test_it_is_written_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    parts = [support.Part("a.txt", "a")]
    support.write(tmp_path / "s.zip", parts)
    assert os.stat(tmp_path / "s.zip").st_mode & 0o077 == 0
    with pytest.raises(Problem):
        support.write(tmp_path / "s.zip", parts)


def test_a_damaged_box_can_ask_for_help_too(world: World, planted: settings.Settings) -> None:
    file = world.catalogue.folder / "control.db"
    if not file.exists():
        pytest.skip("a schema of PostgreSQL is not a file")
    world.catalogue.close()
    file.unlink()
    assert "doctor.json" in bundle(world, planted)
