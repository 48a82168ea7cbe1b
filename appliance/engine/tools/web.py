"""Reading pages of the web, from the hosts that a person has allowed."""

from typing import Any

from appliance.domain import hosts
from appliance.engine.tools.tool import Bench, Tool, arguments
from appliance.gateway.fetching import Fetched, Unfetched

SHOWN = 32_000


def fetch(bench: Bench, url: str) -> Fetched:
    """Raises Unfetched."""
    bench.step_aside()
    return bench.gateway.fetch(url, hosts.allowed(bench.db), bench.cancelled)


def _get(bench: Bench, given: dict[str, Any]) -> str:
    try:
        found = fetch(bench, given["url"])
    except Unfetched as fault:
        return f"error: {fault}"
    text = found.text
    more = "\n[there is more]" if found.cut or len(text) > SHOWN else ""
    head = f"{found.status} {found.content_type} {found.url}"
    return f"{'' if found.status < 400 else 'error: '}{head}\n\n{text[:SHOWN]}{more}"


TOOLS = (
    Tool(
        "http.get",
        "idempotent",
        "Read a page of the web by GET. Only hosts that a person has allowed; up to 1 MB, within 10 s.",
        arguments(("url",), url={"type": "string", "minLength": 1, "maxLength": 2000}),
        _get,
    ),
)
