"""Every place for backups keeps the same contract; SFTP and S3 are tried against real servers."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.errors import Problem
from appliance.gateway.targets import folder, s3, sftp
from appliance.gateway.targets.target import Target
from tests.backup import servers

Make = Callable[[], Target]
LARGE = bytes(range(256)) * 4096 * 20


@pytest.fixture(params=["folder", *(pytest.param(kind, marks=pytest.mark.outside) for kind in ("sftp", "s3"))])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    if request.param == "sftp":
        with servers.sshd(tmp_path / "ssh") as ssh:
            yield lambda: sftp.SftpTarget(ssh.config, ssh.secret)
    elif request.param == "s3":
        with servers.s3rver(tmp_path / "s3") as store:
            yield lambda: s3.S3Target(store.config, store.secret)
    else:
        yield lambda: folder.FolderTarget(folder.Config(str(tmp_path / "kept")))


def read(target: Target, name: str) -> bytes:
    out = io.BytesIO()
    target.get(name, out)
    return out.getvalue()


def test_what_is_put_is_listed_read_and_removed(make: Make, tmp_path: Path) -> None:
    target = make()
    assert target.list() == []
    (tmp_path / "small").write_bytes(b"small")
    (tmp_path / "large").write_bytes(LARGE)

    target.put(tmp_path / "small", "acme/1.ahqb")
    target.put(tmp_path / "large", "globex/2.ahqb")

    assert target.list() == [("acme/1.ahqb", 5), ("globex/2.ahqb", len(LARGE))]
    assert read(target, "acme/1.ahqb") == b"small"
    assert read(make(), "globex/2.ahqb") == LARGE
    target.delete("acme/1.ahqb")
    target.delete("acme/1.ahqb")
    assert [each.name for each in target.list()] == ["globex/2.ahqb"]


def test_what_is_not_there_is_told(make: Make) -> None:
    with pytest.raises(Problem) as caught:
        read(make(), "acme/none.ahqb")
    assert caught.value.code == "unavailable"


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[servers.Ssh]:
    with servers.sshd(tmp_path / "ssh") as made:
        yield made


@pytest.mark.outside
def test_a_broken_upload_goes_on_where_it_ended(ssh: servers.Ssh, tmp_path: Path) -> None:
    (ssh.root / "acme").mkdir(parents=True)
    (ssh.root / "acme" / "1.ahqb.partial").write_bytes(b"X" * 1000)
    (tmp_path / "large").write_bytes(LARGE)
    target = sftp.SftpTarget(ssh.config, ssh.secret)
    assert target.list() == []

    target.put(tmp_path / "large", "acme/1.ahqb")

    assert read(target, "acme/1.ahqb") == b"X" * 1000 + LARGE[1000:]


@pytest.mark.outside
def test_the_host_key_is_pinned_at_the_first_use(ssh: servers.Ssh, tmp_path: Path) -> None:
    first = sftp.SftpTarget(ssh.config, ssh.secret)
    first.list()
    assert first.host_key == ssh.host_key.read_text().rpartition(" ")[0]
    assert sftp.fingerprint(first.host_key).startswith("SHA256:")

    with (
        servers.sshd(tmp_path / "stranger") as other,
        pytest.raises(Problem, match="another host key") as caught,
    ):
        sftp.SftpTarget(other.config, other.secret, first.host_key).list()
    assert "SHA256:" in caught.value.detail


@pytest.mark.outside
def test_a_wrong_secret_is_told_without_the_secret(ssh: servers.Ssh) -> None:
    with pytest.raises(Problem) as caught:
        sftp.SftpTarget(ssh.config, "not-the-password-9").list()
    assert "not-the-password-9" not in caught.value.detail


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "small").write_bytes(b"small")
    with pytest.raises(Problem, match="could not be used"):
        folder.FolderTarget(folder.Config(str(tmp_path / "file"))).put(tmp_path / "small", "acme/1.ahqb")


def test_half_a_file_is_never_listed(tmp_path: Path) -> None:
    target = folder.FolderTarget(folder.Config(str(tmp_path)))
    (tmp_path / "acme").mkdir()
    shutil.copyfile(__file__, tmp_path / "acme" / "1.ahqb.partial")
    assert target.list() == []
