"""The doctor finds each fault that is put in front of it, says what to do, and changes nothing."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import app, doctor, keyfile, settings
from appliance.db import migrate
from appliance.db.tenants import open_catalogue
from appliance.doctor import Finding
from appliance.domain import providers, samples, setup, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.setup import NewOwner
from appliance.errors import Problem

FAULTS_OF_A_CHECKOUT = {"system.files"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A healthy box: owner Alice, tenant Acme, a simulated account."""
    folder = tmp_path / "data"
    values = settings.load({"data": str(folder)}, {})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box, catalogue.control() as control:
        owner = NewOwner("Acme", "Alice", "alice@acme.test", "correct horse battery", "acme")
        _, tenant = setup.complete(catalogue, control, box.vault, None, owner)
        with catalogue.open(tenant.id) as db:
            samples.add_simulated(db, SYSTEM, box.vault)
    folder.chmod(0o700)
    return folder


def findings(folder: Path) -> dict[str, Finding]:
    return {found.id: found for found in doctor.examine(settings.load({"data": str(folder)}, {}))}


def faults(folder: Path) -> dict[str, str]:
    """Check → severity, of everything that is not well."""
    found = findings(folder).values()
    return {f.id: f.severity for f in found if f.severity != "ok" and f.id not in FAULTS_OF_A_CHECKOUT}


def tenant_file(folder: Path) -> Path:
    [file] = folder.glob("tenants/*/tenant.db")
    return file


def spoil(file: Path) -> None:
    """Overwrite every page after the first, as a failing disk might."""
    for leftover in file.parent.glob(file.name + "-*"):
        leftover.unlink()
    size = file.stat().st_size
    with file.open("r+b") as out:
        out.seek(4096)
        out.write(os.urandom(size - 4096))


def test_a_healthy_box_has_no_fault(folder: Path) -> None:
    assert faults(folder) == {}
    seen = findings(folder)
    assert seen["keys.master"].evidence == "opens this box's secrets"
    assert seen["tenant.acme"].evidence.endswith("sound, 0 tasks, 0 open runs")
    assert seen["providers.acme"].evidence == "1 accounts, none failing its last test"


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    assert faults(tmp_path / "none") == {}
    assert not (tmp_path / "none").exists()


def test_nothing_is_changed(folder: Path) -> None:
    def snapshot() -> dict[str, bytes]:
        kept = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
        return {str(path): path.read_bytes() for path in kept}

    findings(folder)
    before = snapshot()
    findings(folder)
    assert snapshot() == before


def test_a_folder_others_can_read(folder: Path) -> None:
    folder.chmod(0o755)
    keyfile.path(folder).chmod(0o644)
    assert faults(folder) == {"data.private": "warning"}
    assert findings(folder)["data.private"].fix == f"Run: chmod go-rwx {folder} {keyfile.path(folder)}"


@pytest.mark.parametrize("key", [None, "ab" * 32, "not a key"], ids=["missing", "wrong", "damaged"])
def test_a_master_key_that_does_not_fit(folder: Path, key: str | None) -> None:
    file = keyfile.path(folder)
    file.unlink() if key is None else file.write_text(key)
    assert faults(folder) == {"keys.master": "error"}
    assert "master.key" in findings(folder)["keys.master"].fix
    assert file.exists() is (key is not None)


def test_a_damaged_tenant_database(folder: Path) -> None:
    spoil(tenant_file(folder))
    found = faults(folder)
    assert found["tenant.acme"] == "error"
    assert "Restore it from a backup" in findings(folder)["tenant.acme"].fix
    assert set(found) <= {"tenant.acme", "providers.acme"}


def test_a_missing_tenant_database(folder: Path) -> None:
    tenant_file(folder).unlink()
    assert set(faults(folder)) == {"tenant.acme", "providers.acme"}
    assert "is missing" in findings(folder)["tenant.acme"].fix
    assert not list(folder.glob("tenants/*/tenant.db"))


def test_a_damaged_control_database(folder: Path) -> None:
    spoil(folder / "control.db")
    assert faults(folder)["data.control"] == "error"


def test_a_file_that_is_no_database(folder: Path) -> None:
    for leftover in folder.glob("control.db-*"):
        leftover.unlink()
    (folder / "control.db").write_bytes(b"something else " * 1000)
    assert faults(folder)["data.control"] == "error"


def test_data_of_a_newer_program(folder: Path) -> None:
    catalogue = open_catalogue(folder)
    with catalogue.control() as control:
        control.insert("_migrations", {"version": migrate.latest("control") + 1, "name": "later", "applied_at": ""})
    catalogue.close()
    assert faults(folder)["data.control"] == "error"
    assert "newer AgentHQ" in findings(folder)["data.control"].fix


def test_a_control_database_that_is_gone(folder: Path) -> None:
    for file in folder.glob("control.db*"):
        file.unlink()
    assert faults(folder) != {}
    assert not (folder / "control.db").exists()


def test_a_box_nobody_owns(tmp_path: Path) -> None:
    values = settings.load({"data": str(tmp_path / "data")}, {})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue):
        """A start without a setup."""
    assert faults(tmp_path / "data") == {"people.owner": "warning"}


def test_a_provider_that_failed_its_last_test(folder: Path) -> None:
    catalogue = open_catalogue(folder)
    with catalogue.control() as control:
        tenant = tenants.by_slug(control, "acme")
    with catalogue.open(tenant.id) as db:
        providers.note_test(db, SYSTEM, samples.ACCOUNT, False, "The provider refused the key.", [])
    catalogue.close()
    assert faults(folder) == {"providers.acme": "error"}
    assert findings(folder)["providers.acme"].fix == "Simulated: The provider refused the key."


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 4 MB."""
    point = tmp_path / "disk"
    point.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", point], capture_output=True, check=False
    )
    if mounting.returncode:
        pytest.skip("only root can make a small filesystem")
    yield point
    subprocess.run(["umount", point], check=True)


def test_a_disk_that_is_nearly_full(small_disk: Path) -> None:
    folder = small_disk / "data"
    folder.mkdir(mode=0o700)
    (folder / "ballast").write_bytes(bytes(4 * 1024 * 1024 - 100_000))
    assert faults(folder) == {"data.disk": "error"}
    assert "below 5 %" in findings(folder)["data.disk"].fix


def test_every_fault_says_what_to_do(folder: Path) -> None:
    spoil(tenant_file(folder))
    keyfile.path(folder).unlink()
    folder.chmod(0o755)
    assert all(found.fix for found in findings(folder).values() if found.severity != "ok")


@pytest.mark.parametrize("harm", ["no key", "wrong key", "no control", "newer data"])
def test_mistake_33_what_keeps_a_start_from_working_is_found_by_doctor(folder: Path, harm: str) -> None:
    if harm == "no key":
        keyfile.path(folder).unlink()
    elif harm == "wrong key":
        keyfile.path(folder).write_text("ab" * 32)
    elif harm == "no control":
        (folder / "control.db").unlink()
    else:
        with open_catalogue(folder).control() as control:
            control.insert("_migrations", {"version": 9999, "name": "later", "applied_at": ""})
    values = settings.load({"data": str(folder)}, {})
    with pytest.raises(Problem), app.open_data(values) as catalogue, app.open_box(values, catalogue):
        """Never reached."""
    assert "error" in faults(folder).values()
