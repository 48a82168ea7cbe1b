"""Switches that a plan or a tenant sets: demo and production differ by these, not by code."""

from typing import NamedTuple

from appliance.db.bounds import Bounds
from appliance.errors import Problem, invalid
from appliance.settings import nearest


class Flag(NamedTuple):
    """What it does when it is on, and whether it is where nothing else is said."""

    about: str
    usual: bool


FLAGS: dict[str, Flag] = {
    "gateway": Flag("Tools outside may make their model calls through /gw.", True),
    "sample_banner": Flag("Pages of a tenant with sample data say so at the top.", True),
    "simulated": Flag("Accounts of the simulated provider may be added.", True),
}


def on(bounds: Bounds, name: str) -> bool:
    """Whether the switch is on for a tenant. Raises LookupError for a name that is not in the registry."""
    return bounds.flags.get(name, FLAGS[name].usual)


def need(bounds: Bounds, name: str) -> None:
    """Raises Problem(forbidden) where the switch is off."""
    if not on(bounds, name):
        raise Problem("forbidden", f"The plan {bounds.plan_name} does not have this: {FLAGS[name].about}")


def every(bounds: Bounds) -> dict[str, bool]:
    return {name: on(bounds, name) for name in FLAGS}


def check(given: dict[str, bool]) -> None:
    """Raises Problem(invalid) naming what is no flag, and the one that may have been meant."""
    for name in given:
        if name not in FLAGS:
            raise invalid(flags=f"there is no flag {name}{nearest(name, FLAGS)}")
