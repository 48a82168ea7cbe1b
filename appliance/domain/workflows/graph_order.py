"""Which steps of a list have begun before which: ids once, needs that exist, no circle."""

from collections.abc import Iterator, Set
from itertools import islice
from typing import NamedTuple

from appliance.domain.workflows.nearest import meant
from appliance.domain.workflows.places import Found

MOST_FAULTS = 50


class Some(Set[str]):
    """Some of the steps of a list, a bit for each: as sets, what is ahead of each of a thousand is half a million."""

    def __init__(self, places: dict[str, int], mask: int) -> None:
        self._places = places
        self._mask = mask

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._places and bool(self._mask >> self._places[name] & 1)

    def __iter__(self) -> Iterator[str]:
        return (name for name, place in self._places.items() if self._mask >> place & 1)

    def __len__(self) -> int:
        return self._mask.bit_count()


class Both(Set[str]):
    """What is in either of two, without joining them; `hidden` are names of the second that do not count."""

    def __init__(self, inner: Set[str], outer: Set[str], hidden: Set[str] = frozenset()) -> None:
        self._inner = inner
        self._outer = outer
        self._hidden = hidden

    def __contains__(self, name: object) -> bool:
        return name in self._inner or (name not in self._hidden and name in self._outer)

    def __iter__(self) -> Iterator[str]:
        yield from self._inner
        yield from (name for name in self._outer if name not in self._hidden and name not in self._inner)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Order(NamedTuple):
    """`ahead[n]` are the steps that step n needs, and those these need, and so on; all of them for one in a circle."""

    ids: list[str]
    ahead: list[Some]
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


def _ahead(ids: list[str], needs: list[list[int]], order: list[int]) -> list[Some]:
    places = {name: n for n, name in enumerate(ids)}
    masks = [(1 << len(ids)) - 1] * len(ids)
    for n in order:
        masks[n] = 0
        for need in needs[n]:
            masks[n] |= masks[need] | 1 << need
    return [Some(places, mask) for mask in masks]
