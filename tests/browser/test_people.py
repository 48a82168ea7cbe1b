"""Invitations, two-step sign-in and rotation of keys in a real browser."""

import re

from playwright.sync_api import Page, expect
from pyotp import TOTP

from tests.browser.conftest import Opens
from tests.browser.tab import Tab

PASSWORD = "a long first password"


def test_a_second_step_is_set_up_with_a_code_and_taken_away_with_one(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/account")
    page.get_by_role("link", name="Set it up").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    page.get_by_text("It can't be scanned").click()
    secret = page.locator("code.secret").inner_text()
    opened.judge()
    page.get_by_role("textbox", name="Code").fill(TOTP(secret).now())
    page.get_by_role("button", name="Turn it on").click()
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    opened.judge()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("#two-step")).to_contain_text("10 recovery codes left")
    opened.judge()
    page.locator("#two-step").get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Turn it off").click()
    expect(page.get_by_role("link", name="Set it up")).to_be_visible()


def test_a_person_is_invited_and_the_page_behind_the_link_is_sound(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/members")
    page.get_by_text("Invite a person").click()
    page.get_by_label("E-mail of the person").fill("eve@northwind.example")
    page.get_by_role("button", name="Invite", exact=True).click()
    link = page.locator("code.secret").inner_text()
    opened.judge()
    page.get_by_role("link", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text="eve@northwind.example")
    expect(row).to_contain_text("Open")
    opened.judge()
    path = re.sub(r"^https?://[^/]+", "", link)
    for reader in (opened, tab("dark", entered=False), tab(phone=True, entered=False)):
        reader.page.goto(opened.box.link.origin + path)
        expect(reader.page.get_by_role("button", name="Join as somebody new")).to_be_visible()
        reader.judge()


def test_the_page_that_asks_for_the_second_step_is_sound_in_every_look(tab: Opens) -> None:
    _add_member(tab().open("/settings/members"), "rosa@northwind.example")
    own = tab(entered=False)
    _sign_in(own, "rosa@northwind.example")
    page = own.open("/settings/account/totp")
    page.get_by_text("It can't be scanned").click()
    page.get_by_role("textbox", name="Code").fill(TOTP(page.locator("code.secret").inner_text()).now())
    page.get_by_role("button", name="Turn it on").click()
    for reader in (tab(entered=False), tab("dark", entered=False), tab(phone=True, entered=False)):
        _sign_in(reader, "rosa@northwind.example")
        expect(reader.page.get_by_role("heading", name="Second step")).to_be_visible()
        reader.judge()


def test_a_key_gets_another_secret_and_the_old_one_ends(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/keys")
    page.get_by_text("New key").click()
    page.get_by_label("Name of the key").fill("Rotated")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="Rotated").click()
    opened.judge()
    page.get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_role("heading", name="New secret")).to_be_visible()
    opened.judge()
    page.go_back()
    page.reload()
    page.get_by_role("button", name="End the old one now").click()
    page.locator("[data-confirm-agree]").click()
    expect(page.get_by_role("button", name="Make a new secret")).to_be_visible()
    opened.judge()


def _add_member(page: Page, email: str) -> None:
    page.get_by_text("Add a member").click()
    form = page.locator("#add-member")
    form.get_by_label("E-mail").fill(email)
    form.get_by_label("Name").fill("Rosa Lind")
    form.get_by_label("First password").fill(PASSWORD)
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_role("row").filter(has_text=email)).to_be_visible()


def _sign_in(reader: Tab, email: str) -> None:
    page = reader.open("/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")
