"""The data folder and the disk below it."""

import os
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from appliance import clock, diskspace, keyfile, logs
from appliance.db import datafolder
from appliance.doctor.finding import FOLDER, MENDS, Fault, Scene, check
from appliance.errors import Problem
from appliance.settings import TABLE

LEFTOVERS = ("tenants/*.creating", "templates/*.partial*", "control.partial*", "keys/*.partial", ".probe-*")
AHEAD_S = 60.0
SECRET = re.compile(rf"(?m)^\s*({'|'.join(setting.name for setting in TABLE if setting.secret)})\s*=")
# What may still be in the making.
YOUNG_S = 600.0


@check("data.folder", FOLDER)
def folder(scene: Scene) -> str:
    try:
        datafolder.prepare(scene.folder, shared=True)
    except Problem as problem:
        raise Fault(problem.title, problem.detail) from problem
    return f"{scene.folder} can be written"


@check("data.filesystem", FOLDER)
def filesystem(scene: Scene) -> str:
    kind = datafolder.filesystem(scene.folder)
    if kind in datafolder.NETWORK and not scene.settings.database_url:
        raise Fault(
            f"the data folder is on {kind}", "SQLite loses data on network filesystems: move it to a local disk."
        )
    return kind or "local"


@check("data.private", FOLDER)
def private(scene: Scene) -> str:
    if open_to := _open_to_others([scene.folder]):
        names = " ".join(str(path) for path in open_to)
        raise Fault(
            f"others can read {', '.join(str(path) for path in open_to)}", f"Run: chmod go-rwx {names}", "warning"
        )
    return "only its owner can read the folder"


@check("keys.mode", FOLDER)
def key_mode(scene: Scene) -> str:
    file = keyfile.path(scene.folder)
    if _open_to_others([file]):
        raise Fault(f"others can read {file}", f"Run: chmod go-rwx {file}")
    return "only its owner can read the key file" if file.exists() else "there is no key file"


@check("config.file", FOLDER)
def config_file(scene: Scene) -> str:
    """A file with secrets in it is the owner's alone; what is in it was read before any check."""
    file = scene.folder / "agenthq.toml"
    if not file.exists():
        return "there is no agenthq.toml"
    secret = SECRET.search(file.read_text())
    if secret and _open_to_others([file, scene.folder]) == [file, scene.folder]:
        raise Fault(f"others can read {file}, which sets {secret[1]}", f"Run: chmod go-rwx {file}", "warning")
    return "agenthq.toml is read"


@check("data.disk", FOLDER)
def disk(scene: Scene) -> str:
    space = diskspace.look(scene.folder)
    if space.share < diskspace.FLOOR:
        raise Fault(space.words, "Free some space: below 5 % new work is not started.")
    return space.words


@check("data.inodes", FOLDER)
def inodes(scene: Scene) -> str:
    share = diskspace.look(scene.folder).inode_share
    if share < diskspace.FLOOR:
        raise Fault(f"{share:.1%} of the inodes are free", "Remove small files from this filesystem, or use another.")
    return f"{share:.0%} of the inodes are free"


@check("system.clock", FOLDER)
def wall_clock(scene: Scene) -> str:
    """A clock that went back shows in files that were written after now."""
    now = clock.now().timestamp()
    seen = [scene.folder / name for name in ("control.db", "control.db-wal", "server.lock", f"logs/{logs.FILE}")]
    ahead = max((path.stat().st_mtime - now for path in seen if path.exists()), default=0.0)
    if ahead > AHEAD_S:
        fix = "Set the clock of this machine right (timedatectl); schedules, leases and sessions go by it."
        raise Fault(f"a file was written {ahead:.0f} s after what the clock says now", fix)
    return "no file is newer than now"


@check("data.leftovers", FOLDER)
def leftovers(scene: Scene) -> str:
    if found := _leftovers(scene.folder):
        fix = "Nobody needs them. Run agenthq doctor --fix while the server is stopped, or remove them."
        raise Fault(f"left by something that was interrupted: {', '.join(path.name for path in found)}", fix, "warning")
    return "nothing interrupted was left behind"


@check("logs.size", FOLDER)
def log_size(scene: Scene) -> str:
    held, most = _log_size(scene)
    said = f"{held / 2**20:.0f} MB of logs"
    if held > most:
        fix = "Run agenthq doctor --fix, which removes the oldest, or lower AGENTHQ_LOG_FILES."
        raise Fault(f"{said}, more than the {most / 2**20:.0f} MB of the settings", fix, "warning")
    return said


@check("server", FOLDER)
def server(scene: Scene) -> str:
    owner = scene.server
    return f"running as process {owner.get('pid')} at {owner.get('link')}" if owner else "not running"


def _mend_modes(scene: Scene) -> str:
    changed = _open_to_others([scene.folder, keyfile.path(scene.folder), scene.folder / "agenthq.toml"])
    for path in changed:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o077)
    return f"took others' rights on {', '.join(str(path) for path in changed)}" if changed else ""


def _mend_leftovers(scene: Scene) -> str:
    if scene.server:
        return ""
    found = _leftovers(scene.folder)
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return f"removed {', '.join(path.name for path in found)}"


def _mend_logs(scene: Scene) -> str:
    removed = []
    for path in reversed(logs.files(scene.folder)[1:]):
        held, most = _log_size(scene)
        if held <= most:
            break
        path.unlink()
        removed.append(path.name)
    return f"removed {', '.join(removed)}" if removed else ""


def _open_to_others(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]


def _leftovers(folder: Path) -> list[Path]:
    old = clock.now().timestamp() - YOUNG_S
    found = [path for pattern in LEFTOVERS for path in folder.glob(pattern)]
    return sorted(path for path in found if path.lstat().st_mtime < old)


def _log_size(scene: Scene) -> tuple[int, int]:
    """What the logs hold and what they may hold in all, in bytes."""
    held = sum(os.stat(path).st_size for path in logs.files(scene.folder))
    return held, int(scene.settings.log_mb * (scene.settings.log_files + 2) * 2**20)


MENDS |= {"data.private": _mend_modes, "keys.mode": _mend_modes, "config.file": _mend_modes}
MENDS |= {"data.leftovers": _mend_leftovers, "logs.size": _mend_logs}
