"""The service in the hands of systemd: its unit in place, started, stopped, and asked how it is."""

import os
from pathlib import Path

from appliance import children
from appliance.cli.show import facts
from appliance.errors import Problem
from appliance.release import units

STATES = ("ActiveState", "SubState", "MainPID", "NRestarts", "StatusText", "UnitFileState")


def add(own: bool, text: str) -> None:
    """Write the unit and start it, now and with the machine. Raises Problem(config) and Problem(unavailable)."""
    _write(units.path(own), text)
    _systemctl(own, "daemon-reload")
    _systemctl(own, "enable", "--now", units.NAME)


def remove(own: bool) -> None:
    """Stop it and take its unit away. Raises Problem(unavailable)."""
    _systemctl(own, "disable", "--now", units.NAME)
    units.path(own).unlink()
    _systemctl(own, "daemon-reload")


def restart(own: bool) -> None:
    """Raises Problem(unavailable)."""
    _systemctl(own, "restart", units.NAME)


def stop(own: bool) -> None:
    """Raises Problem(unavailable)."""
    _systemctl(own, "stop", units.NAME)


def installed() -> bool | None:
    """Is there a service: True for one of the person, False for one of the machine, None for none."""
    return next((own for own in (True, False) if units.path(own).exists()), None)


def states(own: bool) -> dict[str, str]:
    lines = _systemctl(own, "show", units.NAME, f"--property={','.join(STATES)}").splitlines()
    return dict(line.partition("=")[::2] for line in lines if "=" in line)


def words(state: dict[str, str]) -> str:
    named = {"ActiveState": "State", "SubState": "Detail", "MainPID": "Process", "NRestarts": "Restarts"}
    named |= {"StatusText": "Says", "UnitFileState": "At start"}
    return facts([(name, state.get(key)) for key, name in named.items()])


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(text)
        os.replace(partial, path)
    except OSError as error:
        raise Problem("config", f"{path} can't be written: {error.strerror}. Use sudo, or --user.") from error


def _systemctl(own: bool, *words: str) -> str:
    command = ["systemctl", *(["--user"] if own else []), *words]
    try:
        process = children.start(command)
        out, err = process.communicate(timeout=120)
    except OSError as error:
        raise Problem(
            "unavailable", f"systemd is not here ({error.strerror}). Run later: {' '.join(command)}"
        ) from error
    if process.returncode:
        raise Problem("unavailable", f"{' '.join(command)} failed: {err.strip() or out.strip()}")
    return out
