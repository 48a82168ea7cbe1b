"""A sender of notices as a process of its own: `python -m tests.crash.mailing FOLDER PORT BASE SECONDS [WHERE]`.

It sends what is due SECONDS from now and prints how many arrived. With WHERE it kills itself there: before the sending
(taken), between the sending and its record (sent), or after the record (recorded).
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from appliance import clock
from appliance.db.tenants import open_catalogue
from appliance.domain import tenants
from appliance.domain.notices import outbox
from appliance.gateway.client import Gateway
from appliance.gateway.mail import Server
from appliance.post import Post
from tests.world import vault_of

PLACES: dict[str, tuple[str, bool]] = {"taken": ("take", True), "sent": ("sent", False), "recorded": ("sent", True)}


def main(folder: str, port: str, base: str, seconds: str, where: str = "") -> None:
    if where:
        name, after = PLACES[where]
        setattr(outbox, name, dies(getattr(outbox, name), after))
    catalogue, gateway = open_catalogue(Path(folder)), Gateway()
    gateway.start()
    post = Post(
        vault_of(catalogue), gateway, Server("127.0.0.1", int(port), "none", "", "", "hq@acme.test"), lambda: base
    )
    with catalogue.control() as control:
        tenant = tenants.by_slug(control, "acme")
    with catalogue.open(tenant.id) as db, clock.frozen(clock.now() + timedelta(seconds=float(seconds))):
        print(post.send_due(db, tenant), flush=True)
    gateway.close()


def dies(real: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def killed(*args: Any) -> None:
        if after:
            real(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    return killed


if __name__ == "__main__":
    main(*sys.argv[1:])
