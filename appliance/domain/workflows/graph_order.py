"""Which steps of a list have begun before which: ids once, needs that exist, no circle."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from appliance.domain.workflows.nearest import meant
from appliance.domain.workflows.places import Found

MOST_FAULTS = 50


class Order(NamedTuple):
    """`ahead[n]` are the steps that step n needs, and those these need, and so on; all of them for one in a circle."""

    ids: list[str]
    ahead: list[frozenset[str]]
    faults: list[Found]


def of(ids: list[str], needs: list[list[str]]) -> Order:
    """`faults` have places inside the list."""
    first: dict[str, int] = {}
    for n, name in enumerate(ids):
        first.setdefault(name, n)
    faults = list(islice(_unfit(ids, needs, first), MOST_FAULTS))
    known = [[first[name] for name in wanted if name in first] for wanted in needs]
    order = _sorted(known)
    if not faults and len(order) < len(ids):
        circle = _circle(known, set(range(len(ids))) - set(order))
        names = " → ".join(ids[n] for n in circle[:6])
        faults.append(((circle[0], "needs"), f"these steps wait for each other: {names}; take one of the needs away"))
    return Order(ids, _ahead(ids, known, order), faults)


def _unfit(ids: list[str], needs: list[list[str]], first: dict[str, int]) -> Iterator[Found]:
    for n, name in enumerate(ids):
        if first[name] != n:
            yield (n, "id"), f"'{name}' is the id of another step of this list; give it another"
    for n, (name, wanted) in enumerate(zip(ids, needs, strict=True)):
        for need in wanted:
            if need not in first:
                yield (n, "needs"), f"there is no step '{need}' in this list{meant(need, first.keys() - {name})}"
            elif first[need] == n:
                yield (n, "needs"), "a step can't need itself"


def _sorted(needs: list[list[int]]) -> list[int]:
    """The steps, each after all that it needs; without those in a circle or behind one."""
    left = [len(wanted) for wanted in needs]
    needed_by: list[list[int]] = [[] for _ in needs]
    for n, wanted in enumerate(needs):
        for need in wanted:
            needed_by[need].append(n)
    order = [n for n, count in enumerate(left) if not count]
    for ready in order:
        for n in needed_by[ready]:
            left[n] -= 1
            if not left[n]:
                order.append(n)
    return order


def _circle(needs: list[list[int]], inside: set[int]) -> list[int]:
    """Some circle among the steps that could not be sorted, from its first step on."""
    walked: list[int] = []
    at = min(inside)
    while at not in walked:
        walked.append(at)
        at = next(need for need in needs[at] if need in inside)
    circle = walked[walked.index(at) :]
    start = circle.index(min(circle))
    return circle[start:] + circle[:start]


def _ahead(ids: list[str], needs: list[list[int]], order: list[int]) -> list[frozenset[str]]:
    everything = frozenset(ids)
    found = [everything] * len(ids)
    masks = [0] * len(ids)
    for n in order:
        reached: frozenset[str] = frozenset()
        for need in sorted(needs[n], reverse=True):
            # Sets are joined only when that adds something: a list whose every step needs all before it is long.
            if masks[need] & ~masks[n]:
                reached |= found[need]
            masks[n] |= masks[need] | 1 << need
        found[n] = reached | {ids[need] for need in needs[n]}
    return found
