"""One row of the comparison."""

from typing import NamedTuple


class Row(NamedTuple):
    """`name` is that of the scenario on both sides; `ours` and `temporal` are what came out there.

    `why` argues a difference. A `documented` row has no scenario on Temporal's side, because its test server leaves
    that part out; what stands there is from Temporal's documentation.
    """

    name: str
    scenario: str
    ours: str
    temporal: str
    why: str = ""
    documented: bool = False

    @property
    def same(self) -> bool:
        return self.ours == self.temporal


def alike(name: str, scenario: str, outcome: str) -> Row:
    return Row(name, scenario, outcome, outcome)
