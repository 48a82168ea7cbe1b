"""Accounts of an earlier version: those on this machine or its network can be called as before."""

import pytest

from appliance import clock
from appliance.db import migrate
from appliance.db.tenants import Catalogue
from appliance.domain import providers

BEFORE = {
    "ollama": ("ollama", "http://127.0.0.1:11434/v1", True),
    "by name": ("openai-compatible", "http://gpu-box:8000/v1", True),
    "local tls": ("openai-compatible", "https://localhost:8443", True),
    "network": ("anthropic-compatible", "https://10.1.2.3/v1", True),
    "six": ("openai-compatible", "https://[fd00::5]/v1", True),
    "cloud": ("openai", "https://api.openai.com/v1", False),
    "proxy": ("openai-compatible", "https://openrouter.ai/api/v1", False),
    "sim": ("simulated", "", False),
}


def test_accounts_that_were_private_before_the_upgrade_have_the_switch(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = migrate.migrations
    with monkeypatch.context() as old:
        earlier = [m for m in everything("tenant") if m.version < 11]
        old.setattr(migrate, "migrations", lambda kind: earlier if kind == "tenant" else everything(kind))
        old.setattr(migrate, "tables", migrate.tables.__wrapped__)
        catalogue.create("t1")
        with catalogue.open("t1") as db:
            for name, (kind, url, _) in BEFORE.items():
                row = {"id": name, "name": name, "kind": kind, "base_url": url, "billing": "metered", "models": "[]"}
                now = clock.iso()
                db.insert("providers", row | {"prices": "{}", "created_at": now, "updated_at": now})
    catalogue._current.discard("t1")
    with catalogue.open("t1") as db:
        found = {one.name: one.private for one in providers.all(db)}
    assert found == {name: private for name, (_, _, private) in BEFORE.items()}
