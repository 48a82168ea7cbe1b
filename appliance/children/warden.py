"""The process between us and an outside program: it outlives neither the program nor us, and leaves nothing behind.

Started as a script of its own with nothing but the standard library, so it is there in 30 ms. It adopts whatever the
program leaves behind (PR_SET_CHILD_SUBREAPER), so a daemon that forked twice is still found. A socket joins it to us:
the order comes in, the outcome goes out, and when the socket closes we are dead and the whole tree is killed at once.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
NOT_FOUND, NOT_ALLOWED = 127, 126
STEP_S = 0.02
PROC = Path("/proc")


class Process(NamedTuple):
    pid: int
    parent: int
    session: int


def main(fd: int) -> None:
    """Carry out the one order that comes over the socket `fd`."""
    for harmless in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(harmless, signal.SIG_IGN)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    with socket.socket(fileno=fd) as control:
        order = json.loads(_line(control))
        # Written before the program exists: its exit can't come between a look and a wait.
        ended, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            program = _start(order)
        except (OSError, ValueError) as error:
            _tell(control, code=NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_ALLOWED, fault=str(error))
            return
        code = _watch(program, control, ended)
        _tell(control, code=code, fault="")


def _start(order: dict[str, Any]) -> "subprocess.Popen[bytes]":
    """The program in a group of its own, which dies when this process does. Forking is safe: one thread."""
    ourselves = os.getpid()

    def dying_with_us() -> None:
        for usual in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(usual, signal.SIG_DFL)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != ourselves:
            os._exit(1)

    argv, cwd, env = order["argv"], order["cwd"], order["env"]
    return subprocess.Popen(argv, cwd=cwd, env=env, process_group=0, preexec_fn=dying_with_us)  # noqa: PLW1509


def _watch(program: "subprocess.Popen[bytes]", control: socket.socket, ended: int) -> int:
    """Wait for the program, or for the word to stop; what it left behind is killed either way."""
    while program.poll() is None:
        ready = select.select([control.fileno(), ended], [], [])[0]
        if ended in ready:
            os.read(ended, 4096)
            _reap(program.pid)
        if control.fileno() in ready:
            word = control.recv(4096)
            # No word: whoever gave the order is dead, and the same work may be under way elsewhere in a moment.
            grace = float(json.loads(word)["stop"]) if word else 0.0
            end(lambda: below(os.getpid()), grace, program)
            break
    end(lambda: below(os.getpid()), 0.0, program)
    return program.wait()


def end(find: "Callable[[], list[Process]]", grace_s: float, program: "subprocess.Popen[bytes] | None" = None) -> None:
    """TERM to all that `find` finds, KILL after the grace, until nothing is found."""
    until = time.monotonic() + grace_s
    if grace_s:
        _signal(find, program, signal.SIGTERM)
        while time.monotonic() < until and _left(find, program):
            time.sleep(STEP_S)
    while _left(find, program):
        _signal(find, program, signal.SIGKILL)
        time.sleep(STEP_S / 4)


def _signal(find: "Callable[[], list[Process]]", program: "subprocess.Popen[bytes] | None", number: int) -> None:
    if not send(find, number) and program is not None and program.poll() is None:
        # No /proc here: its group is all that can be reached, and can't be another's before the program is buried.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, number)


def _left(find: "Callable[[], list[Process]]", program: "subprocess.Popen[bytes] | None") -> bool:
    if program is not None:
        program.poll()
        _reap(program.pid)
    return bool(find()) or (program is not None and program.poll() is None)


def send(find: "Callable[[], list[Process]]", number: int) -> int:
    """Signal what `find` finds; how many. A number may be a stranger's by now: it is pinned, then looked up again."""
    pinned = {one.pid: fd for one in find() if (fd := _pin(one.pid)) is not None}
    still = {one.pid for one in find()}
    for pid, fd in pinned.items():
        if pid in still:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(fd, number)
        os.close(fd)
    return len(still & pinned.keys())


def below(ancestor: int) -> list[Process]:
    """Every living process whose ancestor this is; none where there is no /proc."""
    every, family = list(_living()), {ancestor}
    while more := {one.pid for one in every if one.parent in family} - family:
        family |= more
    return [one for one in every if one.pid in family and one.pid != ancestor]


def of_session(session: int) -> list[Process]:
    return [one for one in _living() if one.session == session]


def _living() -> Iterator[Process]:
    for folder in PROC.glob("[0-9]*"):
        try:
            # The name in brackets may hold anything, also blanks and brackets.
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in "ZX":
            yield Process(int(folder.name), int(fields[1]), int(fields[3]))


def _pin(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _reap(program: int) -> None:
    """Bury adopted processes; the program itself belongs to whoever waits for it."""
    for one in _adopted():
        if one != program:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(one, os.WNOHANG)


def _adopted() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  there is nothing to load elsewhere

        ctypes.CDLL(None).prctl(option, value)


def _line(control: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        part = control.recv(65536)
        if not part:
            raise SystemExit(1)
        line += part
    return line


def _tell(control: socket.socket, **outcome: Any) -> None:
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(outcome).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
