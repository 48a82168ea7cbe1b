"""Runs every check in order, one line each; stops at the first that fails and says how to run just that one.

`python -m tests.check` runs all, `python -m tests.check types fast` runs the named stages.
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


MOST_MINUTES = 30
LAST_WORDS_S = 5


class Stage(NamedTuple):
    name: str
    command: str


STAGES = (
    Stage("lint", "ruff check ."),
    Stage("format", "ruff format --check ."),
    Stage("types", "mypy"),
    Stage("layers", "lint-imports"),
    Stage("docs", "python -m tests.docs.generate --check"),
    Stage("sizes", f"{PYTEST} tests/docs/test_sizes.py"),
    Stage("pages", f"{PYTEST} tests/ui"),
    Stage("fast", f"{PYTEST} -n 2 -m 'not ({SLOW})' --deselect tests/docs/test_sizes.py --ignore tests/ui"),
    Stage("outside", f"{PYTEST} -n 2 -m 'outside or llmock'"),
    Stage("crash", f"{PYTEST} -n 2 -m crash"),
    Stage("browser", f"{PYTEST} -n 2 -m browser"),
    Stage("dist", "make dist"),
    Stage("smoke", f"{PYTEST} -m smoke"),
)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - {stage.name for stage in STAGES}
    if unknown:
        print(f"Unknown stage {', '.join(sorted(unknown))}; there are: {', '.join(stage.name for stage in STAGES)}")
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failed = False
    for stage in STAGES:
        if failed or (wanted and stage.name not in wanted):
            continue
        output, failed = run(stage)
        for word in counts:
            counts[word] += sum(int(number) for number in re.findall(rf"(\d+) {word}", last_line(output)))
        if failed:
            print(f"\n{output.rstrip()}\n\nRun just this stage with: make check STAGE={stage.name}")
            print(f"The command was: {stage.command}")
    print(f"{counts['passed']} passed, {max(counts['failed'], int(failed))} failed, {counts['skipped']} skipped")
    return int(failed)


def run(stage: Stage) -> tuple[str, bool]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AGENTHQ_")}
    env = ours | {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}", "REQUIRE_EXECUTABLE": "1"}
    if stage.name == "fast" and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30:
        # Every commit waits for the disk; what these tests prove does not depend on it.
        env["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)
    started, log = time.monotonic(), LOGS / f"{stage.name}.log"
    with log.open("wb") as out:
        code = ended(stage.command, env, out)
    output = log.read_text(errors="replace")
    told = last_line(output) if "pytest" in stage.command else ""
    word = "FAIL" if code else "ok"
    print(f"{word:<4} {stage.name:<8} {time.monotonic() - started:6.1f} s  {told}", flush=True)
    return output, code != 0


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
