import csv
import io
from datetime import timedelta
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance import clock
from appliance.domain import agents, budgets, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.analytics import details, marks, rollups, usage
from appliance.domain.task_forms import NewTask
from appliance.web.amounts import usd_exact
from tests.domain.spending import Spent, book
from tests.world import World

SPENT = st.builds(
    Spent,
    cost_nano=st.one_of(st.none(), st.integers(0, 10**13)),
    model=st.sampled_from(["sim-standard", 'gpt, "big"\n', "=cmd|' /C calc'!A0", "ünï"]),
    provider_id=st.sampled_from(["p-1", "p-2"]),
    simulated=st.booleans(),
    failure_code=st.sampled_from(["", "provider_error"]),
    input_total=st.integers(0, 10**9),
    output_total=st.integers(0, 10**9),
)


NEW = [
    f"analytics/{name}" for name in ("providers/comparison", "trends", "task-types", "performance", "realtime", "roi")
]


class Titles(HTMLParser):
    """The exact amounts behind a table's last column: they are the titles of its cells' numbers."""

    def __init__(self, region: str) -> None:
        super().__init__()
        self._region = region
        self._inside = self._in_body = False
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "section":
            self._inside = given.get("id") == self._region
        if tag in ("tbody", "tfoot"):
            self._in_body = tag == "tbody"
        if tag == "span" and given.get("class") == "num" and self._inside and self._in_body and given.get("title"):
            self.found.append(str(given["title"]))


def nano(text: str) -> int:
    return budgets.nano(text) if text != "not priced" else 0


@given(ledger=st.lists(SPENT, max_size=25))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_page_api_and_csv_agree_to_the_nano_dollar(world: World, ledger: list[Spent]) -> None:
    with world.db() as db:
        for table in ("attempts", "calls", "spent", *rollups.TABLES):
            db.execute(f"DELETE FROM {table}")
        marks.put(db, "rolled", "")
        for n, spent in enumerate(ledger):
            book(db, spent)
            if n == 4:
                rollups.roll(db, clock.iso())
    wanted = sum(spent.cost_nano or 0 for spent in ledger)
    api = world.bob.api
    assert world.bob.get(f"{api}/analytics/summary").json()["total"]["cost_nano"] == wanted
    for by in (*usage.BY, *details.BY):
        found = world.bob.get(f"{api}/analytics/usage?by={by}").json()
        assert sum(line["cost_nano"] for line in found["items"]) == found["total"]["cost_nano"] == wanted
    exported = world.bob.get(f"{api}/analytics/export?format=csv").content.decode()
    rows = list(csv.DictReader(io.StringIO(exported, newline="")))
    assert len(rows) == len(ledger)
    assert sum(int(row["cost_nano"] or 0) for row in rows) == wanted
    assert sum(nano(row["cost_usd"] or "0") for row in rows) == wanted
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    lines = [msgspec.json.decode(line) for line in world.bob.get(f"{api}/analytics/export?format=jsonl").iter_lines()]
    assert sum(line["cost_nano"] or 0 for line in lines) == wanted
    trend = world.bob.get(f"{api}/analytics/trends").json()
    assert sum(point["cost_nano"] for point in trend["items"]) == trend["total"]["cost_nano"] == wanted
    file = world.bob.get(f"{api}/analytics/usage?by=model&format=csv").content.decode()
    assert sum(int(row["cost_nano"]) for row in csv.DictReader(io.StringIO(file, newline=""))) == wanted
    page = Titles("breakdown")
    page.feed(world.bob.get(f"{world.bob.pages}/costs").text)
    assert sum(nano(text) for text in page.found) == wanted


def test_a_new_tenant_sees_no_invented_number(world: World) -> None:
    page = world.bob.get(f"{world.bob.pages}/costs").text
    assert "No call yet" in page and "No limit yet" in page
    assert page.count("$0.00") == 2, "spent, and spent today"
    assert "no task done, last 30 days" in page and "%" not in page.split('id="kpis"')[1].split("</main>")[0]
    for tab, said in (
        ("compare", "No call in these days"),
        ("return", "No task was accepted"),
        ("exports", "No export yet"),
    ):
        assert said in world.bob.get(f"{world.bob.pages}/costs/{tab}").text
    assert "simulated</span>" not in page


def test_simulated_money_carries_its_mark_and_real_money_stands_apart(world: World) -> None:
    with world.db() as db:
        book(db, Spent(2_000_000_000, simulated=True))
    only = world.bob.get(f"{world.bob.pages}/costs").text
    hero = only.split("Spent, last 30 days")[1].split("</div>")[0]
    assert "$2.00" in hero and 'class="sim"' in hero
    with world.db() as db:
        book(db, Spent(3_000_000_000))
    both = world.bob.get(f"{world.bob.pages}/costs").text.split("Spent, last 30 days")[1].split("</div>")[0]
    assert "$3.00" in both and "and $2.00 simulated" in both and 'class="sim"' not in both


def test_few_days_are_columns_and_more_are_a_line(world: World) -> None:
    def drawn() -> str:
        return world.bob.get(f"{world.bob.pages}/costs").text.split('id="spend"')[1].split("<details")[0]

    for days in range(3):
        with world.db() as db:
            book(db, Spent(1_000_000_000, simulated=True, at=clock.now() - timedelta(days=days)))
        columns = days + 1 if days < 2 else 0
        assert (drawn().count('class="bar"'), 'class="edge"' in drawn()) == (columns, columns == 0)
    assert drawn().count("simulated</span>") == 1


def test_the_days_shown_are_in_the_address(world: World) -> None:
    with world.db() as db:
        book(db, Spent(1_000_000_000, model="old", at=clock.now() - timedelta(days=60)))
        book(db, Spent(1_000_000_000, model="new"))
    month, quarter = (world.bob.get(f"{world.bob.pages}/costs?window={n}").text for n in (30, 90))
    assert "last 30 days" in month and "last 90 days" in quarter
    assert "old" in quarter.split('id="breakdown"')[1].split("</section>")[0]
    assert "old" not in month.split('id="breakdown"')[1].split("</section>")[0]


def test_calls_are_paged_and_filtered(world: World) -> None:
    with world.db() as db:
        for n in range(53):
            book(db, Spent(1, model="even" if n % 2 == 0 else "odd"))
    here = f"{world.bob.pages}/costs/calls"
    first = world.bob.get(here).text
    assert first.count("/costs/calls/") == 50
    older = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert world.bob.get(older).text.count("/costs/calls/") == 3
    assert world.bob.get(f"{here}?model=odd").text.count("/costs/calls/") == 26
    listed = world.bob.get(f"{world.bob.api}/calls?limit=2&model=odd").json()
    assert len(listed["items"]) == 2 and listed["next_cursor"]


def test_a_call_explains_its_cost(world: World) -> None:
    with world.db() as db:
        call_id = book(db, Spent(4_510_000))
        units = {"input_nano_mtok": 45_000_000_000, "output_nano_mtok": 1_000_000_000}
        db.update("attempts", {"call_id": call_id}, **units, price_version="genai-prices 0.2", matched_model="m")
    page = world.bob.get(f"{world.bob.pages}/costs/calls/{call_id}").text
    for words in ("How is this calculated?", "genai-prices 0.2", usd_exact(4_510_000), "$45.00", "Output"):
        assert words in page
    told = world.bob.get(f"{world.bob.api}/calls/{call_id}").json()
    assert (told["cost_usd"], told["attempts"][0]["input_usd_mtok"]) == ("0.00451", "45")


def test_a_call_without_a_price_says_so(world: World) -> None:
    with world.db() as db:
        call_id = book(db, Spent(None))
    assert "No price is known" in world.bob.get(f"{world.bob.pages}/costs/calls/{call_id}").text
    assert "1 call without a price" in world.bob.get(f"{world.bob.pages}/costs").text
    assert world.bob.get(f"{world.bob.api}/calls/{call_id}").json()["cost_usd"] is None


def test_names_of_agents_and_tasks_are_shown(world: World) -> None:
    with world.db() as db:
        mara = agents.create(db, SYSTEM, NewAgent("mara", "Mara Quill", "Write.", "simulated"))
        task = tasks.create(db, SYSTEM, NewTask("Draft"))
        db.update("calls", {"id": book(db, Spent(5, agent_id=mara.id))}, task_id=task.id)
    page = world.bob.get(f"{world.bob.pages}/costs").text
    assert "Mara Quill" in page and "/t/acme/tasks/1" in page


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("analytics/usage?by=weather", "by"),
        ("analytics/usage?from=yesterday", "from"),
        ("analytics/export?format=xls", "format"),
        ("analytics/export?from=2026-02-30", "from"),
        ("analytics/trends?every=minute", "every"),
        ("analytics/trends?every=hour&from=2026-01-01", "every"),
        ("analytics/performance?by=day", "by"),
        ("analytics/what-if?at=nowhere", "model"),
    ],
)
def test_a_bad_question_names_its_field(world: World, path: str, field: str) -> None:
    refused = world.bob.get(f"{world.bob.api}/{path}")
    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [field]


def test_a_file_has_a_name_and_a_type(world: World) -> None:
    got = world.bob.get(f"{world.bob.api}/analytics/export?from=2026-11-01&to=2026-11-02")
    assert got.headers["content-type"].startswith("text/csv")
    assert got.headers["content-disposition"] == 'attachment; filename="calls-acme-2026-11-01-2026-11-02.csv"'
    assert got.content.endswith(b"\r\n")


def test_charlie_of_another_tenant_finds_nothing(world: World) -> None:
    with world.db() as db:
        call_id = book(db, Spent(5))
    for tab in ("", "/compare", "/return", "/exports"):
        assert world.charlie.get(f"/t/acme/costs{tab}").status_code == 404
    for path in (
        "calls",
        f"calls/{call_id}",
        "analytics/summary",
        "analytics/usage",
        "analytics/export",
        "analytics/exports",
        *NEW,
    ):
        assert world.charlie.get(f"/api/v1/t/acme/{path}").status_code == 404
    assert world.charlie.get(f"{world.charlie.pages}/costs/calls/{call_id}").status_code == 404
    assert world.charlie.get(f"{world.charlie.api}/calls/{call_id}").status_code == 404
