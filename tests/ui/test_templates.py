import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "ui"
STATIC = UI / "static"
TEMPLATES = sorted((UI / "templates").rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
STYLES = sorted((STATIC / "css").glob("*.css"))
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', next(STATIC.glob("vendor/lucide-static@*/sprite.svg")).read_text()))

JINJA = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
ICON_CALL = re.compile(r"""\bicon\(\s*["']([a-z0-9-]+)["']""")
ICON_NAMED = re.compile(
    r"""\b(?:link_button|post_button)\((?:\s*(?:"[^"]*"|[\w.]+)\s*,){2}\s*"([a-z0-9-]+)"|\bicon_name="([a-z0-9-]+)\""""
)
STATIC_PATH = re.compile(r"/static/([^\s\"'{}#?]+)")
ASSET_CALL = re.compile(r"""\basset\("([^"]+)"\)""")


class Lint(HTMLParser):
    """Collects what the content security policy or the form rules forbid in one template."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        line = self.getpos()[0]
        self.wrong += [
            f"line {line}: {tag} has {name}" for name in names if name == "style" or name.startswith(("on", "hx-on"))
        ]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.wrong.append(f"line {line}: inline <{tag}>")
        if tag == "form" and not {"method", "action"} <= names:
            self.wrong.append(f"line {line}: <form> without method and action")
        self.wrong += [
            f"line {line}: {name} runs code"
            for name, value in attrs
            if (value or "").startswith(("js:", "javascript:"))
        ]


def short(path: Path) -> str:
    return str(path.relative_to(UI))


def without_jinja(source: str) -> str:
    """Keeps line numbers and every literal attribute; an expression leaves a word in its place."""
    return JINJA.sub(lambda found: "x" * found[0].startswith("{{") + "\n" * found[0].count("\n"), source)


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_template_obeys_the_content_security_policy_and_form_rules(path: Path) -> None:
    lint = Lint()
    lint.feed(without_jinja(path.read_text()))
    assert lint.wrong == []


def test_lint_sees_what_it_forbids() -> None:
    lint = Lint()
    lint.feed(
        '<p style="x" onclick="y"><style></style><script>1</script><form><a href="javascript:1"><i hx-on:click="z">'
    )
    assert len(lint.wrong) == 7


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_template_parses_and_names_only_icons_and_files_that_exist(path: Path) -> None:
    source = path.read_text()
    environment().parse(source)
    icons = set(ICON_CALL.findall(source)) | {name for pair in ICON_NAMED.findall(source) for name in pair if name}
    assert icons <= SPRITE
    files = STATIC_PATH.findall(source) + ASSET_CALL.findall(source)
    assert [name for name in files if not (STATIC / name).is_file()] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_template_finds_what_it_extends_includes_and_imports(path: Path) -> None:
    env = environment()
    names = re.findall(r'{%-?\s*(?:extends|include|from|import)\s+"([^"]+)"', path.read_text())
    for name in names:
        env.get_template(name)
    for name, imported in re.findall(r'{%-?\s*from\s+"([^"]+)"\s+import\s+([^%]+?)\s*-?%}', path.read_text()):
        wanted = {word.split(" as ")[0].strip() for word in imported.split(",")}
        assert wanted <= set(vars(env.get_template(name).module)), name


def environment() -> Environment:
    env = Environment(loader=FileSystemLoader(UI / "templates"), undefined=StrictUndefined, autoescape=True)
    for name in ("usd", "usd_exact", "ago", "duration_ms", "bytes", "count", "json"):
        env.filters[name] = str
    env.globals["asset"] = str
    return env


@pytest.mark.parametrize(
    ("path", "limit"),
    [(path, limit) for paths, limit in ((TEMPLATES, 120), (SCRIPTS, 60), (STYLES, 150)) for path in paths],
    ids=lambda value: short(value) if isinstance(value, Path) else str(value),
)
def test_file_stays_small(path: Path, limit: int) -> None:
    assert len(path.read_text().splitlines()) <= limit


def test_styles_and_scripts_name_only_files_that_exist() -> None:
    for path in STYLES:
        for target in re.findall(r'url\("(?!data:)([^"]+)"\)', path.read_text()):
            assert (path.parent / target).is_file(), target
    head = (UI / "templates/shared/_head.html").read_text() + (UI / "templates/layouts/app.html").read_text()
    for name in [path.stem for path in SCRIPTS + STYLES]:
        assert f'"{name}"' in head or f"/{name}." in head, f"{name} is loaded by no layout"


def test_vendored_files_match_their_checksums() -> None:
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "packaging/vendor.py")
    assert spec and spec.loader
    vendor = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vendor)
    assert vendor.differences() == []
