"""Routes are made ready by the first request: all of them can be, once each, and OPTIONS says what each takes."""

from concurrent.futures import ThreadPoolExecutor

from litestar.testing import TestClient

from appliance.web import site
from appliance.web.wings import LateRoute, make_all_ready
from tests.world import World


def test_every_route_can_be_made_ready_from_several_threads(world: World) -> None:
    late = [route for route in world.app.routes if isinstance(route, LateRoute)]
    assert len(late) > 400

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(make_all_ready, world.app) for _ in range(4)]:
            done.result()

    for route in late:
        assert route.route_handler_map.keys() == route.methods, route.path
        assert all(model for _, model in route.route_handler_map.values()), route.path


def test_options_names_the_methods_of_an_address(world: World) -> None:
    found = world.stranger.options("/login")

    assert found.status_code == 204
    assert found.headers["allow"] == "GET, OPTIONS, POST"


def test_the_frameworks_own_description_is_there_whoever_asks_first(world: World) -> None:
    app = site.create(world.app.state.services)
    with TestClient(app) as fresh:
        found = fresh.get("/api/schema/openapi.json")
    assert found.status_code == 200
    assert "/api/v1/tasks" in found.json()["paths"]
