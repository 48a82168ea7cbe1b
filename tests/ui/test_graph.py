"""The drawing of a workflow: where boxes and lines go, what a map and a condition enclose, and how it reads as text."""

import random
import re
import time
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.domain.workflows.definition import (
    AgentStep,
    ApprovalStep,
    CommandStep,
    Definition,
    HttpStep,
    MapStep,
    Step,
    WaitStep,
    WhenStep,
    WorkflowStep,
)
from appliance.web import graph, graph_layout, graph_view, step_kinds, templates
from appliance.web.graph_layout import Item
from appliance.web.graph_shapes import Box, Drawing
from appliance.web.graph_view import Mark, Progress

SVG = "{http://www.w3.org/2000/svg}"
STEP_MS = 50


def agent(id: str, *needs: str) -> Step:
    return Step(id, AgentStep("dana"), needs=list(needs))


def workflow(*steps: Step) -> Definition:
    return Definition("review", "Review", list(steps))


REVIEW = workflow(
    agent("read"),
    agent("style", "read"),
    agent("security", "read"),
    agent("findings", "style", "security"),
    Step(
        "each",
        MapStep("${{ steps.findings.output.data }}", [agent("fix"), agent("test", "fix")], bound=5),
        needs=["findings"],
    ),
    Step("big", WhenStep("inputs.amount > 100", [agent("legal")], [agent("note")]), needs=["findings"]),
    Step("ok", ApprovalStep("Publish ${{ inputs.change }}?"), needs=["each", "big", "read"]),
)


def box(drawn: Drawing, path: str) -> Box:
    return next(one for one in drawn.boxes if one.path == path)


def apart(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return beside or one.y + one.height <= other.y or other.y + other.height <= one.y


def encloses(outer: Box, inner: Box) -> bool:
    across = outer.x <= inner.x and inner.x + inner.width <= outer.x + outer.width
    return across and outer.y + graph.HEAD <= inner.y and inner.y + inner.height <= outer.y + outer.height


def items(edges: dict[int, set[int]]) -> list[Item]:
    return [Item(str(n), 100, 40, 20, [str(a) for a in after]) for n, after in edges.items()]


graphs = st.integers(1, 24).flatmap(
    lambda count: st.fixed_dictionaries({n: st.sets(st.integers(0, max(n - 1, 0)), max_size=4) for n in range(count)})
)


@given(graphs)
@settings(deadline=None, max_examples=60)
def test_boxes_never_overlap_and_what_comes_after_is_further_right(edges: dict[int, set[int]]) -> None:
    made = items({n: after - {n} for n, after in edges.items()})
    spots = graph_layout.place(made).spots
    for one, other in combinations(made, 2):
        (x, y), (u, v) = spots[one.key], spots[other.key]
        assert abs(x - u) >= 100 or abs(y - v) >= 40
    assert all(spots[a][0] < spots[item.key][0] for item in made for a in item.after)
    assert min(y for _, y in spots.values()) >= 0


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), max_size=40))
def test_heights_that_rise_are_kept_and_others_are_pooled(values: list[float]) -> None:
    made = graph_layout.rising(values)
    assert len(made) == len(values)
    assert all(a <= b + 1e-6 for a, b in zip(made, made[1:], strict=False))
    assert graph_layout.rising(sorted(values)) == sorted(values)


def test_a_step_stands_after_the_longest_way_to_it() -> None:
    chain = items({0: set(), 1: {0}, 2: {1}, 3: {0, 2}})
    assert graph_layout.depths(chain) == {"0": 0, "1": 1, "2": 2, "3": 3}


def test_steps_are_ordered_so_that_lines_do_not_cross() -> None:
    placed = graph_layout.place(items({0: set(), 1: set(), 2: {1}, 3: {0}}))
    heights = {key: y for key, (_, y) in placed.spots.items()}
    assert (heights["0"] < heights["1"]) == (heights["3"] < heights["2"])


def test_a_line_over_several_columns_goes_around_the_boxes_between() -> None:
    placed = graph_layout.place(items({0: set(), 1: {0}, 2: {1}, 3: {2, 0}}))
    long = next(line for line in placed.lines if (line.source, line.target) == ("0", "3"))
    numbers = [float(text) for text in re.findall(r"-?\d+\.?\d*", long.path.partition("m")[0])]
    assert len(numbers) > 8
    # It crosses the columns of 1 and 2 at one height, which is not that of their boxes.
    level = re.findall(r"[ ,]([\d.]+)H", long.path)[-1]
    assert all(not y - 1 < float(level) < y + 41 for key, (_, y) in placed.spots.items() if key in "12")


@pytest.mark.parametrize("after", [["a"], ["b"], ["gone"], ["a", "a"]])
def test_a_text_that_is_not_right_yet_is_drawn_all_the_same(after: list[str]) -> None:
    made = [Item("a", 10, 10, 5, after), Item("b", 10, 10, 5, ["a"])]
    assert set(graph_layout.place(made).spots) == {"a", "b"}
    assert graph_layout.place([]).spots == {}


def test_frames_enclose_their_steps_and_nothing_else() -> None:
    drawn = graph.draw(REVIEW)
    assert [one.path for one in drawn.boxes if one.framed] == ["each", "big"]
    assert all(encloses(box(drawn, "each"), box(drawn, path)) for path in ("each/fix", "each/test"))
    assert all(encloses(box(drawn, "big"), box(drawn, path)) for path in ("big/then/legal", "big/otherwise/note"))
    outer = [one for one in drawn.boxes if "/" not in one.path]
    assert all(apart(one, other) for one, other in combinations(outer, 2))
    assert [lane.label for lane in drawn.lanes] == ["", "then", "otherwise"]


def test_every_need_is_a_line_from_box_to_box() -> None:
    drawn = graph.draw(REVIEW)
    assert {(a.source, a.target) for a in drawn.arrows} == {
        ("read", "style"),
        ("read", "security"),
        ("style", "findings"),
        ("security", "findings"),
        ("findings", "each"),
        ("findings", "big"),
        ("each/fix", "each/test"),
        ("each", "ok"),
        ("big", "ok"),
        ("read", "ok"),
    }
    for arrow in drawn.arrows:
        x, y = (float(part) for part in re.match(r"M([\d.]+) ([\d.]+)", arrow.path).groups())  # type: ignore[union-attr]
        source = box(drawn, arrow.source)
        assert (arrow.x + x, arrow.y + y) == (
            source.x + source.width,
            pytest.approx(source.y + graph.HEAD / 2, abs=0.2),
        )


def chain(n: int) -> list[str]:
    return [f"s{n - 1}"] if n else []


def tangle(n: int) -> list[str]:
    dice = random.Random(n)
    return [f"s{k}" for k in dice.sample(range(max(0, n - 30), n), min(n, dice.randint(0, 3)))]


def fan(n: int) -> list[str]:
    return [] if n == 0 else ["s0"] if n < 499 else [f"s{k}" for k in range(1, 499)]


@pytest.mark.parametrize("needs", [chain, tangle, fan])
def test_500_steps_are_laid_out_in_less_than_50_ms(needs: object) -> None:
    found = workflow(*(agent(f"s{n}", *needs(n)) for n in range(500)))  # type: ignore[operator]
    times = []
    for _ in range(5):
        began = time.process_time()
        graph.draw(found)
        times.append((time.process_time() - began) * 1000)
    assert min(times) < STEP_MS, times


@pytest.mark.parametrize(
    ("step", "icon", "note"),
    [
        (agent("a"), "bot", "dana"),
        (Step("a", ApprovalStep("Publish ${{ inputs.change }}?")), "hand", "Publish {change}?"),
        (Step("a", WaitStep(seconds=7200)), "clock", "2 h"),
        (Step("a", WaitStep(until="${{ inputs.at }}")), "clock", "until {at}"),
        (Step("a", WaitStep(signal="paid", within_s=259_200)), "clock", "for paid, at most 3 d"),
        (Step("a", HttpStep("https://cms.test/${{ inputs.id }}", method="POST")), "globe", "POST cms.test/{id}"),
        (Step("a", CommandStep("python3 test.py")), "terminal", "python3 test.py"),
        (Step("a", MapStep("${{ steps.list.output }}", [agent("x")], bound=5)), "repeat", "{list} · 5 at once"),
        (Step("a", MapStep([1, 2], [agent("x")])), "repeat", "a list · 10 at once"),
        (Step("a", WhenStep("${{ inputs.n > 1 }}", [agent("x")])), "split", "if {inputs.n > 1}"),
        (Step("a", WorkflowStep("other", version=3)), "workflow", "other · version 3"),
    ],
)
def test_each_kind_of_step_says_what_it_does(step: Step, icon: str, note: str) -> None:
    [node] = [one for one in graph_view.view(workflow(step), str).nodes if one.path == "a"]
    assert (node.icon, node.whole) == (icon, note)


def test_joins_are_told_in_words() -> None:
    two = ["a", "b"]
    told = [
        step_kinds.after(Step("c", AgentStep("x"), needs=two, join=join, least=2))
        for join in ("all", "any", "least", "collect")
    ]  # type: ignore[arg-type]
    assert told == ["a, b", "any of a, b", "2 of a, b", "the end of a, b"]


def drawn_page(marks: dict[str, Mark] | None = None, chosen: str = "") -> ElementTree.Element:
    view = graph_view.view(REVIEW, lambda path: f"?step={path}", marks, chosen)
    macro = templates.environment().get_template("workflows/_graph.html").module.graph  # type: ignore[attr-defined]
    return ElementTree.fromstring(f"<div>{macro(view, 'graph', 'Steps of <Review>')}</div>")


def test_every_step_is_a_link_that_says_itself_and_stands_in_the_list_too() -> None:
    page = drawn_page()
    links = page.findall(".//svg//a")
    assert [link.get("data-node") for link in links] == [path for path, _ in graph.every(REVIEW.steps)]
    assert links[1].get("aria-label") == "Style dana, Agent, after read"
    assert [cell.get("href") for cell in page.findall(".//td/a")] == [link.get("href") for link in links]
    region = page.find("div")
    assert region is not None and (region.get("role"), region.get("tabindex")) == ("region", "0")


def test_states_are_told_by_sign_and_word_not_by_colour_alone() -> None:
    marks = {
        "read": Mark("done", "12 s · $0.0120"),
        "style": Mark("failed", "try 3 · checks failed"),
        "each": Mark("running", "12 of 40 done", Progress(12, 5, 2, 40)),
    }
    page = drawn_page(marks, "style")
    nodes = {link.get("data-node"): link for link in page.findall(".//svg//a")}
    signs = {
        path: (use.get("href") or "").rpartition("#")[2] for path, link in nodes.items() for use in link.iter("use")
    }
    assert (signs["read"], signs["style"], signs["each"]) == ("circle-check", "circle-alert", "circle-dot")
    assert "failed · try 3" in "".join(nodes["style"].itertext())
    assert nodes["style"].get("aria-current") == "true"
    bars = {rect.get("class"): float(rect.get("width", 0)) for rect in nodes["each"].iter("rect")}
    assert bars["bar good"] == pytest.approx(bars["bar "] * 12 / 40, abs=0.1)
    assert bars["bar bad"] == pytest.approx(bars["bar "] * 2 / 40, abs=0.1)


def test_a_long_name_is_cut_in_its_box_and_whole_for_those_who_hear_it() -> None:
    long = Step("a", AgentStep("dana"), title="Read every file of the change and say what is wrong")
    [node] = graph_view.view(workflow(long), str).nodes
    assert len(node.title) < 24 and node.title.endswith("…")
    assert long.title in node.label


def test_a_line_that_has_been_gone_is_told_from_one_that_has_not() -> None:
    marks = {"read": Mark("done"), "style": Mark("running"), "security": Mark("skipped")}
    ways = {(w.arrow.source, w.arrow.target): w.tone for w in graph_view.view(REVIEW, str, marks).ways}
    assert ways["read", "style"] == "good"
    assert ways["read", "security"] == ways["style", "findings"] == ""


def test_words_of_progress() -> None:
    assert Progress(12, 5, 2, 4000).words == "12 of 4,000 done · 5 at work · 2 failed"
    assert Progress(3, 0, 0, 3).words == "3 of 3 done"
