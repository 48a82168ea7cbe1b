"""Bundles in memory, and boxes to bring them to."""

import io
from pathlib import Path
from typing import Any

from appliance import bundles
from appliance.db.sqlite_catalogue import SqliteCatalogue
from appliance.db.tenants import Catalogue
from tests.world import write_play


def packed(catalogue: Catalogue, tenant_id: str, *args: Any, **named: Any) -> bytes:
    out = io.BytesIO()
    bundles.write(catalogue, tenant_id, out, *args, **named)
    return out.getvalue()


def new_box(folder: Path) -> SqliteCatalogue:
    """Another box, with people of the same names."""
    folder.mkdir()
    catalogue = SqliteCatalogue(folder)
    write_play(catalogue)
    return catalogue
