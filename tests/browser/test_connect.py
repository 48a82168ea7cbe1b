"""A tool is connected: the key is made, its first call ticks the page, and what goes wrong is told."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens
from tests.gateway.upstream import Upstream, running
from tests.web import tools


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with running() as made:
        made.will(tools.said(tools.CHAT))
        yield made


def add_account(page: Page, upstream: Upstream) -> None:
    """A server on this machine that answers like OpenAI's, which costs nothing."""
    page.get_by_role("textbox", name="Name").fill("Lab")
    page.get_by_label("May be on this machine").check()
    page.get_by_role("textbox", name="Address").fill(f"{upstream.url}/v1")
    page.get_by_role("textbox", name="Models").fill(tools.GPT)
    page.get_by_role("button", name="Add and test").click()
    page.wait_for_load_state("load")


def make_key(page: Page, budget: str = "") -> str:
    page.get_by_label("Budget in US dollars").fill(budget)
    page.get_by_role("button", name="Make the key").click()
    return page.locator("#key code").inner_text()


def call(origin: str, key: str, model: str) -> int:
    body = msgspec.json.encode({"model": model, "messages": [{"role": "user", "content": "Say hello."}]})
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{origin}/gw/v1/chat/completions", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_first_call_of_a_fresh_key_ticks_without_a_reload(tab: Opens, upstream: Upstream) -> None:
    opened = tab()
    add_account(opened.open("/providers/new?kind=openai-compatible"), upstream)
    page = opened.open(f"/connect/openai-sdk?model={tools.GPT}")
    key = make_key(page, "5")
    expect(page.locator("pre").first).to_contain_text(key)
    expect(page.locator("#seen")).to_contain_text("Waiting for the first call")
    origin = opened.box.link.origin
    assert call(origin, key[:-1], tools.GPT) == 401
    expect(page.locator("#seen")).to_contain_text("Another key was sent")
    assert call(origin, key, "nobodys-model") == 404
    expect(page.locator("#seen")).to_contain_text("This model is not served")
    assert call(origin, key, tools.GPT) == 200
    expect(page.locator("#seen")).to_contain_text("First call seen")
    expect(page.locator("#key code")).to_have_text(key)
    opened.judge()


@pytest.mark.parametrize(("theme", "phone"), [("dark", False), ("light", True)])
def test_a_fresh_key_fits_every_screen(tab: Opens, theme: str, phone: bool) -> None:
    opened = tab(theme, phone)
    make_key(opened.open("/connect/claude-code"))
    opened.judge()


def test_the_palette_knows_the_tools(tab: Opens) -> None:
    page = tab().open("/")
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("connect")
    expect(page.locator("#palette-list")).to_contain_text("Connect a tool")
