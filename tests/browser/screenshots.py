"""Pictures of every page: light, dark and 390 px wide, into build/screenshots, to be looked at.

`python -m tests.browser.screenshots` makes all; names narrow it down; `--docs` writes the few of the documentation.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.box import ROOT, Box
from tests.browser.pages import LOOKS, Look, follow
from tests.browser.tab import ARGS, Tab, Theme

FOLDER = ROOT / "build" / "screenshots"
DOCS = ROOT / "docs" / "images"
SHOWN = ("home", "board", "task", "costs", "workflow", "instance")
VARIANTS: tuple[tuple[str, Theme, bool], ...] = (
    ("light", "light", False),
    ("dark", "dark", False),
    ("phone", "light", True),
)


def main(arguments: list[str]) -> int:
    docs, names = "--docs" in arguments, [name for name in arguments if not name.startswith("-")]
    unknown = set(names) - {look.name for look in LOOKS}
    if unknown or set(arguments) - set(names) - {"--docs"}:
        print(f"{__doc__}\nNames: {', '.join(look.name for look in LOOKS)}")
        return 2
    looks = [look for look in LOOKS if (look.name in names if names else not docs or look.name in SHOWN)]
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as driver:
        box = Box(Path(scratch) / "data").start()
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=ARGS)
        try:
            made = [path for variant in VARIANTS for path in shoot(browser, box, looks, *variant, whole=not docs)]
        finally:
            browser.close()
            box.stop()
    if docs:
        keep(looks)
    print(f"{len(made)} pictures in {FOLDER.relative_to(ROOT)}" + (f", {DOCS.relative_to(ROOT)}" if docs else ""))
    return 0


def shoot(
    browser: Browser, box: Box, looks: list[Look], name: str, theme: Theme, phone: bool, whole: bool
) -> list[Path]:
    tab = Tab(browser, box, theme, phone).enter()
    made = []
    for look in looks:
        tab.open(look.path)
        follow(tab.page, look)
        tab.page.wait_for_timeout(150)
        made.append(FOLDER / f"{look.name}-{name}.png")
        tab.shoot(made[-1], whole)
    tab.close()
    return made


def keep(looks: list[Look]) -> None:
    """The wide light ones, and the task in the dark."""
    DOCS.mkdir(parents=True, exist_ok=True)
    for look in looks:
        shutil.copyfile(FOLDER / f"{look.name}-light.png", DOCS / f"{look.name}.png")
    if any(look.name == "task" for look in looks):
        shutil.copyfile(FOLDER / "task-dark.png", DOCS / "task-dark.png")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
