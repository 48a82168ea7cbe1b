"""A disk that fills up while a backup is written: it fails with a sentence, the last one stays, work goes on."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import app, settings
from appliance.backup import archive, making, rows
from appliance.backup.means import Means
from appliance.domain import tenants
from appliance.domain.actor import SYSTEM

pytestmark = pytest.mark.crash


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"a disk of its own needs the right to mount: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("floor", [5, -1000], ids=["told before", "full while it is written"])
def test_a_full_disk_costs_this_backup_and_nothing_else(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, floor: int
) -> None:
    values = settings.load({"data": str(small_disk / "data")}, {})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
        with catalogue.control() as control:
            tenant = tenants.create(catalogue, control, box.vault, "acme", "Acme")
        means = Means(catalogue, box.vault)
        [first] = making.run(means, SYSTEM, [tenant.id]).made
        ballast = small_disk / "ballast"
        free = 16 * 2**20 - sum(path.stat().st_size for path in small_disk.rglob("*") if path.is_file())
        ballast.write_bytes(bytes(max(free - 900_000, 0)))
        monkeypatch.setattr("appliance.backup.means.FLOOR_PERCENT", floor)

        [second] = making.run(means, SYSTEM, [tenant.id]).made

        assert (first.state, second.state) == ("verified", "failed"), second.note
        assert "ree some space" in second.note
        assert archive.unpack(catalogue.folder / "backups" / first.name, box.vault).id == first.id
        assert not (catalogue.folder / "backup-work").exists()
        with catalogue.open(tenant.id) as db:
            db.next_number("still working")
        ballast.unlink()
        assert making.run(means, SYSTEM, [tenant.id]).made[0].state == "verified"
        with catalogue.control() as control:
            assert len(rows.of(control, tenant.id, "verified")) == 2
