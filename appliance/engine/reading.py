"""Once an hour, what each tenant keeps and spends on models is read for the economics of the box."""

from appliance.db.tenants import Catalogue
from appliance.domain.economics import readings


class Reading:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def round(self) -> None:
        """Read all tenants when an hour is over. Two processes that do so at a time write the same."""
        with self._catalogue.control() as control:
            due = readings.due(control)
        if due:
            readings.read_all(self._catalogue)
