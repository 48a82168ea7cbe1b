"""The layout of the org chart: nothing overlaps, managers stand over the middle, reports in their order."""

import random
from itertools import pairwise

import msgspec
import pytest

from appliance.web import org_layout
from appliance.web.org_layout import GAP_X, HEIGHT, LIST_FROM, ROW, WIDTH, Drawing, Place


class Shape(msgspec.Struct, frozen=True):
    id: str
    below: list["Shape"] = []


def tree(count: int, seed: int) -> list[Shape]:
    """A random forest of that many nodes."""
    choose = random.Random(seed)
    nodes = [Shape(f"n{n}", []) for n in range(count)]
    for n, node in enumerate(nodes[1:], 1):
        nodes[choose.randrange(max(0, n - 12), n)].below.append(node)
    return [nodes[0], Shape("alone")]


def at(drawing: Drawing) -> dict[str, Place]:
    return {place.id: place for place in drawing.places}


def overlaps(a: Place, b: Place) -> bool:
    return abs(a.x - b.x) < WIDTH and abs(a.y - b.y) < HEIGHT


@pytest.mark.parametrize("seed", range(12))
def test_no_two_boxes_touch_and_all_lie_in_the_drawing(seed: int) -> None:
    drawing = org_layout.draw(tree(20 + seed * 12, seed))
    assert len(drawing.places) == 21 + seed * 12
    assert len(drawing.lines) == len(drawing.places) - 2
    for n, one in enumerate(drawing.places):
        assert 0 <= one.x <= drawing.width - WIDTH
        assert 0 <= one.y <= drawing.height - HEIGHT
        assert not any(overlaps(one, other) for other in drawing.places[n + 1 :])


def test_a_manager_stands_over_the_middle_of_its_reports() -> None:
    found = at(org_layout.draw([Shape("top", [Shape("a", [Shape("c")]), Shape("b")])]))
    assert found["top"].x == (found["a"].x + found["b"].x) / 2
    assert found["b"].x - found["a"].x == WIDTH + GAP_X
    assert [found[id_].y for id_ in ("top", "a", "c")] == [0, ROW, 2 * ROW]


def test_many_reports_without_reports_hang_as_a_list() -> None:
    below = [Shape(f"r{n}") for n in range(LIST_FROM + 5)]
    drawing = org_layout.draw([Shape("top", below)])
    found = at(drawing)
    assert drawing.width < 2 * WIDTH
    assert len({found[one.id].x for one in below}) == 1
    assert all(a.y < b.y for a, b in pairwise(found[one.id] for one in below))


def test_neighbours_are_pushed_together_under_each_others_outline() -> None:
    """A leaf beside a deep branch takes no more room than a leaf."""
    deep = Shape("deep", [Shape("d1", [Shape("d2")]), Shape("d3", [Shape("d4")])])
    found = at(org_layout.draw([Shape("top", [Shape("leaf"), deep])]))
    assert found["deep"].x - found["leaf"].x == WIDTH + GAP_X


def test_nothing_is_drawn_of_nobody() -> None:
    assert org_layout.draw([]) == Drawing(0, 0, [], [])


def test_beside_branches_reports_without_reports_are_one_column() -> None:
    leaves = [Shape(f"l{n}") for n in range(6)]
    found = at(org_layout.draw([Shape("top", [*leaves, Shape("a", [Shape("b")])])]))
    assert len({found[leaf.id].x for leaf in leaves}) == 1
    assert found["l0"].x > found["a"].x
    assert found["top"].x == (found["a"].x + found["l0"].x) / 2
