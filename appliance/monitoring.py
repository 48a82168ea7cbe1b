"""What watches this process: counts for /metrics, spans for a collector. Both hear of calls once they are booked."""

from functools import partial
from typing import TYPE_CHECKING, Any

from appliance.db.tenants import Catalogue
from appliance.domain import providers, tenants
from appliance.domain.ledger_rows import Settled
from appliance.errors import Problem
from appliance.metrics import page, spans
from appliance.metrics.counts import Counts
from appliance.metrics.page import Spans
from appliance.metrics.spans import About, Noted
from appliance.settings import Settings, pairs

if TYPE_CHECKING:
    from appliance.gateway.otlp import Exporter


class Monitoring:
    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.counts = Counts()
        catalogue.attend(self.counts.hear)
        self._exporter = _exporter(settings, catalogue)
        if self._exporter:
            catalogue.attend(self._export)

    def text(self, only: str = "") -> bytes:
        """The page of the box, or what it says of the tenant with the id `only`."""
        told = Spans(self._exporter.sent, self._exporter.dropped) if self._exporter else Spans()
        return page.text(self.catalogue, self.counts, told, only)

    def close(self) -> None:
        if self._exporter:
            self._exporter.close()

    def _export(self, tenant_id: str, notes: list[Any]) -> None:
        assert self._exporter
        self._exporter.put([Noted(tenant_id, note) for note in notes if isinstance(note, Settled)])


def _exporter(settings: Settings, catalogue: Catalogue) -> "Exporter | None":
    if not settings.otlp_url:
        return None
    from appliance.gateway.otlp import Exporter  # noqa: PLC0415  0.03 s that only its users wait for

    encode = partial(spans.batch, look=_Looking(catalogue).look)
    exporter = Exporter(settings.otlp_url, pairs(settings.otlp_headers), encode)
    exporter.start()
    return exporter


class _Looking:
    """Accounts change their kind never, tenants their short name hardly: each is looked up once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[tuple[str, str], About] = {}

    def look(self, tenant_id: str, provider_id: str) -> About:
        if (tenant_id, provider_id) not in self._known:
            self._known[tenant_id, provider_id] = self._find(tenant_id, provider_id)
        return self._known[tenant_id, provider_id]

    def _find(self, tenant_id: str, provider_id: str) -> About:
        try:
            with self._catalogue.control() as control:
                tenant = tenants.by_id(control, tenant_id).slug
            with self._catalogue.open(tenant_id) as db:
                return About(tenant, providers.get(db, provider_id).kind)
        except Problem:
            return About(tenant_id, "_OTHER")
