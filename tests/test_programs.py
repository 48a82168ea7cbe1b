"""Outside programs: bounded in time and output, and gone with everything they started."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from appliance.children import plain, programs, warden
from appliance.children.programs import Ended
from tests.waiting import until

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


def run(folder: Path, *command: str, **more: object) -> Ended:
    given = {"timeout_s": 20, "output_limit": 4000, "env": plain()} | more
    return programs.run(list(command), cwd=folder, **given)  # type: ignore[arg-type]


def shell(folder: Path, text: str, **more: object) -> Ended:
    return run(folder, "sh", "-c", text, **more)


def alive(file: Path) -> bool:
    """Whether the process that wrote its number into `file` still runs."""
    pid = file.read_text().strip()
    return any(str(one.pid) == pid for one in warden._living())


def test_a_program_ends_with_its_code_and_its_output(tmp_path: Path) -> None:
    assert shell(tmp_path, "echo out; echo err >&2; exit 3") == Ended(3, "out\n", "err\n")
    assert Ended(3, "out\n", "err\n").output == "out\nerr"


def test_a_program_reads_what_it_is_given_and_stands_in_its_folder(tmp_path: Path) -> None:
    assert run(tmp_path, "cat", stdin=b"x" * 300_000, output_limit=1_000_000).stdout == "x" * 300_000
    assert run(tmp_path, "pwd").stdout == f"{tmp_path}\n"
    assert run(tmp_path, "cat").stdout == ""


def test_a_program_sees_nothing_that_was_given_to_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGENTHQ_MASTER_KEY", "OPENAI_API_KEY", "PYTHONPATH"):
        monkeypatch.setenv(name, "hunter2")
    assert "hunter2" not in run(tmp_path, "env").stdout
    # Neither through the process in between, which has the same user.
    assert "hunter2" not in shell(tmp_path, "cat /proc/$PPID/environ").stdout


@pytest.mark.parametrize(("command", "code", "said"), [("no-such-thing", 127, "No such"), ("/", 126, "denied")])
def test_what_cannot_be_started_ends_as_in_a_shell(tmp_path: Path, command: str, code: int, said: str) -> None:
    ended = run(tmp_path, command)
    assert ended.code == code
    assert said in ended.stderr


def test_a_signal_is_a_negative_code(tmp_path: Path) -> None:
    assert shell(tmp_path, "kill -SEGV $$").code == -signal.SIGSEGV


def test_100_mb_of_output_keep_their_beginning_and_their_end(tmp_path: Path) -> None:
    ended = shell(tmp_path, "echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last")
    assert ended.cut == 100_000_012 - 4000
    assert len(ended.stdout) < 4100
    assert ended.stdout.startswith("first\nxxx")
    assert ended.stdout.endswith("xxx\nlast\n")
    assert f"[{ended.cut:,} bytes left out]" in ended.stdout


def test_output_that_is_no_text_becomes_text(tmp_path: Path) -> None:
    assert shell(tmp_path, r"printf 'a\377\000b'").stdout == "a\ufffd\ufffdb"


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    ended = shell(tmp_path, "sleep 60 & echo $! > pid; sleep 60", timeout_s=0.5)
    assert (ended.timed_out, ended.code) == (True, -signal.SIGTERM)
    assert not alive(tmp_path / "pid")


def test_a_program_that_ignores_term_is_killed(tmp_path: Path) -> None:
    began = time.monotonic()
    ended = run(tmp_path, sys.executable, "-c", STUBBORN, timeout_s=0.5)
    assert (ended.timed_out, ended.code) == (True, -signal.SIGKILL)
    assert 2 < time.monotonic() - began < 4


def test_mistake_13_a_cancelled_program_is_gone_with_its_tree_within_a_second(tmp_path: Path) -> None:
    asked: list[float] = []

    def cancelled() -> bool:
        if not asked and (tmp_path / "pid").exists():
            asked.append(time.monotonic())
        return bool(asked)

    (tmp_path / "stubborn.py").write_text(f"import os; open('pid', 'w').write(str(os.getpid()))\n{STUBBORN}")
    ended = shell(tmp_path, f"setsid {sys.executable} stubborn.py & sleep 60", cancelled=cancelled)
    assert ended.cancelled
    assert time.monotonic() - asked[0] < 1
    assert not alive(tmp_path / "pid")


def test_mistake_13_a_daemon_that_forked_twice_ends_with_its_program(tmp_path: Path) -> None:
    ended = shell(tmp_path, "(setsid sh -c 'echo $$ > pid; sleep 60' & ) ; until [ -s pid ]; do sleep 0.01; done")
    assert ended.code == 0
    assert not alive(tmp_path / "pid")


def test_mistake_13_what_a_program_leaves_dies_even_when_its_watcher_is_killed(tmp_path: Path) -> None:
    ended = shell(tmp_path, "sleep 60 & echo $! > pid; kill -9 $PPID; sleep 60")
    assert ended.code == -9
    assert "from outside" in ended.stderr
    assert not alive(tmp_path / "pid")


def test_mistake_12_a_number_that_went_to_a_stranger_is_not_signalled() -> None:
    stranger = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")
    looks = iter([[warden.Process(stranger, 1, 1)], []])
    try:
        # Between the two looks the process that was meant has gone; its number stands for another now.
        assert warden.send(lambda: next(looks), signal.SIGKILL) == 0
        assert os.waitpid(stranger, os.WNOHANG) == (0, 0)
    finally:
        os.kill(stranger, signal.SIGKILL)
        os.waitpid(stranger, 0)


def test_programs_run_side_by_side(tmp_path: Path) -> None:
    codes: list[int] = []
    threads = [threading.Thread(target=lambda n=n: codes.append(shell(tmp_path, f"exit {n}").code)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(codes) == list(range(8))


def test_nothing_is_left_behind_by_an_error_of_ours(tmp_path: Path) -> None:
    def broken() -> bool:
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        shell(tmp_path, "echo $$ > pid; sleep 60", cancelled=broken)
    until(lambda: not alive(tmp_path / "pid"), 2)
