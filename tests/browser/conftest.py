"""One box and one Chromium for all browser tests of a process."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.box import Box
from tests.browser.tab import ARGS, Tab, Theme

Opens = Callable[..., Tab]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    made = Box(tmp_path_factory.mktemp("box") / "data").start()
    yield made
    made.stop()


@pytest.fixture
def tab(chromium: Browser, box: Box) -> Iterator[Opens]:
    """`tab(theme, phone)` opens a profile signed in as the demo's owner; console errors fail the test."""
    opened: list[Tab] = []

    def open_one(theme: Theme = "light", phone: bool = False, entered: bool = True) -> Tab:
        made = Tab(chromium, box, theme, phone)
        opened.append(made)
        return made.enter() if entered else made

    yield open_one
    for made in opened:
        complaints = list(made.complaints)
        made.close()
        assert not complaints, complaints
