"""Runs every check in order, one line each, and goes on after one that fails: a single run tells everything.

`python -m tests.check` runs all, `python -m tests.check types fast` runs the named stages. A few tests that failed
beside others are run once more, alone: those that pass then are named in the end, and don't fail the run.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "check"
PYTEST = "python -m pytest -q"
MEMORY = Path("/dev/shm")
SLOW = "outside or llmock or browser or smoke or crash or temporal"

MOST_MINUTES = 40
TESTS_FAILED = 1
LAST_WORDS_S = 5
# More than so many failures are no accident of a busy machine.
MOST_AGAIN = 10
ALONE = "-n 0 --last-failed --last-failed-no-failures none"


class Stage(NamedTuple):
    """`again`: what fails is run once more. Not where a failure that comes and goes is what is looked for."""

    name: str
    command: str
    again: bool = False


class Outcome(NamedTuple):
    passed: int
    failed: int
    skipped: int
    alone: tuple[str, ...] = ()
    """Tests that passed only when they were run again."""


STAGES = (
    Stage("lint", "ruff check ."),
    Stage("format", "ruff format --check ."),
    Stage("types", "mypy"),
    Stage("layers", "lint-imports"),
    Stage("docs", "python -m tests.docs.generate --check"),
    Stage("sizes", f"{PYTEST} tests/docs/test_sizes.py"),
    Stage("pages", f"{PYTEST} tests/ui"),
    Stage("fast", f"{PYTEST} -n 2 -m 'not ({SLOW})' --deselect tests/docs/test_sizes.py --ignore tests/ui", True),
    Stage("outside", f"{PYTEST} -n 2 -m 'outside or llmock'", True),
    Stage("crash", f"{PYTEST} -n 2 -m crash"),
    Stage("browser", f"{PYTEST} -n 2 -m browser", True),
    Stage("dist", "make dist"),
    Stage("smoke", f"{PYTEST} -m smoke", True),
)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - {stage.name for stage in STAGES}
    if unknown:
        print(f"Unknown stage {', '.join(sorted(unknown))}; there are: {', '.join(stage.name for stage in STAGES)}")
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    outcomes = {stage: run(stage) for stage in STAGES if not wanted or stage.name in wanted}
    for stage, outcome in outcomes.items():
        for test in outcome.alone:
            print(f"Passed only when run again, alone: {test}")
        if outcome.failed:
            print(f"{stage.name} failed; run just this stage with: make check STAGE={stage.name}")
    passed, failed, skipped = (sum(outcome[place] for outcome in outcomes.values()) for place in range(3))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return int(failed > 0)


def run(stage: Stage) -> Outcome:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AGENTHQ_")}
    env = ours | {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}", "REQUIRE_EXECUTABLE": "1"}
    # Compiled modules are kept, as with every user: some hundred servers start here, each in a third of the time.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    if stage.name == "fast" and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30:
        # Every commit waits for the disk; what these tests prove does not depend on it.
        env["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)
    started = time.monotonic()
    output, code = logged(stage.command, env, LOGS / f"{stage.name}.log")
    told = last_line(output) if "pytest" in stage.command else ""
    passed, failed, skipped = (counted(told, word) for word in ("passed", "failed|error", "skipped"))
    alone: tuple[str, ...] = ()
    if code == TESTS_FAILED and stage.again and failed <= MOST_AGAIN:
        later, code = logged(f"{stage.command} {ALONE}", env, LOGS / f"{stage.name}-again.log")
        alone = tuple(sorted(set(failures(output)) - set(failures(later))))
        passed, failed = passed + len(alone), failed - len(alone)
        told += f"; again, alone: {last_line(later)}"
        output += later
    print(f"{'FAIL' if code else 'ok':<4} {stage.name:<8} {time.monotonic() - started:6.1f} s  {told}", flush=True)
    if code:
        print(f"\n{output.rstrip()}\n\nThe command was: {stage.command}\n", flush=True)
    return Outcome(passed, max(failed, int(code != 0)), skipped, alone)


def logged(command: str, env: dict[str, str], log: Path) -> tuple[str, int]:
    """What it said, and its exit code."""
    with log.open("wb") as out:
        code = ended(command, env, out)
    return log.read_text(errors="replace"), code


def counted(line: str, word: str) -> int:
    return sum(int(number) for number in re.findall(rf"(\d+) (?:{word})", line))


def failures(output: str) -> list[str]:
    return re.findall(r"^(?:FAILED|ERROR) (tests/.*?)(?: - .*)?$", output, re.MULTILINE)


def ended(command: str, env: dict[str, str], out: IO[bytes]) -> int:
    """The exit code. What takes too long is ended; each of its Pythons first says where every thread stands.

    The output goes to a file: whatever a test leaves running would keep a pipe open for ever.
    """
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
    ) as running:  # fmt: skip
        try:
            return running.wait(MOST_MINUTES * 60)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGABRT)
            time.sleep(LAST_WORDS_S)
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            out.write(f"\nEnded after {MOST_MINUTES} minutes.\n".encode())
            return 1
        except BaseException:
            os.killpg(running.pid, signal.SIGTERM)
            raise


def last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1].strip("= ") if lines else ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
