"""A task's folder of files. Nothing leaves it: not by `..`, not by an absolute path, not through a symlink."""

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from appliance.errors import Problem

FILE_LIMIT = 16 * 1024 * 1024
LIST_LIMIT = 2000
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class File(msgspec.Struct, frozen=True):
    """`path` is relative to the workspace, with forward slashes; `size` in bytes."""

    path: str
    size: int
    modified: float


class Workspace:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes:
        """Raises Problem(not_found) when there is no such file, Problem(forbidden) outside the workspace."""
        try:
            with os.fdopen(self._open(path, os.O_RDONLY), "rb") as file:
                return file.read(FILE_LIMIT)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise Problem("not_found", f"There is no file {path}.") from None

    def text(self, path: str) -> str | None:
        """The file as UTF-8, or None when there is none."""
        try:
            return self.read(path).decode("utf-8", "replace")
        except Problem:
            return None

    def write(self, path: str, content: bytes) -> None:
        """Create or replace; folders are made. A reader sees the old file or the new one, never a half."""
        if len(content) > FILE_LIMIT:
            raise Problem("too_large", f"{path} would be {len(content):,} bytes; a file may have {FILE_LIMIT:,}.")
        parts = _parts(path)
        try:
            folder = self._folder(parts[:-1], make=True)
            try:
                _replace(folder, parts[-1], content)
            finally:
                os.close(folder)
        except OSError as error:
            raise _problem(error, path) from error

    def home(self) -> Path:
        """The folder itself, made when it is not there. Raises Problem(forbidden) when a link stands in its place."""
        if self.folder.is_symlink():
            raise Problem("forbidden", "The workspace was replaced by a link; it is not used.")
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def files(self) -> list[File]:
        """Every regular file, sorted by path; links are left out."""
        found: list[File] = []
        # Most tasks have no file: one look tells.
        if not os.path.lexists(self.folder) or self.folder.is_symlink():
            return found
        for root, folders, names in os.walk(self.folder, followlinks=False):
            folders.sort()
            for name in sorted(names):
                path = Path(root, name)
                info = path.lstat()
                if stat.S_ISREG(info.st_mode) and not name.endswith(".partial"):
                    found.append(File(path.relative_to(self.folder).as_posix(), info.st_size, info.st_mtime))
                if len(found) >= LIST_LIMIT:
                    return found
        return found

    def _open(self, path: str, flags: int) -> int:
        parts = _parts(path)
        try:
            folder = self._folder(parts[:-1])
            try:
                fd = os.open(parts[-1], flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            finally:
                os.close(folder)
        except (FileNotFoundError, NotADirectoryError):
            raise
        except OSError as error:
            raise _problem(error, path) from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise IsADirectoryError(path)
        return fd

    def _folder(self, parts: list[str], make: bool = False) -> int:
        """Open folder by folder without following links, so that a link swapped in meanwhile leads nowhere."""
        if make:
            self.folder.mkdir(parents=True, exist_ok=True)
        here = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        for part in parts:
            above = here
            try:
                if make:
                    _make(part, above)
                here = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
            finally:
                os.close(above)
        return here


def _replace(folder: int, name: str, content: bytes) -> None:
    partial = f".{name}.partial"
    with suppress(FileNotFoundError):
        os.unlink(partial, dir_fd=folder)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(partial, flags, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
        os.replace(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        # Half a file must not fill the disk further.
        with suppress(OSError):
            os.unlink(partial, dir_fd=folder)
        raise


def _make(name: str, folder: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        return


def _parts(path: str) -> list[str]:
    parts = [p for p in path.replace("\\", "/").split("/") if p not in ("", ".")]
    outside = path.startswith(("/", "\\", "~")) or ".." in parts or "\0" in path or any(len(p) > 200 for p in parts)
    if not parts or outside:
        raise Problem("forbidden", f"'{path}' is not a path inside this task's workspace.")
    return parts


def _problem(error: OSError, path: str) -> Problem:
    if error.errno in FULL:
        return Problem("disk_full", "The disk is full: the file was not written.")
    # ELOOP or ENOTDIR: a symbolic link stands in the way.
    return Problem("forbidden", f"'{path}' is not a path inside this task's workspace ({error.strerror}).")


def copy(files: Path, source: str, target: str) -> None:
    """The folder of one task as that of another; links stay links and lead nowhere. Raises Problem(disk_full)."""
    folder = of_task(files, source).folder
    if folder.is_symlink() or not folder.is_dir():
        return
    try:
        shutil.copytree(folder, of_task(files, target).folder, symlinks=True, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise Problem("disk_full", "The files could not be copied: is the disk full?") from error


class Holder(Protocol):
    """A task; `workspace_of` is the task in whose folder it works, when that is not its own."""

    @property
    def id(self) -> str: ...
    @property
    def workspace_of(self) -> str | None: ...


def of(files: Path, task: Holder) -> Workspace:
    """The folder a task works in: every way to a task's files goes through here."""
    return of_task(files, task.workspace_of or task.id)


def of_task(files: Path, task_id: str) -> Workspace:
    """`files` is the tenant's folder of files."""
    return Workspace(files / "workspaces" / task_id)
