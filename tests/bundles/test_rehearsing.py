"""An import that is only tried, and copies on the same box."""

import io

import pytest

from appliance import bundles
from appliance.bundles import Fork, Imported, Wish
from appliance.domain import comments, provider_secrets, providers, tasks
from appliance.domain.actor import SYSTEM
from appliance.errors import Problem
from tests.bundles.bringing import KEY, bring, folders, slugs
from tests.bundles.forging import Forged
from tests.bundles.packing import packed
from tests.domain.waking import Office
from tests.world import World


def rehearse(world: World, content: bytes, slug: str = "acme-test") -> Imported:
    return bundles.rehearse(world.catalogue, world.vault, io.BytesIO(content), Wish(slug, people=True), SYSTEM)


def test_a_rehearsal_says_what_an_import_would_and_leaves_nothing(world: World, office: Office) -> None:
    content = packed(world.catalogue, world.acme.id)
    with world.control() as control:
        before = control.rows("SELECT * FROM audit ORDER BY id"), control.rows("SELECT * FROM box ORDER BY name")
    tried = rehearse(world, content)
    with world.control() as control:
        after = control.rows("SELECT * FROM audit ORDER BY id"), control.rows("SELECT * FROM box ORDER BY name")

    assert (slugs(world), after == before) == (["acme", "globex"], True)
    assert not world.catalogue.exists(tried.tenant.id)
    assert tried.tenant.id not in folders(world)
    made = bring(world, content, people=True)
    assert (made.report, made.restored, made.joined) == (tried.report, tried.restored, tried.joined)


@pytest.mark.parametrize("fault", ["unique", "file", "sense", "slug"])
def test_a_rehearsal_finds_what_only_the_import_itself_would(world: World, sound: bytes, fault: str) -> None:
    forged, slug = Forged(sound), "acme-test"
    match fault:
        case "unique":
            place = forged.columns("agents").index("slug")
            forged.rows("agents", lambda rows: [row.__setitem__(place, "same") for row in rows])
        case "file":
            for name in forged.names("files/"):
                forged.put(name, forged.get(name).replace(b"/deep/", b"/notes.md/"))
        case "sense":
            for table in ("attempts", "adjustments", "calls"):
                forged.rows(table, lambda rows: rows.clear())
        case "slug":
            slug = "acme"
    bundles.check(io.BytesIO(forged.pack()))

    said = []
    for attempt in (rehearse, bring):
        with pytest.raises(Problem) as caught:
            attempt(world, forged.pack(), slug)
        said.append((caught.value.code, caught.value.detail))
    assert said[0] == said[1]
    assert slugs(world) == ["acme", "globex"]
    assert folders(world) <= {world.acme.id, world.globex.id}


def test_a_fork_is_a_copy_that_goes_its_own_way(world: World, office: Office) -> None:
    before = {*world.catalogue.folder.iterdir()}
    made = bundles.fork(world.catalogue, world.vault, world.acme.id, Fork("acme-test", "Trial"), SYSTEM)

    with world.db(made.tenant) as db:
        comments.add(db, SYSTEM, tasks.get(db, "1").id, "Only here")
        [account] = [one for one in providers.all(db) if one.name == "Real"]
        assert provider_secrets.opened(db, world.vault, account.id) == ""
    with world.db() as db:
        assert not db.rows("SELECT id FROM comments WHERE body = 'Only here'")
    assert {path.name for path in world.catalogue.folder.iterdir()} - {path.name for path in before} <= {"import.lock"}


def test_a_fork_has_the_secrets_when_asked_for(world: World, office: Office) -> None:
    made = bundles.fork(world.catalogue, world.vault, world.acme.id, Fork("acme-test", secrets=True), SYSTEM)

    with world.db(made.tenant) as db:
        [account] = [one for one in providers.all(db) if one.name == "Real"]
        assert provider_secrets.opened(db, world.vault, account.id) == KEY
