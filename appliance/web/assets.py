"""Styles, scripts, fonts and icons: from the bundle, compressed once, cached by address."""

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import NamedTuple

from litestar import Response, get
from litestar.params import FromPath

from appliance.errors import Problem
from appliance.settings import resource_root
from appliance.web.access import Ask

ROOT = resource_root() / "ui" / "static"
FOREVER = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


class Asset(NamedTuple):
    body: bytes
    packed: bytes
    kind: str
    tag: str


@cache
def load(name: str) -> Asset:
    """Raises Problem(not_found) for anything that is not a file under ui/static."""
    path = (ROOT / name.lstrip("/")).resolve()
    if not path.is_relative_to(ROOT.resolve()) or not path.is_file():
        raise Problem("not_found")
    body = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(body, 6, mtime=0) if path.suffix != ".woff2" else body
    return Asset(body, packed, kind, hashlib.sha256(body).hexdigest()[:12])


def asset(name: str) -> str:
    """The address of a file of ours; its digest is in the address, so that browsers keep it for good."""
    return f"/static/{name}?v={load(name).tag}"


@get("/static/{path:path}", opt={"packed": True}, include_in_schema=False, sync_to_thread=True, name="static")
def static(request: Ask, path: FromPath[Path]) -> Response[bytes]:
    found = load(str(path))
    known = path.is_relative_to("/vendor") or request.query_params.get("v") == found.tag
    headers = {"ETag": f'"{found.tag}"', "Cache-Control": FOREVER if known else "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers, media_type=found.kind)
    if "gzip" in request.headers.get("accept-encoding", "") and found.packed is not found.body:
        return Response(found.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.kind)
    return Response(found.body, headers=headers, media_type=found.kind)
