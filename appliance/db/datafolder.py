"""The data folder: private and local."""

import os
from pathlib import Path

from appliance.errors import Problem

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "glusterfs", "fuse.glusterfs", "ceph", "afs", "lustre"}


def prepare(folder: Path, shared: bool = False) -> None:
    """Make the folder with mode 0700. Raises Problem(config) when it can't be written.

    Unless it is `shared`, with its data elsewhere, also when it is on a network filesystem.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        detail = f"The data folder {folder} can't be written: {error.strerror}. Choose another with --data DIR."
        raise Problem("disk_full" if error.errno == 28 else "config", detail) from error
    kind = filesystem(folder)
    if kind in NETWORK and not shared:
        raise Problem("config", f"{folder} is on {kind}: SQLite loses data on network filesystems. Use a local disk.")


def filesystem(folder: Path, mounts: str = "") -> str:
    """The filesystem type that holds `folder` ("" where the system does not tell)."""
    table = Path("/proc/mounts")
    text = mounts or (table.read_text() if table.exists() else "")
    here = str(folder.resolve()) + "/"
    best, kind = "", ""
    for line in text.splitlines():
        _, point, fstype, *_ = line.split()
        point = point.replace("\\040", " ").rstrip("/") + "/"
        if here.startswith(point) and len(point) >= len(best):
            best, kind = point, fstype
    return kind
