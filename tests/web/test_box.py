"""The rooms of the box are open to its owners alone."""

import pytest

from tests.world import World

PAGES = ("/box/", "/box/tenants", "/box/plans", "/box/service/")


def test_the_owner_of_the_box_sees_its_tenants(world: World) -> None:
    page = world.alice.get("/box/tenants")

    assert page.status_code == 200
    assert "acme" in page.text
    assert "globex" in page.text


@pytest.mark.parametrize("path", PAGES)
def test_an_owner_of_a_tenant_gets_404(world: World, path: str) -> None:
    assert world.charlie.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_signed_in_is_sent_to_the_sign_in(world: World, path: str) -> None:
    reply = world.stranger.get(path)

    assert reply.status_code == 303
    assert reply.headers["location"].startswith("/login")


def test_the_menu_of_an_owner_of_the_box_leads_there_and_of_others_does_not(world: World) -> None:
    assert "/box/tenants" in world.alice.get(f"{world.alice.pages}/").text
    assert "/box/tenants" not in world.charlie.get(f"{world.charlie.pages}/").text
