"""The doctor finds each fault that is put in front of it, says what to do, and changes nothing."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import app, doctor, keyfile, settings
from appliance.db import migrate
from appliance.db.tenants import open_catalogue
from appliance.doctor import Finding
from appliance.doctor.finding import every
from appliance.domain import providers, samples, tenants
from appliance.domain.actor import SYSTEM
from appliance.errors import Problem
from tests.breaking import BREAKS
from tests.doctoring import Patient, healthy, spoil
from tests.postgres import free_port

FAULTS_OF_A_CHECKOUT = {"system.files"}


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("doctor") / "data"
    healthy(made)
    return made


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    """A healthy box: owner Alice, tenant Acme, a simulated account."""
    shutil.copytree(first, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def patient(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    made = Patient(folder, {"port": str(free_port())}, monkeypatch, [])
    yield made
    for held in made.open:
        held.close()


def findings(folder: Path) -> dict[str, Finding]:
    flags = {"data": str(folder), "port": str(free_port())}
    return {found.id: found for found in doctor.examine(settings.load(flags, {}))}


def faults(folder: Path) -> dict[str, str]:
    """Check → severity, of everything that is not well."""
    found = findings(folder).values()
    return {f.id: f.severity for f in found if f.severity != "ok" and f.id not in FAULTS_OF_A_CHECKOUT}


def tenant_file(folder: Path) -> Path:
    [file] = folder.glob("tenants/*/tenant.db")
    return file


def test_there_are_more_than_thirty_checks_and_a_fault_for_each() -> None:
    assert len(every()) > 30
    assert sorted(BREAKS) == sorted(every())


@pytest.mark.parametrize("id_", BREAKS)
def test_each_check_finds_the_fault_that_is_put_before_it(patient: Patient, id_: str) -> None:
    breaking = BREAKS[id_]
    healthy_one = {f.id for f in patient.findings() if f.severity != "ok"} - FAULTS_OF_A_CHECKOUT
    assert healthy_one == set()
    breaking.how(patient)
    found = next(f for f in patient.findings() if f.id == id_)
    assert found.severity == breaking.severity, found
    assert breaking.said in found.evidence
    assert found.fix or found.severity == "ok"


def test_a_healthy_box_has_no_fault(folder: Path) -> None:
    assert faults(folder) == {}
    seen = findings(folder)
    assert seen["keys.master"].evidence == "opens this box's secrets"
    assert seen["runs.stuck"].evidence == "0 open runs, none stuck"
    assert seen["providers.failing"].evidence == "1 accounts, none failing its last test"


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    assert faults(tmp_path / "none") == {}
    assert not (tmp_path / "none").exists()


def test_nothing_is_changed(folder: Path) -> None:
    def snapshot() -> dict[str, bytes]:
        kept = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
        return {str(path): path.read_bytes() for path in kept}

    before = snapshot()
    findings(folder)
    assert snapshot() == before


def test_older_data_is_not_migrated_by_looking_at_it(patient: Patient) -> None:
    with patient.control() as control:
        control.execute("DELETE FROM _migrations WHERE version = :last", {"last": migrate.latest("control")})
    found = {f.id: f for f in patient.findings()}
    assert found["data.schema"].severity == "warning"
    assert f"this program has {migrate.latest('control')}" in found["data.schema"].evidence
    assert {f.id: f for f in patient.findings()}["data.schema"].severity == "warning"
    assert patient.mend() == {}


MENDED = ("data.private", "keys.mode", "config.file", "data.leftovers", "logs.size", "processes", "engine.heartbeats")


@pytest.mark.parametrize("id_", (*MENDED, "runs.leases"))
def test_what_is_safe_to_mend_is_mended_and_told(patient: Patient, id_: str) -> None:
    BREAKS[id_].how(patient)
    assert patient.mend()[id_]
    assert next(f for f in patient.findings() if f.id == id_).severity == "ok"


def test_mending_leaves_what_is_not_safe_alone(patient: Patient) -> None:
    spoil(patient.tenant_file)
    keyfile.path(patient.folder).unlink()
    before = sorted(str(path) for path in patient.folder.rglob("*"))
    assert patient.mend() == {}
    assert sorted(str(path) for path in patient.folder.rglob("*")) == before


def test_a_folder_others_can_read(folder: Path) -> None:
    folder.chmod(0o755)
    keyfile.path(folder).chmod(0o644)
    assert faults(folder) == {"data.private": "warning", "keys.mode": "error"}
    assert findings(folder)["keys.mode"].fix == f"Run: chmod go-rwx {keyfile.path(folder)}"


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
    assert found == {"tenant.integrity": "error"}
    assert "Restore it from a backup" in findings(folder)["tenant.integrity"].fix
    assert findings(folder)["tenant.integrity"].subject == "acme"


def test_a_missing_tenant_database(folder: Path) -> None:
    tenant_file(folder).unlink()
    assert set(faults(folder)) == {"tenant.integrity"}
    assert "is missing" in findings(folder)["tenant.integrity"].fix
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
    assert faults(folder)["data.schema"] == "error"
    assert "newer AgentHQ" in findings(folder)["data.schema"].fix


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
    assert faults(folder) == {"providers.failing": "error"}
    assert findings(folder)["providers.failing"].fix == "Simulated: The provider refused the key."


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
