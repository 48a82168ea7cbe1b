"""`agenthq route`, and what `agenthq provider` says and changes of how an account is used."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run

LAB = ("provider", "add", "--kind", "openai-compatible", "--base-url", "http://127.0.0.1:9/v1", "--model", "m")


@pytest.fixture
def labs(agenthq: Run, box: Path) -> Run:
    """Two accounts that serve the model m: One at a dollar, Two at two."""
    assert agenthq(*LAB, "--name", "One", "--price", "m=1/1").code == 0
    assert agenthq(*LAB, "--name", "Two", "--price", "m=2/2").code == 0
    return agenthq


def test_a_route_is_set_listed_tested_and_removed(labs: Run) -> None:
    made = labs("route", "set", "house", "--target", "Two/m=3", "--target", "One/m", "--json").json
    assert [(t["provider_name"], t["weight"]) for t in made["targets"]] == [("Two", 3), ("One", 1)]
    again = labs("route", "set", "house", "--strategy", "cheapest", "--target", "Two/m", "--target", "One/m")
    assert again.out == "house leads to Two/m, One/m. Agents and tools ask for it like a model.\n"
    assert [one["id"] for one in labs("route", "list", "--json").json["items"]] == [made["id"]]
    assert "house  cheapest  stay      Two/m, One/m" in labs("route", "list").out
    tested = labs("route", "test", "house", "--need", "tools", "--input", "1000", "--output", "1000")
    assert tested.out.startswith("One/m: the lowest price of what is fit for it.")
    assert "$0.0040" in tested.out and "not known: tools" in tested.out
    assert labs("route", "test", "house", "--json").json["targets"] == ["One/m", "Two/m"]
    assert labs("route", "remove", "house").out == "house is removed.\n"
    assert labs("route", "list").out == "There is no route yet.\n"


def test_a_model_may_be_tested_like_a_route(labs: Run) -> None:
    assert labs("route", "test", "Two/m").out.startswith("Two/m: ")
    gone = labs("route", "test", "gpt-99")
    assert (gone.code, gone.lines) == (
        1,
        ["agenthq: No provider account serves the model 'gpt-99'. Add one, or name another model."],
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("m", "'m' is not ACCOUNT/MODEL or ACCOUNT/MODEL=WEIGHT, such as OpenAI/gpt-5-mini=3."),
        ("Nobody/m", "targets: there is no account Nobody"),
        ("One/m=0", "targets: give weights from 1 to 1,000"),
    ],
)
def test_a_wrong_target_is_told_in_one_line(labs: Run, target: str, said: str) -> None:
    done = labs("route", "set", "house", "--target", target)
    assert (done.code, done.lines) == (2, [f"agenthq: {said}"])


def test_a_model_with_a_price_is_served_from_the_start_and_more_may_come_later(labs: Run) -> None:
    bare = ("provider", "add", "--kind", "openai-compatible", "--base-url", "http://127.0.0.1:9/v1", "--name", "Bare")
    assert labs(*bare, "--price", "own=1/2", "--json").json["models"] == ["own"]
    more = ("provider", "change", "Bare", "--model", "plain", "--model", "own", "--price", "dear=9/9", "--json")
    changed = labs(*more).json
    assert (changed["models"], sorted(changed["prices"])) == (["own", "plain", "dear"], ["dear", "own"])
    assert labs("provider", "change", "Bare", "--weight", "2", "--json").json["models"] == ["own", "plain", "dear"]


def test_how_an_account_is_used_is_changed(labs: Run) -> None:
    said = labs("provider", "change", "One", "--weight", "5", "--billing", "flat", "--public", "--no-stream-options")
    assert said.out == "One: weight 5, flat, public addresses only.\n"
    one = labs("provider", "list", "--json").json["items"][0]
    assert (one["private"], one["stream_options"], one["only_listed"], one["models"]) == (False, False, False, ["m"])
    refused = labs("provider", "test", "One")
    assert "This address may not be called" in refused.err and "127.0.0.1: not public." in refused.err
    assert labs("provider", "change", "One", "--private").code == 0
    assert "can't be reached" in labs("provider", "test", "One").err
    assert labs("provider", "back", "One").out == "Calls go to One again.\n"
