"""Once an hour, what each tenant keeps and spends on models is read for the economics of the box."""

import logging
from functools import partial

from appliance.db.tenants import Catalogue
from appliance.domain.economics import readings
from appliance.engine.schedule import guarded
from appliance.errors import Problem

log = logging.getLogger(__name__)


class Reading:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def round(self) -> None:
        """Read all tenants when an hour is over. Two processes that do so at a time write the same."""
        with self._catalogue.control() as control:
            found = readings.active(control) if readings.due(control) else []
        for tenant_id in found:
            guarded(partial(self._read, tenant_id))()

    def _read(self, tenant_id: str) -> None:
        try:
            readings.read(self._catalogue, tenant_id)
        except Problem as problem:
            log.error("what tenant %s uses is not read: %s", tenant_id, problem.detail)
