"""The check that every built program must pass also passes here, and tells what failed."""

import pytest

from appliance import selftest
from appliance.errors import Problem

pytestmark = pytest.mark.outside


def test_the_program_passes_its_own_test() -> None:
    results = list(selftest.run())
    assert {result.name: result.fault for result in results if result.fault} == {}
    assert len(results) == 11


def test_a_fault_is_told_and_ends_nothing() -> None:
    def broken() -> None:
        raise Problem("disk_full", "No space.")

    result = selftest._timed("a check", broken)
    assert (result.name, result.fault) == ("a check", "Problem: No space.")
