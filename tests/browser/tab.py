"""A page in real Chromium that fails the test for what a person would not see: console errors, broken policy, axe."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.box import Box

Theme = Literal["light", "dark"]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
WIDE, PHONE = {"width": 1360, "height": 860}, {"width": 390, "height": 844}
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Tab:
    """One browser profile with one page. `complaints` gathers what went wrong since the last look."""

    def __init__(self, browser: Browser, box: Box, theme: Theme = "light", phone: bool = False) -> None:
        self.box = box
        self.context: BrowserContext = browser.new_context(
            viewport=PHONE if phone else WIDE,  # type: ignore[arg-type]
            color_scheme=theme,
            reduced_motion="reduce",
            timezone_id="Europe/Berlin",
            locale="en-GB",
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")

    def enter(self) -> "Tab":
        """As the demo's owner, by the link it printed."""
        self.page.goto(self.box.link.enter)
        return self

    def open(self, path: str) -> Page:
        """`path` inside the tenant, or below /box or /login; waits until the page is quiet enough to judge."""
        room = "" if path.startswith(("/box", "/login")) else "/t/northwind"
        answer = self.page.goto(f"{self.box.link.origin}{room}{path}")
        assert answer and answer.ok, f"{path} answered {answer and answer.status}"
        self.page.wait_for_load_state("load")
        return self.page

    def judge(self) -> None:
        """Raises AssertionError with everything that is wrong with the page as it stands."""
        wrong = [*self.complaints, *self.violations(), *self.overflow()]
        self.complaints.clear()
        assert not wrong, f"{self.page.url}\n" + "\n".join(wrong)

    def violations(self) -> list[str]:
        # Through the debugger, not a script tag: the page's own policy forbids inline script, rightly.
        self.page.evaluate(f"() => {{ {AXE} }}")
        found: dict[str, Any] = self.page.evaluate(
            "async rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
        )
        return [_told(rule, node) for rule in found["violations"] for node in rule["nodes"][:3]]

    def overflow(self) -> list[str]:
        wide = self.page.evaluate(
            """() => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1)
                .slice(-3).map(e => e.outerHTML.slice(0, 140));
            }"""
        )
        return [f"wider than the screen: {html}" for html in wide]

    def shoot(self, path: Path, whole: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(path), full_page=whole)

    def close(self) -> None:
        self.context.close()


def _told(rule: dict[str, Any], node: dict[str, Any]) -> str:
    reason = node["failureSummary"].splitlines()[-1].strip()
    return f"axe: {rule['id']} ({rule['help']}): {node['html'][:160]} {reason}"
