"""One measured number and the limit it must keep."""

from typing import NamedTuple


class Figure(NamedTuple):
    name: str
    value: float
    unit: str
    limit: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self) -> str:
        sign = ">=" if self.at_least else "<="
        return (
            f"{'ok  ' if self.kept else 'MISS'} {self.name:<44} {self.value:10.3f} {self.unit:<4} {sign} {self.limit:g}"
        )
