"""Workflows: how long a long one takes to be judged."""

import statistics
import time
from collections.abc import Iterator

from appliance.domain.workflows import reading
from tests.bench.figure import Figure

STEPS = 500
ROUNDS = 20
HEAD = """
slug: long
inputs: {change: string, amount: {type: integer, default: 2}}
steps:
"""
KINDS = (
    """
  - id: s{n}
    agent: dana
    title: Part {n} of ${{{{ inputs.change }}}}
    body: |
      Read ${{{{ inputs.change }}}} and write part{n}.md.
    checks: [{{file_exists: part{n}.md}}]
    retry: {{max_attempts: 3, base: 5s}}
    timeout: 30m
""",
    """
  - id: s{n}
    http: {{method: POST, url: "https://example.com/{n}", body: {{seen: "${{{{ steps.s{before}.output }}}}"}}}}
""",
    """
  - id: s{n}
    when: ${{{{ inputs.amount > {n} and steps.s{before}.state == "done" }}}}
    then: [{{id: inner, command: python3 test.py {n}}}]
""",
    """
  - id: s{n}
    approval: Publish part {n} of ${{{{ inputs.change }}}}?
    options: [publish, wait]
""",
)


def measure() -> Iterator[Figure]:
    source = text()
    report = reading.check(source)
    assert report.definition and len(report.definition.steps) == STEPS, report.faults
    yield Figure(
        f"validate a {STEPS}-step workflow", statistics.median(_once(source) for _ in range(ROUNDS)), "ms", 100
    )


def text() -> str:
    return HEAD + "".join(KINDS[n % len(KINDS)].format(n=n, before=max(n - 1, 0)) for n in range(STEPS))


def _once(source: str) -> float:
    began = time.perf_counter()
    reading.check(source)
    return (time.perf_counter() - began) * 1000
