"""Tenants for the owners of the box: pages, API, keys of the box; and what a tenant's own people see meanwhile."""

from datetime import timedelta

import pytest

from appliance import clock
from appliance.domain import box_keys, box_owners, keys, members, tenant_life, tenant_usage, tenants, users
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.box_keys import NewBoxKey
from appliance.domain.key_forms import NewKey
from appliance.domain.tenants import RESERVED, Tenant
from tests.domain.economics.using import used
from tests.web import hooking
from tests.world import World

OWNER = Actor("member", "o", "Olga", "owner")
PAGES = (
    "/box/tenants",
    "/box/tenants/new",
    "/box/tenants/import",
    "/box/tenants/purged",
    "/box/tenants/globex",
    "/box/keys",
)
API = "/api/v1/box/tenants"


@pytest.fixture
def initech(world: World) -> Tenant:
    """A tenant that may go for good."""
    with world.control() as control:
        return tenants.create(world.catalogue, control, world.vault, "initech", "Initech")


@pytest.mark.parametrize("path", PAGES)
def test_pages_open_for_an_owner_of_the_box_and_are_not_there_for_others(world: World, path: str) -> None:
    assert world.alice.get(path).status_code == 200
    for other in (world.charlie, world.otto):
        assert other.get(path).status_code == 404


@pytest.mark.parametrize("path", ["", "/globex", "/globex/usage", "/purged"])
def test_charlie_gets_404_from_the_api(world: World, path: str) -> None:
    assert world.charlie.get(API + path).status_code == 404
    assert world.alice.get(API + path).status_code == 200
    assert world.stranger.get(API + path).status_code == 401


@pytest.mark.parametrize("verb", ["suspend", "resume", "delete", "undelete", "purge"])
def test_charlie_moves_no_tenant_not_even_his_own(world: World, verb: str) -> None:
    assert world.charlie.post(f"{API}/globex/{verb}", json={}).status_code == 404
    assert world.charlie.post(f"/box/tenants/globex/{verb}", data={"confirm": "globex"}).status_code == 404
    with world.control() as control:
        assert tenants.by_slug(control, "globex").state == "active"


def test_the_list_is_paged_and_narrowed(world: World, initech: Tenant) -> None:
    first = world.alice.get(API, params={"limit": 2}).json()
    rest = world.alice.get(API, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [t["slug"] for t in first["items"] + rest["items"]] == ["acme", "globex", "initech"]
    assert rest["next_cursor"] is None
    assert [t["slug"] for t in world.alice.get(API, params={"find": "LOB"}).json()["items"]] == ["globex"]
    assert world.alice.get(API, params={"state": "trash"}).json()["items"] == []
    assert world.alice.get(API, params={"state": "nowhere"}).status_code == 400
    acme = first["items"][0]["usage"]
    assert acme["people"] == 3 and acme["bytes"] > 0 and acme["spend_usd"] == "0" and acme["maintenance"] == ""


def test_a_tenant_is_made_with_its_owner(world: World) -> None:
    new = {"name": "Hooli <b>", "slug": "hooli", "owner": "otto@acme.test"}
    answer = world.alice.post("/box/tenants", data=new)
    assert (answer.status_code, answer.headers["location"]) == (303, "/box/tenants/hooli")
    assert "Hooli &lt;b&gt;" in world.alice.get("/box/tenants/hooli").text
    assert world.otto.get("/t/hooli/").status_code == 200
    assert world.alice.get("/t/hooli/").status_code == 404


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ({"slug": "acme", "name": "X"}, "is taken"),
        ({"slug": "a b", "name": "X"}, "take 3 to 40"),
        ({"slug": "import", "name": "X"}, "a page of the box has this address"),
        ({"slug": "hooli", "name": "X", "owner": "no@body.test"}, "no such person"),
    ],
)
def test_a_refused_tenant_stays_typed(world: World, new: dict[str, str], fault: str) -> None:
    answer = world.alice.post("/box/tenants", data=new)
    assert answer.status_code == 422
    assert fault in answer.text and f'value="{new["slug"]}"' in answer.text
    assert world.alice.post(API, json=new).status_code in (400, 409)


def test_the_page_moves_a_tenant_through_its_life(world: World, initech: Tenant) -> None:
    here = "/box/tenants/initech"
    assert world.alice.post(here + "/suspend", data={"reason": "unpaid <i>"}).status_code == 303
    assert "unpaid &lt;i&gt;" in world.alice.get(here).text
    assert world.alice.post(here + "/resume").status_code == 303
    refused = world.alice.post(here + "/delete", data={"confirm": "initec"})
    assert refused.status_code == 422 and "type initech to confirm" in refused.text and 'value="initec"' in refused.text
    assert world.alice.post(here + "/delete", data={"confirm": "initech"}).status_code == 303
    assert "Undelete" in world.alice.get(here).text
    assert world.alice.post(here + "/undelete").status_code == 303
    world.alice.post(here + "/delete", data={"confirm": "initech"})
    gone = world.alice.post(here + "/purge", data={"confirm": "initech"})
    assert gone.headers["location"] == "/box/tenants/purged"
    assert "initech" in world.alice.get("/box/tenants/purged").text
    assert world.alice.get(here).status_code == 404


def test_the_last_tenant_of_the_owner_of_the_box_says_why_it_stays(world: World) -> None:
    answer = world.alice.post("/box/tenants/acme/suspend", data={"reason": "x"})
    assert answer.status_code == 422 and "the last active tenant" in answer.text
    assert world.alice.post(f"{API}/acme/delete", json={"confirm": "acme"}).json()["code"] == "conflict"


def test_a_key_of_the_box_lets_a_program_look_after_tenants(world: World, initech: Tenant) -> None:
    page = world.alice.post("/box/keys", data={"name": "Terraform", "expires": "90d"})
    secret = page.text.partition("ahqb_")[2].partition("<")[0]
    robot = world.program("ahqb_" + secret)
    made = robot.post(API, json={"slug": "hooli"})
    assert (made.status_code, made.json()["name"]) == (201, "Hooli")
    assert robot.post(f"{API}/hooli/suspend", json={"reason": "unpaid"}).json()["state"] == "suspended"
    assert robot.post(f"{API}/initech/delete", json={"confirm": "initech"}).json()["state"] == "grace"
    assert robot.post(f"{API}/initech/purge", json={"confirm": "initech"}).json()["done_at"]
    # It is no key of a tenant, and pages take people only.
    assert robot.get("/api/v1/tasks").status_code == 401
    assert robot.get("/box/tenants").status_code == 303

    [key] = world.alice.get("/api/v1/box/keys").json()["items"]
    assert key["used_at"] and "secret" not in key
    assert world.alice.post(f"/box/keys/{key['id']}/revoke").status_code == 303
    assert robot.get(API).json()["code"] == "unauthenticated"


def test_a_key_of_the_box_makes_no_owner_and_nothing_that_outlasts_it(world: World) -> None:
    people = "/api/v1/box/people"
    with world.control() as control:
        robot = world.program(box_keys.create(control, world.alice.actor, NewBoxKey("Terraform")).secret)
        users.disable(control, SYSTEM, world.bob.member.id)

    for who, act in (("Otto", "appoint"), ("Alice", "dismiss"), ("Bob", "enable"), ("Alice", "totp-reset")):
        answer = robot.post(f"{people}/{world.play.parts[who].member.id}/{act}")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), act
        assert "a person does" in answer.json()["detail"]
    assert robot.post("/api/v1/box/keys", json={"name": "another"}).status_code == 403
    with world.control() as control:
        assert [user.name for user in box_owners.every(control)] == ["Alice"]
        assert users.by_id(control, world.bob.member.id).disabled
        assert [key.name for key in box_keys.every(control)] == ["Terraform"]
    # Taking rights away is no danger, and a person may do it all.
    for act in ("end-sessions", "disable"):
        assert robot.post(f"{people}/{world.otto.member.id}/{act}").status_code == 200
    assert world.alice.post(f"{people}/{world.bob.member.id}/enable").status_code == 200
    assert world.alice.post(f"{people}/{world.bob.member.id}/appoint").status_code == 200


def test_a_plan_is_taken_with_the_tenant(world: World) -> None:
    assert '<option value="enterprise" selected' in world.alice.get("/box/tenants/new").text
    assert world.alice.post("/box/tenants", data={"slug": "hooli", "plan": "starter"}).status_code == 303
    assert world.alice.get(f"{API}/hooli").json()["plan"] == "starter"
    refused = world.alice.post(API, json={"slug": "umbra", "plan": "gold"})
    assert refused.status_code == 400
    assert refused.json()["errors"]["plan"] == "there is no plan gold; there are free, starter, growth, enterprise"
    assert world.alice.get(f"{API}/umbra").status_code == 404


def test_the_requests_of_the_month_stand_with_the_usage(world: World) -> None:
    month = clock.iso()[:7]
    with world.control() as control:
        for day in ("01", "28"):
            used(control, world.globex.id, f"{month}-{day}", pages=1200, api=30, gateway=4)
        used(control, world.globex.id, "2026-01-31", api=500)
        used(control, world.acme.id, f"{month}-05", api=7)

        assert tenant_usage.of(world.catalogue, control, world.globex.id).requests == 2468
        assert world.alice.get(f"{API}/globex/usage").json()["requests"] == 2468
        assert "2,468 requests" in world.alice.get("/box/tenants/globex").text
    with clock.frozen(clock.now() + timedelta(days=32)), world.control() as control:
        assert tenant_usage.of(world.catalogue, control, world.globex.id).requests == 0


@pytest.mark.parametrize("secret", ["ahqb_wrong", "ahq_wrong", ""])
def test_another_key_opens_nothing_of_the_box(world: World, secret: str) -> None:
    assert world.program(secret).get(API).status_code == 401


def test_a_tenants_own_key_opens_nothing_of_the_box(world: World) -> None:
    with world.control() as control:
        mine = keys.create(control, world.alice.actor, world.acme.id, NewKey(name="ci", role="owner"))
    assert world.program(mine.secret).get(API).status_code == 401


def moved(world: World, state: str) -> None:
    """Globex is where Charlie is owner and Bob looks on."""
    with world.control() as control:
        members.join(control, SYSTEM, world.globex.id, world.bob.member.id, "viewer")
        if state == "suspended":
            tenant_life.suspend(control, OWNER, world.globex.id, "invoice 7 is open")
        else:
            tenant_life.delete(control, OWNER, world.globex.id, "globex")
        if state == "trash":
            tenant_life.trash(control, SYSTEM, world.globex.id)


GLOBEX = "/api/v1/t/globex"


@pytest.mark.parametrize(
    ("state", "code", "status", "says"),
    [
        ("suspended", "suspended", 403, "invoice 7 is open"),
        ("grace", "deleting", 403, "read and export until"),
        ("trash", "deleted", 410, "bring it back until"),
    ],
)
def test_people_and_programs_are_told_why_they_are_refused(
    world: World, state: str, code: str, status: int, says: str
) -> None:
    with world.control() as control:
        key = keys.create(control, world.charlie.actor, world.globex.id, NewKey(name="ci"))
    moved(world, state)

    answers = [
        world.bob.get(f"{GLOBEX}/tasks"),
        world.charlie.post(f"{GLOBEX}/tasks", json={"title": "x"}),
        world.program(key.secret).get("/api/v1/tasks"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert says in answer.json()["detail"]
    page = world.bob.get("/t/globex/")
    assert page.status_code == status and says in page.text
    # Others go on, and a stranger still learns nothing.
    assert world.alice.get("/t/acme/").status_code == 200
    assert world.otto.get(f"{GLOBEX}/tasks").status_code == 404


def test_an_owner_reads_and_exports_while_the_grace_lasts(world: World) -> None:
    moved(world, "grace")

    page = world.charlie.get("/t/globex/")
    assert page.status_code == 200 and "its owners can read and export" in page.text
    assert world.charlie.get(f"{GLOBEX}/tasks").status_code == 200
    assert world.charlie.post(f"{GLOBEX}/analytics/exports", json={}).status_code == 201


@pytest.mark.parametrize("state", ["suspended", "grace", "trash"])
def test_a_tool_is_refused_in_the_words_of_its_protocol(world: World, state: str) -> None:
    with world.control() as control:
        key = keys.create(control, world.charlie.actor, world.globex.id, NewKey(name="tool", gateway_only=True))
    moved(world, state)

    tool = world.program(key.secret)
    ask = {"model": "sim-swift", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    openai = tool.post("/gw/v1/chat/completions", json=ask)
    anthropic = tool.post("/gw/v1/messages", json=ask)
    assert (openai.status_code, openai.json()["error"]["code"]) == (400, "insufficient_quota")
    assert (anthropic.status_code, anthropic.json()["error"]["type"]) == (402, "billing_error")
    assert "globex" in openai.json()["error"]["message"]


@pytest.mark.parametrize(
    ("state", "status", "says"),
    [
        ("suspended", 200, "The tenant is suspended."),
        ("grace", 200, "The tenant is being deleted."),
        ("trash", 404, "There is no such hook."),
        ("purged", 404, "There is no such hook."),
    ],
)
def test_a_hook_of_a_tenant_that_does_not_work_starts_nothing(world: World, state: str, status: int, says: str) -> None:
    hook = hooking.make(world)
    with world.control() as control:
        control.update("tenants", {"id": world.acme.id}, state=state)

    answer = hooking.post(world, hook, {"subject": "x"})
    assert answer.status_code == status and says in answer.text
    assert hooking.titles(world) == []


def test_no_tenant_is_named_like_a_page_beside_those_of_tenants(world: World) -> None:
    below = [route.path.removeprefix("/box/tenants/").split("/")[0] for route in world.app.routes]
    pages = {name for route, name in zip(world.app.routes, below, strict=True) if "/box/tenants/" in route.path}
    assert {name for name in pages if name and "{" not in name} == set(RESERVED)
