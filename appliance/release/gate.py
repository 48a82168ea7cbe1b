"""Does the version that was just started serve? Asked of the server itself, at the link that it wrote down."""

import contextlib
import json
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from appliance import clock, ids, trust
from appliance.db import ownership

PATIENCE_S = 120.0
PAUSE_S = 0.25
NONCE = "X-AgentHQ-Nonce"


def fault_of(folder: Path, version: str, patience: float = PATIENCE_S) -> str:
    """ "" once this version is ready; else, after so many seconds without progress, what was seen last."""
    until, seen, before = clock.monotonic() + patience, "no server started", None
    while clock.monotonic() < until:
        alive, ready = _look(folder, "/livez"), _look(folder, "/readyz")
        if alive.get("version", version) != version:
            seen = f"version {alive['version']} answers"
        elif alive and ready.get("status") == "ok":
            return ""
        elif ready:
            seen = f"it says {json.dumps(ready)[:300]}"
        if ready.get("status") == "migrating" and ready != before:
            # As long as data is being brought along, it may take its time.
            until, before = clock.monotonic() + patience, ready
        time.sleep(PAUSE_S)
    return f"after {patience:.0f} s {seen}"


def _look(folder: Path, path: str) -> dict[str, Any]:
    """The answer of the server on this data; {} from anybody else, and when there is none."""
    link, nonce = str((ownership.owner(folder) or {}).get("link") or ""), ids.new()
    if not link:
        return {}
    request = urllib.request.Request(link + path, headers={NONCE: nonce})
    try:
        with urllib.request.urlopen(request, timeout=5, context=_trust(folder)) as answer:
            headers, body = answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        headers, body = error.headers, error.read()
    except (OSError, ValueError):
        return {}
    with contextlib.suppress(ValueError):
        return dict(json.loads(body)) if headers.get(NONCE) in (nonce, None) else {}
    return {}


def _trust(folder: Path) -> ssl.SSLContext:
    context = trust.trusting()
    if (own := folder / "tls" / "ca.pem").is_file():
        context.load_verify_locations(own)
    return context
