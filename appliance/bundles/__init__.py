"""Bundles: one tenant as one file that another box can read, whatever database either of them has."""

from appliance.bundles.forking import fork
from appliance.bundles.importing import Imported, Wish, read, twice
from appliance.bundles.reading import Report, check, load
from appliance.bundles.writing import Written, write

__all__ = ["Imported", "Report", "Wish", "Written", "check", "fork", "load", "read", "twice", "write"]
