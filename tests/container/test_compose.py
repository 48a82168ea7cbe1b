"""The compose files: every setting they name exists, every volume and service they need is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from appliance import settings
from appliance.cli.root import MODULES

ROOT = Path(__file__).resolve().parents[2]
FILES = ("compose.yaml", "compose-many.yaml")
DOCKERFILE = (ROOT / "packaging" / "Dockerfile").read_text()


def parsed(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "packaging" / name).read_text()))


def ours(name: str) -> dict[str, dict[str, Any]]:
    return {key: one for key, one in parsed(name)["services"].items() if "build" in one}


@pytest.mark.parametrize("name", FILES)
def test_every_setting_is_one_of_the_program(name: str) -> None:
    for service in ours(name).values():
        named = {key: str(value) for key, value in service["environment"].items()}
        assert all(key.startswith("AGENTHQ_") for key in named)
        settings.load({}, named)


def test_every_setting_of_the_image_is_one_of_the_program() -> None:
    named = dict(re.findall(r"(AGENTHQ_\w+)=(\S+)", DOCKERFILE))
    assert settings.load({}, named).port == 8420


@pytest.mark.parametrize("name", FILES)
def test_every_volume_and_service_that_is_named_exists(name: str) -> None:
    whole = parsed(name)
    used = {place.partition(":")[0] for one in whole["services"].values() for place in one.get("volumes", ())}
    assert used == set(whole["volumes"])
    needed = {other for one in whole["services"].values() for other in one.get("depends_on", ())}
    assert needed <= set(whole["services"])
    assert all("healthcheck" in whole["services"][other] for other in needed)


@pytest.mark.parametrize("name", FILES)
def test_our_services_are_locked_down_and_drain(name: str) -> None:
    for service in ours(name).values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert "no-new-privileges:true" in service["security_opt"]
        assert "data:/data" in service["volumes"]
        assert int(service["stop_grace_period"].rstrip("s")) > settings.load({}, {}).grace_seconds
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.parametrize("name", FILES)
def test_what_is_published_is_where_the_image_listens(name: str) -> None:
    published = [port for one in ours(name).values() for port in one.get("ports", ())]
    assert [port.rpartition(":")[2] for port in published] == re.findall(r"EXPOSE (\d+)", DOCKERFILE)


@pytest.mark.parametrize("name", FILES)
def test_commands_are_verbs_of_the_program(name: str) -> None:
    for service in ours(name).values():
        assert service.get("command", ["serve"])[0] in MODULES


def test_the_image_is_not_root_keeps_data_in_a_volume_and_checks_itself() -> None:
    for line in ("USER 10001:10001", "VOLUME /data", "STOPSIGNAL SIGTERM", 'CMD ["agenthq", "status", "--ready"]'):
        assert line in DOCKERFILE
