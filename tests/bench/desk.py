"""What admitting and booking a call takes of the processor: `python -m tests.bench.desk`.

Straight through the desk's own transaction, without HTTP, threads and a provider, at several sizes of a group.
"""

import gc
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path

from appliance.calls import Calls
from appliance.calls.asked import Admitted, Asked, Ended, Holder
from appliance.calls.desk import Desk, Item, Wish
from appliance.db.tenants import open_catalogue
from appliance.domain import budgets, keys, providers
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from appliance.domain.ledger import Attempt
from appliance.domain.provider_forms import ModelPrice, NewProvider
from appliance.gateway.client import Gateway
from tests.world import vault_of, write_play

GROUPS = (1, 8, 32, 64)
CALLS = 1_280
MICRO = 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalogue = open_catalogue(Path(folder))
        acme = write_play(catalogue).tenants["acme"]
        vault = vault_of(catalogue)
        desk = Desk(catalogue, Calls(vault, Gateway(), "bench").accounts, "bench")
        price = {"lab-7b": ModelPrice(0.5, 1.5)}
        with catalogue.open(acme.id) as db, catalogue.control() as control:
            new = NewProvider("Lab", "openai-compatible", "http://127.0.0.1:9", "sk-lab-0123456789", ["lab-7b"], price)
            providers.add(db, SYSTEM, vault, new)
            budgets.put(db, SYSTEM, "tenant", "", "month", budgets.MOST)
            holder = Holder(acme.id, keys.create(control, SYSTEM, acme.id, NewKey("Tool", budget_usd=1_000_000)))
        # As a server does before it serves.
        gc.freeze()
        for size in GROUPS:
            group(desk, holder, size)
            began, wall = time.process_time(), time.perf_counter()
            for _ in range(CALLS // size):
                group(desk, holder, size)
            cpu, took = time.process_time() - began, time.perf_counter() - wall
            print(f"groups of {size:2}: {cpu / CALLS * MICRO:6.0f} µs of processor a call, {CALLS / took:6.0f} calls/s")
        desk.close()


def group(desk: Desk, holder: Holder, size: int) -> None:
    """So many calls of as many sessions, admitted together and booked together."""
    asked = (Asked("messages", "lab-7b", 4_000, output_cap=500, session_id=f"s-{n}") for n in range(size))
    wishes = [Item(holder.tenant_id, Wish(holder, one), Future()) for one in asked]
    ends = [Item(holder.tenant_id, ended(one), Future()) for one in desk._together(holder.tenant_id, wishes)]
    desk._together(holder.tenant_id, ends)


def ended(admitted: Admitted) -> Ended:
    target = admitted.targets[0]
    used = {"input_total": 1_000, "output_total": 100, "cost_nano": 650_000, "cost_source": "override"}
    return Ended(admitted.call_id, [Attempt(target.account.id, target.model, **used)])


if __name__ == "__main__":
    main()
