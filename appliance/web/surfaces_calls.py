"""Everything that calls from outside share in this process; loaded with the HTTP library by the first of them."""

from appliance.calls.desk import Desk
from appliance.gateway.prices import PriceBook
from appliance.gateway.relay import Relay
from appliance.web import surfaces_lists
from appliance.web.surfaces_asking import Tools
from appliance.web.surfaces_paths import Place
from appliance.web.surfaces_reply import Reply
from appliance.web.surfaces_request import Request
from appliance.web.surfaces_waiting import Waiting
from appliance.web.surfaces_watch import Watch
from appliance.web.surfaces_work import Work


class Calls:
    def __init__(self, desk: Desk, prices: PriceBook) -> None:
        waiting = Waiting()
        self._watch = Watch(lambda live: waiting.on(desk.halted(live)))
        self._tools = Tools(desk, Relay(), prices, self._watch, set(), waiting)

    async def serve(self, place: Place, request: Request, reply: Reply) -> None:
        """Raises Unreadable, Refused and Problem while nothing has been answered."""
        if place.action == "models":
            await surfaces_lists.models(self._tools, request.holder, place.rest, reply)
        elif place.action == "count":
            await surfaces_lists.count(self._tools, request, reply)
        else:
            await Work(self._tools, request, reply).run()

    def end(self) -> None:
        """The server stops: streams get a few seconds to end by themselves."""
        self._watch.end()

    async def close(self) -> None:
        await self._watch.close()
        await self._tools.relay.close()
