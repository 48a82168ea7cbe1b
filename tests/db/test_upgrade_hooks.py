"""Addresses that an earlier version issued go on working under this one."""

import pytest

from appliance import clock, crypto
from appliance.db import migrate
from appliance.db.tenants import Catalogue
from appliance.domain import hooks
from appliance.domain.hook_task_targets import TaskSignal

ROW = {"id": "h", "tenant_id": "t1", "task_id": "0193-task", "name": "paid", "created_by": "member:1"}


def test_an_address_issued_before_the_upgrade_still_signals_its_task(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = {"id": "t1", "slug": "acme", "name": "Acme", "state": "active", "plan": "x", "data_key": "k"}
    with catalogue.control() as control:
        # Back to how the table was.
        control.execute("DROP TABLE hooks")
        [statement] = [s for m in migrate.migrations("control") for s in m.statements if "CREATE TABLE hooks" in s]
        control.execute(statement)
        control.insert("tenants", tenant | {"created_at": clock.iso()})
        control.insert("hooks", ROW | {"digest": crypto.digest("hook_old"), "created_at": clock.iso()})
        last = next(m for m in migrate.migrations("control") if m.name == "0003_webhooks" or m.version == 3)
        for one in last.statements:
            control.execute(one)
        found = hooks.find(control, "hook_old")
    assert (found.target, found.task_id, found.name) == (TaskSignal("0193-task"), "0193-task", "paid")
    assert (found.signing.scheme, found.only_if, found.per_minute, found.state) == ("", "", 60, "active")
