"""Which steps of a list have begun before which: ids once, needs that exist, no circle."""

from typing import NamedTuple

from appliance.domain.workflows.nearest import meant
from appliance.domain.workflows.places import Found


class Order(NamedTuple):
    """`ahead[n]` are the steps that step n needs, and those these need, and so on."""

    ids: list[str]
    ahead: list[frozenset[str]]
    faults: list[Found]


def of(ids: list[str], needs: list[list[str]]) -> Order:
    """`faults` have places inside the list."""
    faults: list[Found] = []
    first: dict[str, int] = {}
    for n, name in enumerate(ids):
        if first.setdefault(name, n) != n:
            faults.append(((n, "id"), f"'{name}' is the id of another step of this list; give it another"))
    for n, wanted in enumerate(needs):
        for need in wanted:
            if need not in first:
                faults.append(((n, "needs"), f"there is no step '{need}' in this list{meant(need, first)}"))
            elif need == ids[n] and first[need] == n:
                faults.append(((n, "needs"), "a step can't need itself"))
    ahead = _ahead(ids, needs, first)
    if not faults and (circle := [n for n, name in enumerate(ids) if name in ahead[n]]):
        names = " → ".join(ids[n] for n in circle[:6])
        faults.append(((circle[0], "needs"), f"these steps wait for each other: {names}; take one of the needs away"))
    return Order(ids, ahead, faults)


def _ahead(ids: list[str], needs: list[list[str]], first: dict[str, int]) -> list[frozenset[str]]:
    """Each step's ancestors. A step mostly follows one that stands before it, so one pass forward does nearly all."""
    found: list[frozenset[str]] = [frozenset() for _ in ids]
    changed = True
    while changed:
        changed = False
        for n, wanted in enumerate(needs):
            known = [name for name in wanted if name in first]
            reached = frozenset(known).union(*(found[first[name]] for name in known))
            if reached != found[n]:
                found[n], changed = reached, True
    return found
