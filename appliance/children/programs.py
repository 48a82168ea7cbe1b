"""Programs that agents and checks run: bounded in time and output, and ended as a whole tree."""

import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from appliance import children
from appliance.children import warden

VERB = "_warden"
GRACE_S = 2.0
# A cancel is seen after at most POLL_S, and the tree is gone within a second of it.
CANCEL_GRACE_S = 0.5
POLL_S = 0.2
DRAIN_S = 0.5
PIECE = 65536


class Ended(NamedTuple):
    """How a program ended. A negative `code` is the signal that ended it; `cut` counts the bytes of output left out."""

    code: int
    stdout: str
    stderr: str
    timed_out: bool = False
    cancelled: bool = False
    cut: int = 0

    @property
    def output(self) -> str:
        """Both streams, for a reader."""
        return "\n".join(part for part in (self.stdout.rstrip("\n"), self.stderr.rstrip("\n")) if part)


def run(
    command: list[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    timeout_s: float,
    output_limit: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> Ended:
    """Run `command` to its end; afterwards nothing of its tree is left.

    `output_limit` is in bytes for each stream; the beginning and the end are kept. `cancelled` is asked every 0.2 s in
    this thread. A command that can't be started ends with 127 or 126 and the reason in `stderr`, as in a shell.
    """
    with _started(command, cwd, env, stdin) as watched:
        return watched.to_its_end(timeout_s, output_limit, cancelled)


class _Watched:
    """The warden's process, the socket to it, and what has come out of the program."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._report = b""

    def to_its_end(self, timeout_s: float, limit: int, cancelled: Callable[[], bool]) -> Ended:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        out, err = _Kept(limit), _Kept(limit)
        with self._selector:
            self._selector.register(self._process.stdout, selectors.EVENT_READ, out)
            self._selector.register(self._process.stderr, selectors.EVENT_READ, err)
            self._selector.register(self._control, selectors.EVENT_READ, None)
            why = self._until_over(time.monotonic() + timeout_s, cancelled)
            # Nobody is left to write, except a program that hid from us; it is not waited for.
            self._drain()
        code, fault = self._outcome()
        stderr = fault or err.text
        return Ended(code, out.text, stderr, why == "time", why == "cancelled", out.cut + err.cut)

    def _until_over(self, deadline: float, cancelled: Callable[[], bool]) -> str:
        """Until the warden has nothing more to say; "time" or "cancelled" when the program was stopped."""
        why, asked = "", time.monotonic()
        while self._read(POLL_S):
            if why:
                continue
            if time.monotonic() >= deadline:
                why = "time"
                self._stop(GRACE_S)
            elif time.monotonic() - asked >= POLL_S:
                asked = time.monotonic()
                if cancelled():
                    why = "cancelled"
                    self._stop(CANCEL_GRACE_S)
        return why

    def _read(self, patience_s: float) -> bool:
        """Take what has come; false once the warden has hung up."""
        open_ = True
        for key, _ in self._selector.select(patience_s):
            if key.data is None:
                part = self._control.recv(4096)
                self._report += part
                open_ = bool(part)
            elif piece := os.read(key.fd, PIECE):
                key.data.add(piece)
            else:
                self._selector.unregister(key.fileobj)
        return open_

    def _drain(self) -> None:
        self._selector.unregister(self._control)
        until = time.monotonic() + DRAIN_S
        while self._selector.get_map() and time.monotonic() < until:
            self._read(until - time.monotonic())

    def _stop(self, grace_s: float) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(json.dumps({"stop": grace_s}).encode())

    def _outcome(self) -> tuple[int, str]:
        if self._report:
            told = json.loads(self._report)
            return int(told["code"]), str(told["fault"])
        # The warden was killed: the session is still its own, for it is not buried yet.
        warden.end(lambda: warden.of_session(self._process.pid), 0.0)
        return -9, "The program was ended from outside."


@contextlib.contextmanager
def _started(command: list[str], cwd: Path, env: Mapping[str, str], stdin: bytes) -> Iterator[_Watched]:
    """The warden with its order; when this is left, by an error too, the tree is dead."""
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as closing:
        closing.enter_context(ours)
        given = closing.enter_context(_as_file(stdin))
        with theirs:
            process = subprocess.Popen(
                [*_warden(), str(theirs.fileno())],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=_own_environment(),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        closing.enter_context(process)
        # Before the process is waited for: without the socket the warden ends its tree.
        closing.callback(ours.close)
        order = {"argv": command, "cwd": str(cwd), "env": dict(env)}
        ours.sendall(json.dumps(order).encode() + b"\n")
        yield _Watched(process, ours)


def _warden() -> list[str]:
    if getattr(sys, "frozen", False):
        return [*children.ourselves(), VERB]
    return [sys.executable, "-I", "-S", warden.__file__]


def _own_environment() -> dict[str, str]:
    """For the warden itself. The executable must know where it is unpacked, or it would unpack itself again."""
    return {k: v for k, v in os.environ.items() if k.startswith(("_PYI_", "_MEI", "LD_LIBRARY_PATH"))}


def _as_file(data: bytes) -> IO[bytes]:
    """A file can't block its writer, however much the program leaves unread."""
    file = tempfile.TemporaryFile() if data else Path(os.devnull).open("rb")  # noqa: SIM115  the caller closes it
    if data:
        file.write(data)
        file.seek(0)
    return file


class _Kept:
    """The first and the last bytes of a stream, half of `limit` each."""

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._head = b""
        self._tail: deque[bytes] = deque()
        self._size = 0
        self._total = 0

    def add(self, piece: bytes) -> None:
        self._total += len(piece)
        room = self._half - len(self._head)
        self._head += piece[:room]
        if rest := piece[room:]:
            self._tail.append(rest)
            self._size += len(rest)
        while self._tail and self._size - len(self._tail[0]) >= self._half:
            self._size -= len(self._tail.popleft())

    @property
    def cut(self) -> int:
        return max(0, self._total - 2 * self._half)

    @property
    def text(self) -> str:
        gap = f"\n[{self.cut:,} bytes left out]\n".encode() if self.cut else b""
        whole = self._head + gap + b"".join(self._tail)[-self._half :]
        # A database keeps no NUL in a text.
        return whole.decode("utf-8", "replace").replace("\0", "\ufffd")
