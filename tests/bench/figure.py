"""One measured number and the limit it must keep; without a limit it stands beside others for comparison."""

from typing import NamedTuple


class Figure(NamedTuple):
    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def kept(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self) -> str:
        told = f"{self.name:<50} {self.value:10.3f} {self.unit:<4}"
        if self.limit is None:
            return f"     {told}".rstrip()
        return f"{'ok  ' if self.kept else 'MISS'} {told} {'>=' if self.at_least else '<='} {self.limit:g}"


class Note(NamedTuple):
    """Why something was not measured."""

    text: str
    kept: bool = True

    def line(self) -> str:
        return f"     {self.text}"
