"""The engine leaves a tenant alone that is not active, and goes on when it is again."""

from datetime import timedelta

import pytest

from appliance import clock
from appliance.db import troubles
from appliance.domain import tenant_life, tenants
from appliance.domain.actor import Actor
from appliance.doors import Doors, Halt
from tests.engine.floor import Floor

OWNER = Actor("member", "o", "Olga", "owner")


@pytest.fixture
def second(floor: Floor) -> str:
    """Another tenant of Alice, so that Acme may rest."""
    with floor.world.control() as control:
        tenant_life.found(
            floor.world.catalogue,
            control,
            floor.world.vault,
            OWNER,
            tenant_life.NewTenant("initech", owner="alice@acme.test"),
        )
    return "initech"


def suspend(floor: Floor) -> None:
    with floor.world.control() as control:
        tenant_life.suspend(control, OWNER, floor.tenant.id, "unpaid")


def resume(floor: Floor) -> None:
    with floor.world.control() as control:
        tenant_life.resume(control, OWNER, floor.tenant.id)


@pytest.mark.usefixtures("second")
def test_runs_are_held_and_go_on_after_the_resume(floor: Floor) -> None:
    task = floor.task()
    suspend(floor)
    floor.work()
    assert floor.run(task).state == "ready"

    resume(floor)
    floor.work()
    assert floor.now(task).state == "done"


@pytest.mark.usefixtures("second")
def test_the_sweep_skips_a_suspended_tenant(floor: Floor) -> None:
    doors = Doors(floor.world.catalogue)
    assert floor.tenant.id in [tenant.id for tenant in doors.open()]
    suspend(floor)
    assert floor.tenant.id not in [tenant.id for tenant in doors.open()]
    assert not doors.is_open(floor.tenant.id)
    with floor.world.control() as control:
        tenant_life.delete(control, OWNER, floor.tenant.id, floor.tenant.slug)
    assert doors.is_open(floor.tenant.id, "grace") and not doors.is_open(floor.tenant.id)


@pytest.mark.usefixtures("second")
def test_a_run_that_is_at_work_stops_between_two_steps(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.doors.KNOWN_S", 0.0)
    halt = Halt(floor.pump.stopping, Doors(floor.world.catalogue), floor.tenant.id)
    assert not halt.is_set()
    suspend(floor)
    assert halt.is_set()
    resume(floor)
    assert not halt.is_set()
    floor.pump.stopping.set()
    assert halt.is_set()


def test_a_damaged_tenant_is_skipped_and_picked_up_when_it_is_mended(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = floor.task()
    with floor.world.control() as control:
        lost = tenants.create(floor.world.catalogue, control, floor.world.vault, "initech", "Initech")
    floor.world.catalogue.discard(lost.id)
    doors = Doors(floor.world.catalogue)

    floor.sweeper.sweep()
    floor.work()
    assert floor.now(task).state == "done"
    assert lost.id not in [tenant.id for tenant in doors.open()]

    floor.world.catalogue.create(lost.id)
    monkeypatch.setattr(troubles, "RETRY_S", 0.0)
    with clock.frozen(clock.now() + timedelta(seconds=60)):
        floor.world.catalogue._troubles._found = {
            name: (0.0, problem) for name, (_, problem) in floor.world.catalogue._troubles._found.items()
        }
        floor.sweeper.sweep()
    assert lost.id in [tenant.id for tenant in doors.open()]
    assert floor.world.catalogue.trouble(lost.id) == ""
