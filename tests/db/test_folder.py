"""The data folder and the SQLite files in it: versions, owners, disks, damage."""

import contextlib
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from appliance.db import datafolder, library, migrate, ownership
from appliance.db.fairlock import FairLock
from appliance.db.tenants import Catalogue, open_catalogue
from appliance.errors import Problem

TENANT = "01a00000-0000-7000-8000-000000000001"
MOUNTS = """/dev/sda1 / ext4 rw 0 0
server:/vol /mnt/share nfs4 rw 0 0
//pc/dir /mnt/with\\040space cifs rw 0 0
tmpfs /mnt/share/fast tmpfs rw 0 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    catalogue = open_catalogue(tmp_path / "data")
    catalogue.create(TENANT)
    catalogue.close()
    return tmp_path / "data"


def test_newer_data_is_refused_before_anything_is_written(catalogue: Catalogue) -> None:
    with catalogue.control() as control:
        control.insert("_migrations", {"version": 999, "name": "future", "applied_at": "2030"})
        with pytest.raises(Problem) as caught:
            migrate.migrate(control, "control")
    assert (caught.value.code, caught.value.exit) == ("newer_data", 78)


def test_migrating_twice_does_nothing(catalogue: Catalogue) -> None:
    with catalogue.control() as control:
        assert migrate.migrate(control, "control") == 0


def test_a_tenant_is_copied_from_one_template(folder: Path) -> None:
    (template,) = (folder / "templates").glob("tenant-*.db")
    written = template.stat().st_mtime_ns
    catalogue = open_catalogue(folder)
    catalogue.create(TENANT[:-1] + "2")
    assert template.stat().st_mtime_ns == written
    assert sorted(p.name for p in (folder / "tenants").iterdir()) == [TENANT, TENANT[:-1] + "2"]


def test_a_crash_while_creating_leaves_nothing_to_open(folder: Path) -> None:
    half = folder / "tenants" / f"{TENANT[:-1]}3.creating"
    half.mkdir()
    (half / "tenant.db").write_bytes(b"half a fi")
    catalogue = open_catalogue(folder)
    assert not catalogue.exists(TENANT[:-1] + "3")
    catalogue.create(TENANT[:-1] + "3")
    with catalogue.open(TENANT[:-1] + "3") as db:
        assert db.value("SELECT COUNT(*) FROM tasks") == 0


def test_mistake_27_tenants_without_a_control_database_are_a_loss_and_no_first_run(folder: Path) -> None:
    for file in folder.glob("control.db*"):
        file.unlink()
    with pytest.raises(Problem, match=r"Restore control\.db"):
        open_catalogue(folder)
    assert not (folder / "control.db").exists()


def test_a_missing_tenant_file_is_not_made_anew(folder: Path) -> None:
    (folder / "tenants" / TENANT / "tenant.db").unlink()
    with pytest.raises(Problem, match="missing"), open_catalogue(folder).open(TENANT):
        """Never reached."""
    assert not (folder / "tenants" / TENANT / "tenant.db").exists()


def test_a_damaged_file_says_so(folder: Path) -> None:
    (folder / "tenants" / TENANT / "tenant.db").write_bytes(b"not a database at all" * 500)
    with pytest.raises(Problem, match="damaged"), open_catalogue(folder).open(TENANT) as db:
        db.rows("SELECT * FROM tasks")


def test_files_are_private(folder: Path) -> None:
    modes = {oct(path.stat().st_mode & 0o777) for path in folder.rglob("*.db")}
    assert modes == {"0o600"}


def test_no_other_file_can_be_attached(folder: Path) -> None:
    with open_catalogue(folder).open(TENANT) as db, pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        db.execute("ATTACH DATABASE '/tmp/other.db' AS other")


def test_the_safety_settings_are_on(folder: Path) -> None:
    with open_catalogue(folder).open(TENANT) as db:
        found = {p: db.value(f"PRAGMA {p}") for p in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")}
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}


def test_there_is_one_modern_sqlite() -> None:
    library.require()
    assert tuple(map(int, library.version().split("."))) >= library.OLDEST
    assert len(library.mapped_copies()) <= 1


def test_threads_do_not_wait_for_each_other_to_count_memory() -> None:
    counted = """
from appliance.db import library
import ctypes, sqlite3, sys
if sys.argv[1] == "open":
    opened = sqlite3.connect(":memory:")
print(library.count_no_memory(), library.count_no_memory())
made = sqlite3.connect(":memory:")
made.execute("CREATE TABLE t (x)")
sqlite = ctypes.CDLL(sys.modules["pysqlite3._sqlite3"].__file__)
print(sqlite.sqlite3_memory_used() > 0)
"""
    run = [sys.executable, "-c", counted]
    assert subprocess.check_output([*run, ""], text=True).split() == ["True", "True", "False"]
    # What is open keeps the library as it is.
    assert subprocess.check_output([*run, "open"], text=True).split() == ["False", "False", "True"]


def test_two_sqlites_are_found() -> None:
    maps = (
        "7f 0 0 r-xp /usr/lib/libsqlite3.so.0\n7f 0 0 r-xp /x/pysqlite3/_sqlite3.cpython-311.so\n7f 0 0 r /lib/libc.so"
    )
    assert len(library.mapped_copies(maps)) == 2


def test_a_full_disk_is_said_and_loses_nothing(folder: Path) -> None:
    with open_catalogue(folder).open(TENANT) as db:
        db.insert("counters", {"name": "before", "value": 1})
        pages = db.value("PRAGMA page_count")
        with pytest.raises(Problem) as caught, db.transaction():
            db.rows(f"PRAGMA max_page_count = {pages}")
            for n in range(100):
                db.insert("counters", {"name": f"{n}" + "x" * 4000, "value": n})
        assert (caught.value.code, caught.value.status) == ("disk_full", 507)
        assert not db.in_transaction
        with db.transaction():
            db.rows("PRAGMA max_page_count = 1000000")
        assert db.rows("SELECT name FROM counters WHERE name <> 'notice'") == [{"name": "before"}]
        db.insert("counters", {"name": "after", "value": 1})


def test_a_disk_that_fills_up_while_writing(folder: Path) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from appliance.db.tenants import open_catalogue\nfrom appliance.errors import Problem\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"db = open_catalogue(Path({str(folder)!r})).open({TENANT!r}).__enter__()\n"
        "db.insert('counters', {'name': 'before', 'value': 1})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))\n"
        "try:\n  db.insert_all('counters', [{'name': str(n) + 'x' * 9000, 'value': n} for n in range(200)])\n"
        "except Problem as problem: print(problem.code)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        'print(db.value("SELECT COUNT(*) FROM counters WHERE name <> :n", {"n": "notice"}))\n'
    )
    assert resource.RLIMIT_FSIZE
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout.split() == ["disk_full", "1"], done.stderr


def test_a_second_server_is_refused_by_name(folder: Path) -> None:
    with ownership.owned(folder) as owner:
        owner.describe("http://127.0.0.1:8420")
        done = subprocess.run(
            [sys.executable, "-c", _OWN, str(folder)], capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 75
        assert "http://127.0.0.1:8420" in done.stdout
        assert ownership.owner(folder) is not None
    assert ownership.owner(folder) is None
    with ownership.owned(folder):
        """Free again."""


def test_a_killed_server_leaves_the_folder_free(folder: Path) -> None:
    program = [sys.executable, "-c", _OWN + "\nprint('owned', flush=True); input()", str(folder)]
    server = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout
    assert server.stdout.readline() == b"owned\n"
    server.kill()
    server.communicate(timeout=10)
    with ownership.owned(folder):
        """The operating system dropped the lock with the process."""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/x", "ext4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/share/data", "nfs4"),
        ("/mnt/shared", "ext4"),
        ("/mnt/with space/x", "cifs"),
        ("/mnt/share/fast/x", "tmpfs"),
    ],
)
def test_the_filesystem_of_a_folder(path: str, kind: str) -> None:
    assert datafolder.filesystem(Path(path), MOUNTS) == kind
    assert (kind in datafolder.NETWORK) == (kind in ("nfs4", "cifs"))


def test_a_network_filesystem_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datafolder, "NETWORK", {datafolder.filesystem(tmp_path)})
    with pytest.raises(Problem, match="network filesystems") as caught:
        datafolder.prepare(tmp_path)
    assert caught.value.exit == 78


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="can't be written") as caught:
        datafolder.prepare(tmp_path / "file" / "data")
    assert (caught.value.code, "--data DIR" in caught.value.detail) == ("config", True)


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    datafolder.prepare(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_the_lock_is_fair() -> None:
    lock, order, threads = FairLock(), [], []
    lock.acquire()
    for n in range(8):

        def wait(n: int = n) -> None:
            lock.acquire()
            order.append(n)
            lock.release()

        threads.append(threading.Thread(target=wait))
        threads[-1].start()
        deadline = time.monotonic() + 5
        while len(lock._waiting) <= n and time.monotonic() < deadline:
            """The next thread starts when this one waits."""
    lock.release()
    for thread in threads:
        thread.join(5)
    assert order == list(range(8))


_OWN = """
import sys; from pathlib import Path
from appliance.db import ownership
from appliance.errors import Problem
lock = ownership.owned(Path(sys.argv[1]))
try:
    lock.__enter__()
except Problem as problem:
    print(problem.detail)
    sys.exit(problem.exit)
"""


@pytest.mark.timeout(20)
def test_a_transaction_can_look_into_any_number_of_other_databases(folder: Path) -> None:
    with contextlib.closing(open_catalogue(folder)) as catalogue:
        others = [f"other-{n}" for n in range(40)]
        for tenant_id in others:
            catalogue.create(tenant_id)
        with catalogue.open(TENANT) as db, db.transaction():
            db.next_number("seen")
            for tenant_id in others:
                with catalogue.open(tenant_id) as other:
                    assert migrate.version(other) == migrate.latest("tenant")
        with catalogue.open(TENANT) as db:
            assert db.value("SELECT value FROM counters WHERE name = 'seen'") == 1
