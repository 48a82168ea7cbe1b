"""YAML text → `Definition`, or everything that is wrong with it, each with its place, its line and what to write."""

from itertools import islice

import msgspec

from appliance.domain.workflows import building, meaning, shapes, sound, yaml_text
from appliance.domain.workflows.definition import Definition
from appliance.domain.workflows.places import Fault, Found, shown

__all__ = ["Fault", "Report", "check"]
MOST_FAULTS = 200


class Report(msgspec.Struct, frozen=True):
    """`definition` is None when there are faults; they are in the order of their lines."""

    definition: Definition | None
    faults: list[Fault]


def check(source: str) -> Report:
    data, faults = yaml_text.read(source)
    if data is None:
        return Report(None, faults or [Fault("", 1, "the text is empty; a workflow has a slug and steps")])
    found: list[Found] = list(islice(shapes.faults(data), MOST_FAULTS))
    if (rest := sound.part(data, found)) is not None:
        found += islice(meaning.faults(rest), MOST_FAULTS)
    if not found and not faults:
        return Report(building.definition_of(data), [])
    faults += [Fault(shown(place), yaml_text.line_of(data, place), message) for place, message in found]
    return Report(None, sorted(dict.fromkeys(faults), key=lambda fault: fault.line)[:MOST_FAULTS])
