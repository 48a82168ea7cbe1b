"""What a tool asks before it calls: which models there are, how long a prompt is."""

from typing import Any

import msgspec

from appliance import clock
from appliance.calls.asked import Holder, Target
from appliance.gateway.prices import BYTES_PER_TOKEN
from appliance.gateway.relay_words import Verbatim
from appliance.gateway.relayed import Letter, Sent, Unanswered
from appliance.gateway.surfaces import messages
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.told import Told
from appliance.web.surfaces_asking import Tools
from appliance.web.surfaces_reply import JSON, Reply
from appliance.web.surfaces_request import Request

COUNT = "/messages/count_tokens"
ESTIMATE = [(b"x-agenthq-count", b"estimate")]
# Models of an account have no age here, and both SDKs want one.
BORN = "2025-01-01T00:00:00Z"


async def models(tools: Tools, holder: Holder, name: str, reply: Reply) -> None:
    """The list, or the one that is named: one body that the SDKs of both families and Codex take."""
    known = await tools.waiting.on(tools.desk.models(holder))
    if name and name not in known:
        await reply.fault(Fault("not_found", f"There is no model {name} for this key.", "model"))
        return
    listed = [_model(one) for one in known]
    ends = {"first_id": known[0] if known else None, "last_id": known[-1] if known else None}
    whole = {"object": "list", "data": listed, "has_more": False, **ends, "models": []}
    await reply.whole(200, JSON, msgspec.json.encode(_model(name) if name else whole))


def _model(name: str) -> dict[str, Any]:
    born = int(clock.parse(BORN).timestamp())
    return {
        "id": name,
        "object": "model",
        "created": born,
        "owned_by": "agenthq",
        "type": "model",
        "display_name": name,
        "created_at": BORN,
    }


async def count(tools: Tools, request: Request, reply: Reply) -> None:
    """By the account where it can; it costs nothing there, so no call is opened. Raises Unreadable and Refused."""
    seen = messages.read(request.body)
    target = await tools.waiting.on(tools.desk.target(request.holder, seen.model))
    if target.account.kind.startswith("anthropic"):
        try:
            counted = await _counted(tools, request, target, seen)
        except Unanswered as refused:
            if refused.failure.status == 400 and refused.body:
                await reply.whole(400, JSON, refused.body)
                return
        else:
            await reply.whole(200, JSON, counted)
            return
    tokens = int(len(request.body) / BYTES_PER_TOKEN) + 1
    await reply.whole(200, JSON, msgspec.json.encode({"input_tokens": tokens}), ESTIMATE)


async def _counted(tools: Tools, request: Request, target: Target, seen: Seen) -> bytes:
    meter = _Any()
    sent = Sent(target.account, target.model, len(request.body), clock.iso(), meter.told)
    body = messages.fitted(request.body, seen, target.model)
    answer = await tools.relay.ask(sent, Letter(COUNT, request.query, request.headers, body), meter, Verbatim())
    answer.close()
    return answer.first


class _Any:
    """Takes any JSON."""

    def __init__(self) -> None:
        self.told = Told()

    def whole(self, body: bytes) -> None:
        """Raises msgspec.DecodeError."""
        msgspec.json.decode(body)

    def take(self, event: bytes) -> bool:
        return True
