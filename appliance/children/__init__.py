"""The one place that starts outside programs: each gets an environment without our secrets and our libraries."""

import os
import subprocess
import sys
from collections.abc import Mapping

_NAMES = ("MASTER_KEY", "DATABASE_URL", "QUEUE_URL", "SMTP_PASSWORD", "METRICS_TOKEN", "OTLP_HEADERS")
SECRETS = tuple(f"AGENTHQ_{name}" for name in _NAMES)
LOADER = ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")

# The service's own line to systemd: no child may say that the box is well.
SERVICE = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")
PLAIN = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL")


def environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child may see. The executable's loader keeps what it replaced under NAME_ORIG; that is put back."""
    given = dict(os.environ if env is None else env)
    clean = {k: v for k, v in given.items() if not k.startswith(("_PYI_", "_MEI"))}
    clean = {k: v for k, v in clean.items() if k.removesuffix("_FILE") not in SECRETS and k not in SERVICE}
    if not getattr(sys, "frozen", False):
        return clean
    for name in LOADER:
        original = clean.pop(name + "_ORIG", None)
        clean.pop(name, None)
        if original is not None:
            clean[name] = original
    return clean


def plain(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a program that an agent chose may see: enough to work, nothing that somebody gave to this server."""
    return {name: value for name, value in environment(env).items() if name in PLAIN or name.startswith("LC_")}


def ourselves() -> list[str]:
    """The command line that starts this program again."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "appliance"]


def start(command: list[str], **extra: str) -> "subprocess.Popen[str]":
    """`extra` is added to the clean environment; output is captured as text."""
    return subprocess.Popen(
        command,
        env=environment() | extra,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
