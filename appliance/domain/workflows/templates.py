"""Workflows that come with the box, each a folder to read: workflow.yaml, README.md, and sample.json to try it with."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.workflows import library, reading
from appliance.domain.workflows.definition import Definition
from appliance.domain.workflows.library import Applied
from appliance.domain.workflows.nearest import meant
from appliance.errors import Problem, not_found

FOLDER = Path(__file__).parents[2] / "templates"
# In the order they are shown: the first is the quickest to understand.
SLUGS = ("release-notes", "support-triage", "code-review", "research-brief", "content-desk", "data-analysis")
_GIVES = re.compile(r"^\*\*You get\*\* (.+?)\n\n", re.MULTILINE | re.DOTALL)


class Template(msgspec.Struct, frozen=True):
    """`gives` is what comes of it, as Markdown; `source` the YAML, `sample` inputs it can be tried with."""

    slug: str
    name: str
    description: str
    gives: str
    readme: str
    source: str
    sample: dict[str, Any]
    agents: list[str]
    steps: int


def listing() -> list[Template]:
    return [_read(slug) for slug in SLUGS]


def get(slug: str) -> Template:
    """Raises Problem(not_found)."""
    if slug not in SLUGS:
        raise not_found("template", meant(slug, SLUGS))
    return _read(slug)


def definition(slug: str) -> Definition:
    """The workflow it makes, for its picture. Raises Problem(not_found)."""
    return _definition(get(slug).source)


def sample_text(slug: str) -> str:
    """The sample as its file has it. Raises Problem(not_found)."""
    return (FOLDER / get(slug).slug / "sample.json").read_text()


def apply(db: Database, actor: Actor, slug: str) -> Applied:
    """Apply its workflow, with the agents that are missing.

    A workflow of this slug that the tenant has made its own stays as it is. Raises Problem(not_found), what applying
    raises, and Problem(forbidden) for who may not make agents.
    """
    template = get(slug)
    with db.transaction():
        return _kept(db, slug) or library.apply(db, actor, template.source)


def _kept(db: Database, slug: str) -> Applied | None:
    try:
        found = library.get(db, slug)
    except Problem:
        return None
    return Applied(found, found.version, created=False, changed=False)


@cache
def _read(slug: str) -> Template:
    folder = FOLDER / slug
    source, readme = (folder / "workflow.yaml").read_text(), (folder / "README.md").read_text()
    made = _definition(source)
    gives = _GIVES.search(readme)
    return Template(
        slug,
        made.name,
        made.description,
        " ".join(gives[1].split()) if gives else "",
        readme,
        source,
        msgspec.json.decode((folder / "sample.json").read_bytes()),
        [f"{agent.name}, {agent.title}" for agent in made.agents],
        len(made.steps),
    )


@cache
def _definition(source: str) -> Definition:
    report = reading.check(source)
    if report.definition is None:
        raise library.refused(report.faults)
    return report.definition
