"""Counting with a bound on how many label sets there are."""

from bisect import bisect_left

from appliance.metrics.table import OPEN, OTHER, Metric

# New names are taken as they are until four fifths of the room is used; then only a tenant keeps its own.
NAMES = 0.8
Labels = tuple[str, ...]


class Sums:
    """A counter: integers by label set, as many as its metric may have."""

    def __init__(self, metric: Metric) -> None:
        self._cap = metric.cap
        self._names = [n for n, label in enumerate(metric.labels) if label in OPEN and label != "tenant"]
        self._all = [n for n, label in enumerate(metric.labels) if label in OPEN]
        self.values: dict[Labels, int] = {}

    def add(self, labels: Labels, amount: int = 1) -> None:
        if labels in self.values:
            self.values[labels] += amount
        elif amount:
            found = self._room(labels)
            self.values[found] = self.values.get(found, 0) + amount

    def _room(self, labels: Labels) -> Labels:
        if len(self.values) < self._cap * NAMES:
            return labels
        wider = _other(labels, self._names)
        if wider in self.values or len(self.values) < self._cap:
            return wider
        return _other(labels, self._all)


class Spread:
    """A histogram: how many fell into each bucket, and their sum in milliseconds, by label set."""

    def __init__(self, bounds_s: tuple[float, ...]) -> None:
        self._bounds = [bound * 1000 for bound in bounds_s]
        self.buckets: dict[Labels, list[int]] = {}
        self.sums: dict[Labels, float] = {}

    def add(self, labels: Labels, ms: float) -> None:
        counts = self.buckets.setdefault(labels, [0] * (len(self._bounds) + 1))
        counts[bisect_left(self._bounds, ms)] += 1
        self.sums[labels] = self.sums.get(labels, 0.0) + ms


def _other(labels: Labels, places: list[int]) -> Labels:
    return tuple(OTHER if n in places else label for n, label in enumerate(labels))
