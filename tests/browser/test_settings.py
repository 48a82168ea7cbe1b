from playwright.sync_api import expect

from tests.browser.conftest import Opens


def test_a_key_is_shown_once_and_can_be_revoked(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/keys")
    page.get_by_text("New key").click()
    page.get_by_label("Name of the key").fill("Laptop")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("code.secret").inner_text()
    assert secret.startswith("ahq_")
    opened.judge()
    page.get_by_role("link", name="I have copied it").click()
    assert secret not in page.content()
    row = page.get_by_role("row").filter(has_text="Laptop")
    row.get_by_role("button", name="Revoke").click()
    page.locator("[data-confirm-agree]").click()
    expect(row).to_contain_text("Revoked")
    opened.judge()


def test_a_member_is_added_with_a_role(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/members")
    page.get_by_text("Add a member").click()
    form = page.locator("#add-member")
    form.get_by_label("E-mail").fill("otto@northwind.example")
    form.get_by_label("Name").fill("Otto Lind")
    form.get_by_label("First password").fill("a long first password")
    form.get_by_label("Role").select_option("viewer")
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_role("row").filter(has_text="Otto Lind")).to_be_visible()
    opened.judge()


def test_a_wrong_password_is_told_beside_its_field(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/account")
    page.get_by_label("Current password").fill("certainly not this")
    page.get_by_label("New password").fill("another long password")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator('[aria-invalid="true"], .flash.bad').first).to_be_visible()
    opened.complaints[:] = [said for said in opened.complaints if "Failed to load resource" not in said]
    opened.judge()


def test_the_theme_of_the_settings_page_stays(tab: Opens) -> None:
    page = tab().open("/settings")
    page.locator("#appearance").get_by_label("Dark").check()
    page.locator("#appearance").get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("#appearance").get_by_label("System").check()
    page.locator("#appearance").get_by_role("button", name="Save").click()


def test_the_audit_trail_names_what_was_done(tab: Opens) -> None:
    opened = tab()
    page = opened.open("/settings/audit")
    expect(page.locator("#trail tbody tr").first).to_be_visible()
    opened.judge()
