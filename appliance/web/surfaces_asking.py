"""One sending of a tool's request, to one account, in the protocol that the account speaks."""

from typing import TYPE_CHECKING, Any, NamedTuple

from appliance import clock
from appliance.calls.asked import Target
from appliance.calls.desk import Desk
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.prices import PriceBook
from appliance.gateway.relay_words import Verbatim
from appliance.gateway.relayed import Answering, Letter, Sent, Unanswered
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.surfaces.surface import SURFACES, spoken
from appliance.web.surfaces_request import Request
from appliance.web.surfaces_waiting import Waiting
from appliance.web.surfaces_watch import Watch

if TYPE_CHECKING:
    from appliance.gateway.relay import Relay


class Tools(NamedTuple):
    """What every call of this process needs. `plain` are the accounts that refuse to be asked for a stream's usage."""

    desk: Desk
    relay: "Relay"
    prices: PriceBook
    watch: Watch
    plain: set[str]
    waiting: Waiting


class Asking:
    """The sendings of one request so far.

    `route` says where it went, when that is not simply the account that was asked first, in the tool's own protocol.
    """

    def __init__(self, tools: Tools, request: Request, seen: Seen) -> None:
        self._tools = tools
        self._request = request
        self._seen = seen
        self._surface: str = request.surface.PROTOCOL
        self.sent: list[Sent] = []
        self.route = ""

    async def ask(self, target: Target) -> Answering:
        """Raises Unanswered."""
        if target.account.kind == "simulated":
            return await self._simulated(target)
        protocol = spoken(self._surface, target.account.kind)
        if protocol == self._surface:
            return await self._verbatim(target)
        return await self._translated(target, protocol)

    def refuses_usage(self, target: Target, failure: ProviderFailure) -> bool:
        """Whether it was our question for the usage that the account did not take; it is not asked again."""
        if target.account.id in self._tools.plain or not self._seen.wants_usage:
            return False
        if "stream_options" not in failure.message:
            return False
        self._tools.plain.add(target.account.id)
        return True

    async def _verbatim(self, target: Target) -> Answering:
        request, seen, surface = self._request, self._seen, self._request.surface
        usage = target.account.id not in self._tools.plain
        meter = surface.Meter(seen.wants_usage and usage)
        self.route = target.model if self.sent and self.sent[0].account.id != target.account.id else ""
        sent = self._sent(target, meter.told)
        body = surface.fitted(request.body, seen, target.model, usage)
        letter = Letter(surface.PATH, request.query, request.headers, body)
        return await self._tools.relay.ask(sent, letter, meter, Verbatim())

    async def _translated(self, target: Target, protocol: str) -> Answering:
        """By an account that speaks another protocol."""
        if not protocol:
            raise self._refused(target, f"{target.model} is on an account that makes no embeddings.")
        # Translation takes 0.03 s to load, and few boxes need it.
        from appliance.gateway import translate  # noqa: PLC0415
        from appliance.gateway.relay_translated import Translation  # noqa: PLC0415

        source: Any = self._surface
        try:
            made = translate.request(source, protocol, self._request.body, target.model)  # type: ignore[arg-type]
        except translate.Untranslatable as fault:
            raise self._refused(target, fault.message) from None
        meter = SURFACES[protocol].Meter()
        self.route = f"{target.model}; protocol={protocol}"
        sent = self._sent(target, meter.told)
        letter = Letter(SURFACES[protocol].PATH, "", self._request.headers, made.body)
        words = Translation(source, protocol, self._seen, made)
        return await self._tools.relay.ask(sent, letter, meter, words)

    async def _simulated(self, target: Target) -> Answering:
        from appliance.gateway.relay_simulated import Simulated  # noqa: PLC0415  it translates, too

        answer = Simulated(self._sent(target, self._request.surface.Meter().told), self._seen.stream)
        await answer.begin(self._surface, self._request.body, self._seen)
        return answer

    def _sent(self, target: Target, told: Any) -> Sent:
        self.sent.append(Sent(target.account, target.model, len(self._request.body), clock.iso(), told))
        return self.sent[-1]

    def _refused(self, target: Target, message: str) -> Unanswered:
        sent = self._sent(target, self._request.surface.Meter().told)
        sent.failure = ProviderFailure("provider_rejected", message, phase="connect", status=400)
        return Unanswered(sent.failure)
