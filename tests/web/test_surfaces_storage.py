"""Calls of tools while the storage of the tenant is used up: each would be one more thing kept."""

import httpx
import pytest

from appliance.domain import ledger_lists
from tests.domain.limiting import limit
from tests.gateway.upstream import Upstream
from tests.web.tools import CHAT, chat, message, said
from tests.world import World

PATHS = {"/messages": message(), "/chat/completions": chat(), "/responses": b'{"model":"gpt-5","input":"Hi"}'}


@pytest.mark.parametrize("path", PATHS)
def test_a_storage_that_is_used_up_stops_a_tool_at_once_and_reads_go_on(
    world: World, fake: Upstream, tool: httpx.Client, path: str
) -> None:
    limit(world, "free", storage_bytes=4096)
    got = tool.post(f"/gw/v1{path}", content=PATHS[path])
    assert (got.status_code, got.headers["x-should-retry"], got.headers["x-agenthq-reason"]) == (
        402 if path == "/messages" else 400,
        "false",
        "storage",
    )
    assert "retry-after" not in got.headers and fake.received == []
    error = got.json()["error"]
    if path == "/messages":
        assert error["type"] == "billing_error" and error["details"] == {"error_code": "agenthq_storage_full"}
    else:
        assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
    assert "of the 4 kB that the plan Free allows are stored" in error["message"]
    assert "ask the owner of the box for more" in error["message"]
    with world.db() as db:
        assert ledger_lists.calls(db).items == []
    assert tool.get("/gw/v1/models").status_code == 200
    assert world.otto.get(f"{world.otto.api}/calls").status_code == 200


def test_more_storage_lets_tools_go_on(world: World, fake: Upstream, tool: httpx.Client) -> None:
    fake.will(said(CHAT), said(CHAT))
    limit(world, "free", storage_bytes=4096)
    assert tool.post("/gw/v1/chat/completions", content=chat()).headers["x-agenthq-reason"] == "storage"
    limit(world, storage_bytes=2**30)
    assert tool.post("/gw/v1/chat/completions", content=chat()).status_code == 200
    limit(world, storage_bytes=4096)
    assert tool.post("/gw/v1/chat/completions", content=chat()).status_code == 400
