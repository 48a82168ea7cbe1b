"""docs/semantics.md: the table, and why what is different is different."""

from tests.semantics.table import GROUPS, ROWS, Row

NOTE = "<!-- Written by `python -m tests.docs.generate` from tests/semantics/table. -->\n"


def semantics() -> str:
    differs = [row for row in ROWS if not row.same]
    parts = [INTRO.format(note=NOTE, rows=len(ROWS), differs=len(differs)), *map(_group, GROUPS)]
    return "\n".join([*parts, "## Why", "", *map(_argued, differs)]).rstrip() + "\n"


def _group(name: str) -> str:
    lines = [f"## {name}", "", "| | AgentHQ | Temporal |", "| --- | --- | --- |"]
    return "\n".join([*lines, *map(_line, GROUPS[name]), ""])


def _line(row: Row) -> str:
    theirs = "the same" if row.same else row.temporal
    mark = r" \*" if row.documented else ""
    return f"| {row.scenario} | {row.ours} | {theirs}{mark} |"


def _argued(row: Row) -> str:
    return f"### {row.scenario.rstrip(':…').rstrip()}\n\nHere: {row.ours}. Temporal: {row.temporal}. {row.why}\n"


INTRO = """# Semantics, compared with Temporal

{note}
Temporal is the engine for durable work that most people know, so this says what to expect by comparison. Each row is a
scenario that the tests play on AgentHQ, on SQLite and on PostgreSQL, and on Temporal's own test server with its Python
SDK (`make semantics`). Of {rows} rows, {differs} differ; the reasons stand below. Where a row is marked with \\*, the
test server leaves that part out and the column says what Temporal's documentation says.

The words: a *run* is here what a workflow execution is there, a *step* an activity, a *sub-task* a child workflow.
"""
