"""Prices from a terminal."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

LIST = {"model": "lab-7b", "prices": {"input_usd_per_mtok": "3", "output_usd_per_mtok": 15}}
SET = ("price", "set", "lab-7b", "--input", "2", "--output", "4")


def saved(folder: Path, **more: Any) -> str:
    path = folder / "prices.json"
    path.write_text(json.dumps({"format": "agenthq-prices/1", "version": "2026-11", "models": [LIST]} | more))
    return str(path)


def test_an_own_price_is_set_listed_and_removed(agenthq: Run, box: Path) -> None:
    more = ("--cache-read", "0.2", "--unit", "web_searches=10", "--from", "2026-11-01", "--until", "2027-01-01")
    made = agenthq(*SET, *more, "--note", "Contract", "--json").json
    assert made["prices"]["units_usd_per_1000"] == {"web_searches": "10"}
    assert (made["starts_at"][:10], made["ends_at"][:10], made["note"]) == ("2026-11-01", "2027-01-01", "Contract")
    out = agenthq("price", "list").out
    assert "lab-7b" in out and "2027-01-01" in out and "$2" in out
    assert agenthq("price", "remove", "lab-7b").code != 0
    assert agenthq("price", "remove", "lab-7b", "--from", "2026-11-01").code == 0
    assert agenthq("price", "list", "--json").json["own"] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--input", "much"), "input_usd_per_mtok"),
        (("--input", "-1"), "input_usd_per_mtok"),
        (("--unit", "web_searches"), "unit"),
        (("--from", "soon"), "starts"),
        (("--input", "5000"), "confirm it if that is meant"),
    ],
)
def test_a_price_that_can_not_be_is_one_line(agenthq: Run, box: Path, given: tuple[str, ...], said: str) -> None:
    done = agenthq(*SET, *given)
    assert done.code != 0
    assert len(done.lines) == 1 and said in done.lines[0]
    assert agenthq("price", "list", "--json").json["own"] == []


def test_an_import_says_first_what_it_would_change(agenthq: Run, box: Path, tmp_path: Path) -> None:
    file = saved(tmp_path)
    out = agenthq("price", "import", file).out
    assert "$3 in, $15 out" in out and "1 added, 0 changed, 0 removed" in out and "add --apply" in out
    assert agenthq("price", "list", "--json").json["imported"] is None
    assert agenthq("price", "import", file, "--apply").code == 0
    assert agenthq("price", "list", "--json").json["imported"]["version"] == "2026-11"
    assert "No price would change." in agenthq("price", "import", file).out
    wrong = agenthq("price", "import", saved(tmp_path, format="other"))
    assert wrong.code != 0 and "agenthq-prices/1" in wrong.lines[0]


def test_pricing_anew_says_what_it_did(agenthq: Run, box: Path) -> None:
    out = agenthq("price", "reprice", "--from", "2026-11-01", "--to", "2026-11-30", "--dry-run").out
    assert out.startswith("2026-11-01 to 2026-11-30, UTC\nNothing to change.")
    assert agenthq("price", "reprice", "--from", "2026-11-01", "--json").json["applied"] is True
    assert agenthq("price", "reprice", "--from", "soon").code != 0
