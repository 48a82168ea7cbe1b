"""Routers for one application whose routes are made ready by the first request for them.

Litestar reads what a handler takes and depends on when an application is made: a millisecond for each of the five
hundred, most of which a process is never asked for. Made so, and without copies of copies, a start takes 0.7 s less.
"""

import threading
import warnings
from collections import defaultdict
from collections.abc import Iterator
from copy import copy
from types import MethodType
from typing import Any

from litestar import Controller, Litestar, Response, Router, route
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import HTTPScope, Receive, Scope, Send
from litestar.utils import join_paths

_OF_ALL = frozenset(dir(Controller))
# One route at a time, which is over in milliseconds.
_turn = threading.Lock()


class Wing(Router):
    """The nouns below one path: controllers and single handlers."""

    def __init__(self, path: str, nouns: list[Any], **given: Any) -> None:
        super().__init__(path, route_handlers=[], **given)
        self._nouns = nouns

    def open(self, app: Litestar) -> list["LateRoute"]:
        self.owner = app
        found: dict[str, list[HTTPRouteHandler]] = defaultdict(list)
        for noun in self._nouns:
            for path, handler in self._handlers(noun):
                found[join_paths([self.path, path])].append(handler)
        return [LateRoute(app, path, handlers) for path, handlers in found.items()]

    def _handlers(self, noun: Any) -> Iterator[tuple[str, HTTPRouteHandler]]:
        """Copies, since each belongs to one application."""
        if isinstance(noun, HTTPRouteHandler):
            yield from _owned(noun, self)
            return
        controller = noun(owner=self)
        for name in sorted(set(dir(noun)) - _OF_ALL):
            if isinstance(found := getattr(noun, name), HTTPRouteHandler):
                for path, handler in _owned(found, controller):
                    yield join_paths([controller.path, path]), handler(MethodType(found.fn, controller))


class LateRoute(HTTPRoute):
    """Everything but the address and its options is made by the first request, or by `make_ready`."""

    __slots__ = ("_app", "_ready")

    def __init__(self, app: Litestar, path: str, handlers: list[HTTPRouteHandler]) -> None:
        super().__init__(path=path, route_handlers=handlers)
        self._app = app
        self._ready = False
        for handler in self.route_handlers:
            handler.resolve_opts()
            for method in handler.http_methods:
                self.route_handler_map[method] = (handler, None)  # type: ignore[assignment]

    def make_ready(self) -> None:
        with _turn, warnings.catch_warnings():
            if self._ready:
                return
            # The markers that Litestar 3 will want.
            warnings.simplefilter("ignore", DeprecationWarning)
            for handler in self.route_handlers:
                handler.on_registration(self._app)
            self.route_handler_map = {}
            self.create_handler_map()
            self._ready = True

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if not self._ready:
            self.make_ready()
        await super().handle(scope, receive, send)

    def create_options_handler(self, path: str) -> HTTPRouteHandler:
        return copy(_options)(MethodType(_options.fn, self))


@route("/", http_method="OPTIONS", include_in_schema=False, sync_to_thread=False)
def _options(self: LateRoute, scope: Scope) -> Response[None]:
    return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(self.methods))}, media_type="text/plain")


def make_all_ready(app: Litestar) -> None:
    """For what looks at every handler."""
    for each in app.routes:
        if isinstance(each, LateRoute):
            each.make_ready()


def _owned(handler: HTTPRouteHandler, owner: Any) -> Iterator[tuple[str, HTTPRouteHandler]]:
    made = copy(handler)
    made.owner = owner
    for path in made.paths:
        yield path, made
