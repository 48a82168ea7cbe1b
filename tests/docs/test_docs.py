"""The documentation is checked like code: links lead somewhere, commands exist, generated pages are current."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from appliance import __version__
from appliance.cli.root import MODULES, root, verb_first
from appliance.settings import BY_NAME, TABLE
from tests.docs import generate

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "DECISIONS.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)?(?:#([\w-]+))?\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(agenthq [^`]+)`")
TARGET = re.compile(r"^\.PHONY: (.*)$", re.MULTILINE)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for link, anchor in LINK.findall(page.read_text()):
        if link.startswith("https://"):
            continue
        target = page.parent / link if link else page
        assert target.exists(), f"{link} is not there"
        assert not anchor or anchor in anchors(target), f"{link} has no heading {anchor}"


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_the_commands_that_pages_show_exist(page: Path) -> None:
    for line in shown(page.read_text()):
        parse(line)


def test_the_examples_of_every_help_exist() -> None:
    pages = [page for verb in MODULES for page in generate.commands(verb)]
    examples = [line.strip() for page in pages for line in page.partition("Examples:")[2].splitlines()]
    assert len(examples) > len(pages)
    for line in examples:
        parse(line)


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_the_settings_that_pages_name_exist(page: Path) -> None:
    known = {s.env for s in TABLE} | {s.env + "_FILE" for s in TABLE}
    assert set(re.findall(r"AGENTHQ_[A-Z_]+[A-Z]", page.read_text())) <= known


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_the_make_targets_that_pages_name_exist(page: Path) -> None:
    found = TARGET.search((ROOT / "Makefile").read_text())
    assert found
    assert set(re.findall(r"(?:^|`)make (\w+)", page.read_text(), re.MULTILINE)) <= set(found[1].split())


@pytest.mark.parametrize("name", generate.PAGES)
def test_generated_pages_are_current(name: str) -> None:
    text = generate.PAGES[name]()
    assert (ROOT / "docs" / name).read_text() == text, "run: python -m tests.docs.generate"


def test_every_page_is_listed() -> None:
    listed = {link for link, _ in LINK.findall((ROOT / "docs/index.md").read_text())}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"} == listed


def test_the_newest_change_is_this_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert newest
    assert newest[1] == __version__ == project["version"]


def test_every_decision_says_when_and_what_would_change_it() -> None:
    for decision in (ROOT / "DECISIONS.md").read_text().split("\n## ")[1:]:
        title = decision.partition("\n")[0]
        assert re.search(r"^\d{4}-\d\d-\d\d\. ", decision, re.MULTILINE), title
        assert re.search(r"\*Another\schoice\swhen\*", decision), title


def test_the_settings_of_the_settings_page_are_all_of_them() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(BY_NAME)


@cache
def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def shown(text: str) -> Iterator[str]:
    """Command lines with agenthq in shell blocks and in running text; lines that end in a backslash are joined."""
    for kind, block in FENCE.findall(text):
        if kind in ("sh", "bash"):
            yield from (line for line in block.replace("\\\n", " ").splitlines() if re.search(r"\bagenthq\b", line))
    yield from INLINE.findall(FENCE.sub("", text))


def parse(line: str) -> None:
    """Parse, without running it, the part of a shell line that starts with `agenthq`, where there is one."""
    found = re.search(r"(?:^|\| |&& |[A-Z_]+=\S+ )agenthq(?= |$)([^|<>#]*)", line)
    if not found or "…" in line:
        return
    words = verb_first(shlex.split(found[1]))
    context, command = click.Context(root, info_name="agenthq"), root
    while isinstance(command, click.Group):
        if not words or words[0] in ("--help", "--version"):
            return
        name = words.pop(0)
        below = command.get_command(context, name)
        assert below, f"{line}: there is no {name}"
        command = below
    try:
        # A command that is only named (`agenthq key create`) need not be complete.
        command.make_context(command.name, list(words), resilient_parsing=not words)
    except click.UsageError as error:
        pytest.fail(f"{line}: {error.format_message()}")
