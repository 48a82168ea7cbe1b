"""Nothing leaves a workspace: not by name, not by link, not by a link swapped in meanwhile."""

import errno
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from appliance.domain import workspace
from appliance.domain.workspace import FILE_LIMIT, Workspace
from appliance.errors import Problem

SECRET = "master key"
OUTSIDE = [
    "..", "../x", "a/../../x", "a/../x", "/etc/passwd", "\\etc\\passwd", "..\\x", "a\\..\\..\\x", "~/x", "~root/x",
    "", ".", "/", "a\0b", "\0", "x" * 201, f"{'x' * 300}/y",
]  # fmt: skip
HARD = [
    "a b.md", "é ☃.md", "🦀.md", "-rf", "$(id)", "a;b", "'quoted'.md", 'dou"ble', "%2e%2e", "...", "..a", "a..b",
    "CON", "new\nline.md", ".hidden", "deep/er/and/deeper/x.md", "./a.md", "a//b.md",
]  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> Workspace:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text(SECRET)
    return workspace.of_task(tmp_path / "files", "t1")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return tmp_path / "outside"


def refused(act: object, *args: object) -> str:
    with pytest.raises(Problem) as caught:
        act(*args)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_outside_is_refused(files: Workspace, path: str) -> None:
    assert refused(files.read, path) == "forbidden"
    assert refused(files.write, path, b"x") == "forbidden"
    assert files.text(path) is None


@pytest.mark.parametrize("path", HARD)
def test_a_hard_name_is_only_a_name(files: Workspace, path: str) -> None:
    files.write(path, b"content")
    assert files.read(path) == b"content"
    assert len(files.files()) == 1


def test_a_name_longer_than_the_disk_takes_is_refused(files: Workspace) -> None:
    assert refused(files.write, "🦀" * 100, b"x") == "forbidden"


def test_a_link_to_a_file_outside_is_not_followed(files: Workspace, outside: Path) -> None:
    files.write("a.md", b"mine")
    (files.folder / "link").symlink_to(outside / "secret")
    assert refused(files.read, "link") == "forbidden"
    files.write("link", b"replaced")
    assert (outside / "secret").read_text() == SECRET
    assert files.read("link") == b"replaced"


def test_a_link_to_a_folder_outside_is_not_followed(files: Workspace, outside: Path) -> None:
    files.write("a.md", b"mine")
    (files.folder / "out").symlink_to(outside, target_is_directory=True)
    assert refused(files.read, "out/secret") in ("forbidden", "not_found")
    assert files.text("out/secret") is None
    assert refused(files.write, "out/new", b"x") == "forbidden"
    assert refused(files.write, "out/deeper/new", b"x") == "forbidden"
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert [file.path for file in files.files()] == ["a.md"]


def test_a_link_where_the_new_file_is_prepared_is_not_followed(files: Workspace, outside: Path) -> None:
    files.write("other", b"")
    (files.folder / ".a.md.partial").symlink_to(outside / "secret")
    files.write("a.md", b"x")
    assert (outside / "secret").read_text() == SECRET


def test_a_link_swapped_in_between_leads_nowhere(files: Workspace, outside: Path) -> None:
    files.write("d/secret", b"mine")
    real, over = files.folder / "d", threading.Event()
    link, kept = files.folder / "link", files.folder / "kept"
    link.symlink_to(outside, target_is_directory=True)

    def swap() -> None:
        while not over.is_set():
            os.rename(real, kept)
            _put(link, real)
            os.rename(real, link)
            _put(kept, real)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        seen = {files.text("d/secret") for _ in range(3000)}
        for _ in range(500):
            _try_to_write(files)
    finally:
        over.set()
        thread.join()
    assert seen <= {"mine", None}
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("secret", SECRET)]


def _put(source: Path, target: Path) -> None:
    """A write in between may have made the folder anew: it gives way."""
    while True:
        try:
            return os.rename(source, target)
        except OSError:
            shutil.rmtree(target, ignore_errors=True)


def _try_to_write(files: Workspace) -> None:
    try:
        files.write("d/secret", b"mine")
    except Problem as problem:
        assert problem.code == "forbidden"


def test_a_pipe_is_no_file_and_blocks_nobody(files: Workspace) -> None:
    files.write("a.md", b"")
    os.mkfifo(files.folder / "pipe")
    os.mkfifo(files.folder / ".b.md.partial")
    assert refused(files.read, "pipe") == "not_found"
    files.write("b.md", b"x")
    assert [file.path for file in files.files()] == ["a.md", "b.md"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_is_no_file(files: Workspace) -> None:
    files.write("a.md", b"")
    try:
        os.mknod(files.folder / "zero", 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container makes no devices")
    assert refused(files.read, "zero") in ("not_found", "forbidden")
    assert [file.path for file in files.files()] == ["a.md"]


def test_a_folder_is_no_file(files: Workspace) -> None:
    files.write("d/a.md", b"x")
    assert refused(files.read, "d") == "not_found"
    assert refused(files.write, "d", b"x") == "forbidden"
    assert refused(files.write, "d/a.md/b", b"x") == "forbidden"
    assert [file.path for file in files.files()] == ["d/a.md"]


def test_a_file_is_at_most_16_megabytes(files: Workspace) -> None:
    with pytest.raises(Problem) as caught:
        files.write("big", bytes(FILE_LIMIT + 1))
    assert (caught.value.code, caught.value.detail) == (
        "too_large",
        "big would be 16,777,217 bytes; a file may have 16,777,216.",
    )
    assert files.files() == []


def test_a_reader_sees_the_old_file_or_the_new_one(files: Workspace) -> None:
    contents = [bytes([n]) * 200_000 for n in range(4)]
    files.write("a", contents[0])
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            for content in contents:
                files.write("a", content)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen = {files.read("a") for _ in range(300)}
    finally:
        over.set()
        thread.join()
    assert seen <= set(contents)


def test_two_tasks_share_nothing(tmp_path: Path) -> None:
    workspace.of_task(tmp_path, "t1").write("a.md", b"one")
    other = workspace.of_task(tmp_path, "t2")
    assert (other.files(), other.text("a.md"), other.text("../t1/a.md")) == ([], None, None)


def test_nothing_written_is_readable_by_others(files: Workspace) -> None:
    files.write("d/a.md", b"x")
    modes = [(files.folder / name).stat().st_mode & 0o077 for name in ("d", "d/a.md")]
    assert modes == [0, 0]


WRITE = """
import resource, signal, sys
from pathlib import Path
from appliance.domain.workspace import Workspace
from appliance.errors import Problem
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
files = Workspace(Path(sys.argv[1]))
files.write("a.md", b"old")
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    files.write("a.md", bytes(100_000))
except Problem as problem:
    print(problem.code)
"""


def test_a_full_disk_keeps_the_old_file_and_leaves_no_half(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WRITE, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "disk_full\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]
    assert (tmp_path / "a.md").read_bytes() == b"old"


def test_every_way_a_disk_says_full_is_understood() -> None:
    assert set(workspace.FULL) == {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def test_a_workspace_that_was_never_written_is_empty(files: Workspace) -> None:
    shutil.rmtree(files.folder, ignore_errors=True)
    assert (files.files(), files.text("a.md")) == ([], None)
    assert refused(files.read, "a.md") == "not_found"
