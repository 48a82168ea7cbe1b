"""Bundles in memory."""

import io
from typing import Any

from appliance import bundles
from appliance.db.tenants import Catalogue


def packed(catalogue: Catalogue, tenant_id: str, *args: Any, **named: Any) -> bytes:
    out = io.BytesIO()
    bundles.write(catalogue, tenant_id, out, *args, **named)
    return out.getvalue()
