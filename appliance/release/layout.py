"""Where the program lies once it is installed: `versions/X` for each version, and a link `current` to one of them."""

import filecmp
import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from appliance.errors import Problem

PROGRAM = "agenthq"
VERSION = re.compile(r"\d+\.\d+\.\d+(?:[-+.][0-9A-Za-z.]+)?")


class Layout(NamedTuple):
    """`current` is "" while nothing is installed in `home`."""

    home: Path
    current: str
    versions: tuple[str, ...]

    @property
    def program(self) -> Path:
        """Stays right over all updates."""
        return self.home / "current" / PROGRAM


def default_home() -> Path:
    return Path("/opt/agenthq") if os.geteuid() == 0 else Path.home() / ".local/lib/agenthq"


def own_home() -> Path | None:
    """The home that this very program was started from, if it was installed."""
    folder = Path(sys.executable).resolve().parent
    home = folder.parent.parent
    return home if folder.parent.name == "versions" and (home / "current").is_symlink() else None


def ourselves() -> Path:
    """What is to be installed: the single file, or the folder. Raises Problem(config) for a checkout."""
    if not getattr(sys, "frozen", False):
        raise Problem(
            "config", "This is AgentHQ from its source code, which stays where it is. Install the built program."
        )
    program = Path(sys.executable).resolve()
    inside = Path(str(getattr(sys, "_MEIPASS", "")))
    return program.parent if program.parent in (inside, *inside.parents) else program


def read(home: Path) -> Layout:
    link, versions = home / "current", home / "versions"
    found = sorted(p.name for p in versions.iterdir() if VERSION.fullmatch(p.name)) if versions.is_dir() else []
    return Layout(home, Path(os.readlink(link)).name if link.is_symlink() else "", tuple(found))


def lay_out(source: Path, home: Path, version: str) -> Path:
    """Put the single file or the folder `source` into its place; the folder of the version.

    A version that is there already stays when it is the same program. Raises Problem(conflict) when it is another.
    """
    if not VERSION.fullmatch(version):
        raise Problem("config", f"'{version}' is not a version such as 1.4.0.")
    final = home / "versions" / version
    program = source / PROGRAM if source.is_dir() else source
    if final.exists():
        if filecmp.cmp(program, final / PROGRAM, shallow=False):
            return final
        raise Problem("conflict", f"{final} holds another program of the same version. Remove it, or install a newer.")
    partial = final.with_name(f".{version}.{os.getpid()}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, partial, symlinks=True)
        else:
            partial.mkdir()
            shutil.copy2(source, partial / PROGRAM)
        (partial / PROGRAM).chmod(0o755)
        partial.rename(final)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise Problem("config", f"{home} can't be written: {error.strerror}. Choose another with --to DIR.") from error
    return final


def point(home: Path, version: str) -> None:
    """Let `current` lead to a version, from one moment to the next: there is always a program behind it."""
    if not (home / "versions" / version / PROGRAM).is_file():
        raise Problem("config", f"There is no version {version} in {home}.")
    fresh = home / f".current.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path("versions") / version)
    os.replace(fresh, home / "current")


def refuse_data_inside(home: Path, data: Path) -> None:
    """Raises Problem(config): an update or a removal of the program must not meet the data."""
    one, other = home.resolve(), data.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise Problem("config", f"The program ({home}) and the data ({data}) must not lie in one another.")
