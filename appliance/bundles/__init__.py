"""Bundles: one tenant as one file that another box can read, whatever database either of them has."""

from appliance.bundles.forking import Fork, fork
from appliance.bundles.importing import Imported, Wish, check_wish, read, rehearse, twice
from appliance.bundles.reading import Report, check, load
from appliance.bundles.writing import Written, write

__all__ = [
    "Fork",
    "Imported",
    "Report",
    "Wish",
    "Written",
    "check",
    "check_wish",
    "fork",
    "load",
    "read",
    "rehearse",
    "twice",
    "write",
]
