"""The figures: money in nano-dollars, processor time in microseconds, sizes in bytes."""

import msgspec

from appliance.domain.economics.unit_prices import UnitPrices


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was used and what that cost. `kept_bytes` is the mean of daily readings, `models_nano` what real model calls
    cost, `simulated_nano` what nobody pays; `shared_nano` is the part of the machine and of the box's own work.
    """

    pages: int = 0
    api: int = 0
    gateway: int = 0
    request_us: int = 0
    work_us: int = 0
    kept_bytes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    models_nano: int = 0
    simulated_nano: int = 0
    cpu_nano: int = 0
    storage_nano: int = 0
    traffic_nano: int = 0
    requests_nano: int = 0
    other_nano: int = 0
    shared_nano: int = 0
    cost_nano: int = 0

    @property
    def cpu_us(self) -> int:
        return self.request_us + self.work_us

    @property
    def requests(self) -> int:
        return self.pages + self.api + self.gateway


class Line(Figures, frozen=True, kw_only=True):
    """One tenant's month. Price and margin are those of its `days` in it; None where no price is known."""

    tenant_id: str
    slug: str
    name: str
    plan: str
    state: str
    simulated: bool
    days: int
    price_nano: int | None = None
    margin_nano: int | None = None
    margin_percent: float | None = None


class Month(msgspec.Struct, frozen=True):
    """A month, as far as it was measured: days from `first` to `last`, `days` of `month_days`. `read_at` is when sizes
    and model spend were read last. Revenue and margin are those of the `priced` tenants that have a price.
    """

    month: str
    first: str
    last: str
    days: int
    month_days: int
    read_at: str | None
    prices: UnitPrices
    own: Figures
    total: Figures
    priced: int
    revenue_nano: int | None
    margin_nano: int | None
    margin_percent: float | None
    lines: list[Line]


def summed(lines: list[Line]) -> Figures:
    names = [field.name for field in msgspec.structs.fields(Figures)]
    return Figures(**{name: sum(getattr(line, name) for line in lines) for name in names})


def percent(part: int | None, whole: int | None) -> float | None:
    """One decimal; None of nothing."""
    return round(part / whole * 100, 1) if part is not None and whole else None
