"""Where the steps of one block go: columns by longest path, few crossings, neighbours level, lines around boxes.

The usual steps of a layered drawing (Sugiyama, Tagawa and Toda 1981): layers, then the order in each layer by the mean
place of the neighbours, then heights by isotonic regression.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

GAP_X, GAP_Y = 40, 16
# The height kept free for a line that passes a column, and how many such places are worth their time.
PASS, MOST_PASSES = 10, 2000
SWEEPS = 4
HEAD = "m-5 -4l5 4l-5 4"


class Item(NamedTuple):
    """A box to place. Lines meet it `port` below its top."""

    key: str
    width: float
    height: float
    port: float
    after: Sequence[str]


class Line(NamedTuple):
    """From one box to another, as the path of an SVG."""

    source: str
    target: str
    path: str


class Placement(NamedTuple):
    width: float
    height: float
    spots: dict[str, tuple[float, float]]
    lines: list[Line]


class _Grid(NamedTuple):
    """Boxes and passing places by column; `chains` hold the way of each line through them."""

    items: dict[str, Item]
    column: dict[str, int]
    columns: list[list[str]]
    chains: list[list[str]]


def place(items: Sequence[Item]) -> Placement:
    """The left upper corner of every box, from 0, 0. What comes after itself is drawn in the first column."""
    if not items:
        return Placement(0, 0, {}, [])
    grid = _grid(items)
    before, behind = _neighbours(grid.chains)
    _order(grid, before, behind)
    tops = _heights(grid, before, behind)
    lefts, right = _columns(grid)
    spots = {item.key: (lefts[grid.column[item.key]], round(tops[item.key], 1)) for item in items}
    height = max(tops[key] + item.height for key, item in grid.items.items())
    lines = [Line(chain[0], chain[-1], _path(grid, chain, lefts, right, tops)) for chain in grid.chains]
    return Placement(right[-1], round(height, 1), spots, lines)


def depths(items: Sequence[Item]) -> dict[str, int]:
    """The number of steps on the longest way to each."""
    known = {item.key for item in items}
    waits = {item.key: {key for key in item.after if key in known} for item in items}
    behind: dict[str, list[str]] = defaultdict(list)
    for key, after in waits.items():
        for other in after:
            behind[other].append(key)
    found = {key: 0 for key in waits}
    ready = deque(key for key, after in waits.items() if not after)
    left = {key: len(after) for key, after in waits.items()}
    while ready:
        key = ready.popleft()
        for other in behind[key]:
            found[other] = max(found[other], found[key] + 1)
            left[other] -= 1
            if left[other] == 0:
                ready.append(other)
    return {key: depth if left[key] == 0 else 0 for key, depth in found.items()}


def _grid(items: Sequence[Item]) -> _Grid:
    column = depths(items)
    made = {item.key: item for item in items}
    columns: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for item in items:
        columns[column[item.key]].append(item.key)
    links = [
        (a, item.key) for item in items for a in dict.fromkeys(item.after) if column.get(a, 99999) < column[item.key]
    ]
    around = sum(column[b] - column[a] - 1 for a, b in links) <= MOST_PASSES
    chains = []
    for source, target in links:
        chain = [source]
        for at in range(column[source] + 1, column[target]) if around else ():
            key = f"{source}>{target}@{at}"
            made[key], column[key] = Item(key, 0, PASS, PASS / 2, ()), at
            columns[at].append(key)
            chain.append(key)
        chains.append([*chain, target])
    return _Grid(made, column, columns, chains)


def _neighbours(chains: Iterable[list[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = defaultdict(list)
    behind: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for one, other in zip(chain, chain[1:], strict=False):
            before[other].append(one)
            behind[one].append(other)
    return before, behind


def _order(grid: _Grid, before: dict[str, list[str]], behind: dict[str, list[str]]) -> None:
    """Sort each column by the mean place of the neighbours, to and fro."""
    place_of = {key: float(n) for column in grid.columns for n, key in enumerate(column)}
    for sweep in range(SWEEPS):
        near, columns = (before, grid.columns) if sweep % 2 == 0 else (behind, grid.columns[::-1])
        for column in columns:
            if len(column) > 1:
                means = {key: _mean(near[key], place_of, place_of[key]) for key in column}
                column.sort(key=means.__getitem__)
                place_of |= {key: float(n) for n, key in enumerate(column)}


def _heights(grid: _Grid, before: dict[str, list[str]], behind: dict[str, list[str]]) -> dict[str, float]:
    """The top of each: as near to the mean height of its neighbours as the others in its column let it."""
    stacks = [(column, _offsets(grid, column)) for column in grid.columns]
    tops = {key: top for column, offsets in stacks for key, top in zip(column, offsets, strict=True)}
    ports = {key: item.port for key, item in grid.items.items()}
    level = {key: top + ports[key] for key, top in tops.items()}
    for sweep in range(SWEEPS + 1):
        near, ahead = (before, stacks) if sweep % 2 == 0 else (behind, stacks[::-1])
        for column, offsets in ahead:
            wanted = [_mean(near[key], level, level[key]) - ports[key] for key in column]
            shifts = rising([want - offset for want, offset in zip(wanted, offsets, strict=True)])
            for key, offset, shift in zip(column, offsets, shifts, strict=True):
                tops[key] = offset + shift
                level[key] = offset + shift + ports[key]
    least = min(tops.values())
    return {key: top - least for key, top in tops.items()}


def rising(values: Sequence[float]) -> list[float]:
    """The nearest values that never fall: pool adjacent violators."""
    pools: list[tuple[float, int]] = []
    for value in values:
        total, count = value, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            more, members = pools.pop()
            total, count = total + more, count + members
        pools.append((total, count))
    return [total / count for total, count in pools for _ in range(count)]


def _offsets(grid: _Grid, column: list[str]) -> list[float]:
    """Tops when the boxes stand as close as they may."""
    found, top = [], 0.0
    for key in column:
        found.append(top)
        top += grid.items[key].height + GAP_Y
    return found


def _columns(grid: _Grid) -> tuple[list[float], list[float]]:
    """The left and the right edge of each column."""
    lefts, rights, left = [], [], 0.0
    for column in grid.columns:
        lefts.append(left)
        rights.append(left + max(grid.items[key].width for key in column))
        left = rights[-1] + GAP_X
    return lefts, rights


def _path(grid: _Grid, chain: list[str], lefts: list[float], rights: list[float], tops: dict[str, float]) -> str:
    def height(key: str) -> float:
        return tops[key] + grid.items[key].port

    first = grid.items[chain[0]]
    parts = [f"M{lefts[grid.column[first.key]] + first.width:g} {height(first.key):.1f}"]
    for one, other in zip(chain, chain[1:], strict=False):
        start, end = rights[grid.column[one]], lefts[grid.column[other]]
        bend = min((end - start) / 2, 80)
        parts.append(f"H{start:g}")
        curve = f"C{start + bend:g} {height(one):.1f} {end - bend:g} {height(other):.1f} {end:g} {height(other):.1f}"
        parts.append(curve if abs(height(one) - height(other)) > 0.5 else f"H{end:g}")
    return "".join(parts) + HEAD


def _mean(keys: Sequence[str], values: Mapping[str, float], otherwise: float) -> float:
    if len(keys) == 1:
        return values[keys[0]]
    return sum(map(values.__getitem__, keys)) / len(keys) if keys else otherwise
