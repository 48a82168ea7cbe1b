"""A signed release: who may make one, which one is let in, and what happens when it is not well."""

import io
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.crypto import signatures
from appliance.db import before, migrate
from appliance.db.tenants import open_catalogue
from appliance.errors import Problem
from appliance.release import layout, packages, putting_back, update, versions
from appliance.release.gate import fault_of
from appliance.release.trial import Hands
from appliance.release.update import Outcome
from appliance.release.upgrade import Upgrade
from appliance.release.versions import State
from tests.release import old

PRIVATE, PUBLIC = signatures.new_signing_key()
Make = Callable[..., Path]


def program(path: Path, said: str) -> Path:
    path.write_text(f"#!/bin/sh\necho {said}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Version 1.1.0 is installed, 1.0.0 beside it."""
    made = tmp_path / "home"
    for version in ("1.0.0", "1.1.0"):
        layout.lay_out(program(tmp_path / version, version), made, version)
    layout.point(made, "1.1.0")
    return made


@pytest.fixture
def release(tmp_path: Path) -> Make:
    """Signs a release: release("1.2.0", on="other-machine")."""

    def make(version: str, private: str = PRIVATE, **given: str) -> Path:
        target = tmp_path / f"{version}.release"
        packages.write(program(tmp_path / f"new-{version}", version), version, private, target, **given)
        return target

    return make


class Machine:
    """Notes what an update did to it."""

    def __init__(self, fault: str = "", tried: str = "", service: bool = True) -> None:
        self.done: list[str] = []
        self._fault, self._tried, self._service = fault, tried, service

    @property
    def hands(self) -> Hands:
        return Hands(self.tried, lambda: self.done.append("keep"), self.restart, self.fault, self.put_back)

    def tried(self, path: Path, words: tuple[str, ...]) -> str:
        self.done.append(words[0])
        return self._tried if words[0] == "selftest" else ""

    def restart(self) -> bool:
        self.done.append("restart")
        return self._service

    def fault(self, version: str) -> str:
        return self._fault if version == "1.2.0" else ""

    def put_back(self) -> int:
        self.done.append("put back")
        return 0


def test_a_release_is_tried_kept_for_switched_to_and_watched(home: Path, release: Make, tmp_path: Path) -> None:
    machine = Machine()
    done = update.apply(home, release("1.2.0"), PUBLIC, tmp_path, machine.hands)
    assert done == Outcome("running", "1.2.0", "1.1.0")
    assert machine.done == ["config", "selftest", "keep", "restart"]
    assert layout.read(home).program.read_text().endswith("1.2.0\n")


def test_a_release_that_does_not_serve_is_taken_back(home: Path, release: Make, tmp_path: Path) -> None:
    machine = Machine(fault="it says locked")
    done = update.apply(home, release("1.2.0"), PUBLIC, tmp_path, machine.hands)
    assert done == Outcome("rolled_back", "1.1.0", "1.2.0", "it says locked")
    assert machine.done[-3:] == ["restart", "put back", "restart"]
    assert layout.read(home).current == "1.1.0"


def test_a_program_that_fails_its_own_test_changes_nothing(home: Path, release: Make, tmp_path: Path) -> None:
    machine = Machine(tried="no TLS")
    with pytest.raises(Problem, match="nothing was changed. no TLS"):
        update.apply(home, release("1.2.0"), PUBLIC, tmp_path, machine.hands)
    assert (layout.read(home).current, "keep" in machine.done) == ("1.1.0", False)


def test_without_a_service_the_next_start_is_the_new_version(home: Path, release: Make, tmp_path: Path) -> None:
    done = update.apply(home, release("1.2.0"), PUBLIC, tmp_path, Machine(service=False).hands)
    assert (done.state, layout.read(home).current) == ("waiting", "1.2.0")


def test_going_back_leads_to_the_version_before_once(home: Path, release: Make, tmp_path: Path) -> None:
    machine = Machine()
    update.apply(home, release("1.2.0"), PUBLIC, tmp_path, machine.hands)
    assert update.rollback(home, machine.hands).version == "1.1.0"
    with pytest.raises(Problem, match="no earlier version"):
        update.rollback(home, machine.hands)


@pytest.mark.parametrize("version", ["1.1.0", "1.0.9", "1.1.0-rc1", "0.9.0"])
def test_nothing_older_or_the_same_is_let_in(home: Path, release: Make, version: str) -> None:
    with pytest.raises(Problem, match="1.1.0 is installed"):
        update.check(home, release(version), PUBLIC)


def test_an_old_release_played_again_is_refused_even_after_going_back(home: Path, release: Make) -> None:
    versions.remember(home, State("1.3.0", ""))
    with pytest.raises(Problem, match="older than 1.3.0"):
        update.check(home, release("1.2.0"), PUBLIC)
    assert update.check(home, release("1.3.0"), PUBLIC).version == "1.3.0"


def test_a_release_of_another_key_is_refused(home: Path, release: Make) -> None:
    other, _ = signatures.new_signing_key()
    with pytest.raises(Problem) as caught:
        update.check(home, release("1.2.0", private=other), PUBLIC)
    assert caught.value.code == "bad_signature"


def test_without_a_trusted_key_no_release_is_let_in(home: Path, release: Make) -> None:
    with pytest.raises(Problem, match="Set update_key"):
        update.check(home, release("1.2.0"), "")
    with pytest.raises(Problem, match="64 hexadecimal"):
        update.check(home, release("1.2.0"), "nonsense")


def test_a_release_for_another_machine_or_a_newer_system_is_refused(home: Path, release: Make) -> None:
    with pytest.raises(Problem, match="for plan9-mips"):
        update.check(home, release("1.2.0", on="plan9-mips"), PUBLIC)
    with pytest.raises(Problem, match=r"needs glibc 99\.0"):
        update.check(home, release("1.2.0", libc="99.0"), PUBLIC)


def rewritten(path: Path, **changed: bytes) -> Path:
    """The same tar with other members; None leaves one out."""
    target = path.with_suffix(".changed")
    with tarfile.open(path) as before, tarfile.open(target, "w") as after:
        for name in packages.MEMBERS:
            body = changed.get(name.partition(".")[2] or name, before.extractfile(name).read())  # type: ignore[union-attr]
            member = tarfile.TarInfo(name)
            member.size = len(body)
            after.addfile(member, io.BytesIO(body))
    return target


def test_a_changed_program_or_manifest_is_found(home: Path, release: Make) -> None:
    whole = release("1.2.0")
    size = packages.read(whole, PUBLIC).size
    for changed in (
        {"program": b"x" * size},
        {"program": b"x"},
        {"json": b"{}"},
        {"sig": b"00" * 64},
        {"sig": b"\xff"},
    ):
        with pytest.raises(Problem) as caught:
            update.check(home, rewritten(whole, **changed), PUBLIC)
        assert caught.value.code == "bad_signature"


@pytest.mark.parametrize("at", range(0, 10240, 1111))
def test_no_changed_byte_is_let_in_unnoticed(home: Path, release: Make, at: int) -> None:
    whole = release("1.2.0")
    content = bytearray(whole.read_bytes())
    content[at % len(content)] ^= 1
    whole.write_bytes(content)
    try:
        found = update.check(home, whole, PUBLIC)
    except Problem:
        return
    # The padding of a tar holds nothing.
    assert found.version == "1.2.0"


def test_what_is_no_release_is_said_so(home: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"not a tar")
    with pytest.raises(Problem, match="is not a release"):
        update.check(home, tmp_path / "x", PUBLIC)


@pytest.fixture(params=["its own filter", "none"])
def python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a filter for what is unpacked, or as before 3.11.4."""
    if request.param == "none":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    elif not hasattr(tarfile, "data_filter"):
        pytest.skip("this Python has none")


@pytest.mark.usefixtures("python")
def test_the_folder_comes_as_one_file_too(home: Path, tmp_path: Path) -> None:
    built = tmp_path / "agenthq-1.2.0"
    (built / "_internal/libs").mkdir(parents=True)
    (built / "_internal/libs/a.so").write_text("library")
    (built / "_internal/a.so").symlink_to("libs/a.so")
    program(built / "agenthq", "folder")
    with tarfile.open(tmp_path / "f.tar.gz", "w:gz") as tar:
        tar.add(built, arcname=built.name)
    packages.write(tmp_path / "f.tar.gz", "1.2.0", PRIVATE, tmp_path / "f.release")
    update.apply(home, tmp_path / "f.release", PUBLIC, tmp_path, Machine().hands)
    assert (home / "current/_internal/a.so").read_text() == "library"
    assert layout.read(home).program.read_text().endswith("folder\n")


def _link(name: str, to: str) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = tarfile.SYMTYPE, to
    return made


def _device(name: str) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = tarfile.CHRTYPE
    return made


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize(
    "members",
    [
        [tarfile.TarInfo("../out")],
        [_link("a/out", "../../../out")],
        [_link("a/here", "."), _link("a/up", "here/../..")],
        [_device("a/null")],
    ],
)
def test_a_folder_that_leads_out_of_its_place_is_refused(
    home: Path, tmp_path: Path, members: list[tarfile.TarInfo]
) -> None:
    with tarfile.open(tmp_path / "f.tar.gz", "w:gz") as tar:
        for member in members:
            tar.addfile(member)
    packages.write(tmp_path / "f.tar.gz", "1.2.0", PRIVATE, tmp_path / "f.release")
    with pytest.raises(Problem, match="can't be unpacked"):
        update.apply(home, tmp_path / "f.release", PUBLIC, tmp_path, Machine().hands)
    assert "1.2.0" not in layout.read(home).versions


def test_going_back_takes_migrated_data_along_and_leaves_the_rest(tmp_path: Path) -> None:
    old.write_box(tmp_path, 3)
    with closing(open_catalogue(tmp_path)) as catalogue:
        Upgrade(catalogue).first()
        with catalogue.open("t0000") as db:
            db.execute("UPDATE tasks SET title = 'done since'")
        with catalogue.as_found("t0002") as db:
            catalogue.keep_copy(db, migrate.version(db))
            db.execute("UPDATE tasks SET title = 'kept'")
    assert putting_back.put_back(tmp_path) == 2
    assert "t0000" not in before.found(tmp_path)
    with old.earlier(), closing(open_catalogue(tmp_path)) as catalogue:
        for tenant_id, title in (("t0000", "t"), ("t0002", "kept")):
            with catalogue.open(tenant_id) as db:
                assert db.value("SELECT title FROM tasks") == title


def test_a_server_that_does_not_start_is_a_fault(tmp_path: Path) -> None:
    assert fault_of(tmp_path, "1.2.0", patience=0.3) == "after 0 s no server started"
