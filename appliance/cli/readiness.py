"""Whether the process of this machine is ready: what a container asks of the program inside it."""

import urllib.request

from appliance.cli.desk import Desk
from appliance.cli.show import Shown
from appliance.domain import box, workers
from appliance.errors import Problem

PATIENCE_S = 4
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def told(desk: Desk) -> Shown:
    """Raises Problem(unavailable) with what is missing."""
    roles = _roles(desk)
    if not roles:
        raise Problem("unavailable", "Nothing of AgentHQ serves here.")
    if roles & {"all", "web"}:
        _ask(desk)
    return Shown({"ready": True, "roles": sorted(roles)}, "ready")


def _roles(desk: Desk) -> set[str]:
    """Of the processes here. On data that others share, each lives by its heartbeat, a trip to the database."""
    if not desk.settings.database_url:
        return {"all"} if desk.server() else set()
    with desk.control() as control:
        alive = workers.living(control, shared=True)
        here = [one for one in workers.all(control) if one.owner in alive and one.place == workers.here()]
    return {one.role for one in here} - {workers.COMMAND}


def _ask(desk: Desk) -> None:
    host = ANYWHERE.get(desk.settings.host, desk.settings.host)
    port = desk.settings.port or box.kept_port(desk.catalogue)
    try:
        urllib.request.urlopen(f"http://{host}:{port}/readyz", timeout=PATIENCE_S).close()
    except OSError as error:
        raise Problem("unavailable", f"The server at {host}:{port} is not ready: {error}.") from error
