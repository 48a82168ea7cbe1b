"""First start: one link, one owner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import settings
from appliance.calls import Calls
from appliance.db.tenants import Catalogue
from appliance.domain import setup
from appliance.domain.actor import Actor
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import site
from appliance.web.services import Answers, Services
from tests.world import Browser, Theatre, World, vault_of

FORM = {"organisation": "Nørd & Wind", "name": "Nora", "email": "Nora@Wind.test", "password": "long enough 1"}


class Box:
    """A fresh box: a browser, the link, and what the hook after setup was told."""

    def __init__(self, catalogue: Catalogue, theatre: Theatre, folder: Path) -> None:
        self.catalogue = catalogue
        self.told: list[tuple[Tenant, Actor, Answers]] = []
        vault = vault_of(catalogue)
        services = Services(
            settings.load({"data": str(folder)}, {}),
            catalogue,
            vault,
            Calls(vault, theatre.gateway, "test"),
            lambda tenant, owner, answers: self.told.append((tenant, owner, answers)),
        )
        self.browser = Browser(theatre.app(services), theatre.loop)
        with catalogue.control() as control:
            self.link = f"/setup/{setup.new_token(control)}"


@pytest.fixture
def box(catalogue: Catalogue, theatre: Theatre, tmp_path: Path) -> Iterator[Box]:
    yield Box(catalogue, theatre, tmp_path)


def test_the_form_makes_owner_and_tenant_and_signs_in(box: Box) -> None:
    assert "Set up AgentHQ" in box.browser.get(box.link).text
    answer = box.browser.post(box.link, data=FORM | {"cap_usd": "50", "provider": "simulated"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/t/n-rd-wind/")
    assert box.browser.get("/t/n-rd-wind/settings").status_code == 200
    (tenant, owner, answers) = box.told[0]
    assert (tenant.name, owner.name, owner.role) == ("Nørd & Wind", "Nora", "owner")
    assert answers == Answers("simulated", "50")


def test_the_link_works_once(box: Box) -> None:
    box.browser.post(box.link, data=FORM)
    answer = box.browser.get(box.link)
    assert (answer.status_code, "Sign in" in answer.text) == (409, True)
    assert box.browser.post(box.link, data=FORM).status_code == 409


def test_a_wrong_link_is_refused(box: Box) -> None:
    assert box.browser.get("/setup/guess").status_code == 410


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "short"}, "take at least 10 characters"),
        ({"email": "nobody"}, "is not an e-mail address"),
        ({"organisation": ""}, "is required"),
        ({"cap_usd": "a lot"}, "cap_usd-error"),
    ],
)
def test_a_refused_form_keeps_what_was_typed(box: Box, wrong: dict[str, str], said: str) -> None:
    answer = box.browser.post(box.link, data=FORM | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Nora"' in answer.text
    assert "long enough 1" not in answer.text
    assert box.browser.post(box.link, data=FORM).status_code == 303


def test_the_front_door_waits_for_the_owner(box: Box) -> None:
    assert "waits for its owner" in box.browser.get("/").text
    assert "no owner yet" in box.browser.get("/login").text
    assert box.browser.get("/healthz").json()["set_up"] is False


def test_a_locked_box_says_the_fix_everywhere(world: World, theatre: Theatre) -> None:
    problem = Problem("locked", "Put the right key back.")
    browser = Browser(site.locked(world.settings, world.catalogue, problem), theatre.loop)
    assert browser.get("/livez").status_code == 200
    assert browser.get("/readyz").status_code == 503
    for path in ("/", "/t/acme/", "/login", "/setup/x"):
        answer = browser.get(path)
        assert (answer.status_code, "Put the right key back." in answer.text) == (503, True)
    assert browser.post("/api/v1/tasks", json={}).json()["code"] == "locked"
    assert browser.get("/static/css/base.css").status_code == 200
