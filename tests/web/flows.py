"""Workflows for tests of the surfaces: texts as people write them, applied, started and moved on."""

from typing import Any

from appliance.domain.instances import advance, nodes, rows, starting
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import library
from appliance.domain.workflows.library import Applied
from tests.web import work
from tests.world import World

REVIEW = """slug: review
name: Code review
description: Read a change, ask, publish.
inputs:
  type: object
  required: [change]
  properties:
    change: {type: string, title: Change, description: Its number or address}
    reviewers: {type: integer, default: 2, minimum: 1, maximum: 9}
    urgent: {type: boolean}
    area: {enum: [core, web]}
    notes: {type: string, format: textarea}
    files: {type: array, items: {type: string}}
steps:
  - id: read
    agent: mara
    title: Review ${{ inputs.change }}
  - id: ok
    approval: Publish ${{ inputs.change }}?
  - id: paid
    wait: {signal: paid, within: 3d}
output: {change: "${{ inputs.change }}"}
"""
LATER = REVIEW.replace("Publish ${{ inputs.change }}?", "Publish it now?")
BROKEN = """slug: broken
name: Broken
steps:
  - id: one
    agent: mara
    titel: x
  - id: two
    approval: ${{ steps.tree.output }}
"""
ASKS = """slug: asks
name: Ask each
inputs: {people: {type: array, items: {type: string}}}
steps:
  - id: each
    map: ${{ inputs.people }}
    bound: 60
    do:
      - id: ask
        approval: What does ${{ item }} say?
  - id: big
    needs: []
    when: ${{ len(inputs.people) > 100 }}
    then: [{id: many, wait: 1h}]
    otherwise: [{id: few, wait: 1h}]
"""


def apply(world: World, source: str = REVIEW) -> Applied:
    with world.db() as db:
        return library.apply(db, world.alice.actor, source)


def start(world: World, slug: str = "review", **inputs: Any) -> Instance:
    """Started by Otto."""
    with world.db() as db:
        return starting.start(db, world.otto.actor, slug, inputs or {"change": "#471"})


def move(world: World) -> None:
    """What has ended moves the instances on, as the engine does."""
    with world.db() as db, db.transaction():
        advance.moved(db)


def finish(world: World, result: str = "Looks good.") -> None:
    """The next queued step's run is carried out."""
    work.finish(world, work.begin(world), result)
    move(world)


def node(world: World, instance: Instance, path: str) -> Node:
    with world.db() as db:
        found = nodes.get(db, instance.id, path)
    assert found is not None, path
    return found


def now(world: World, instance: Instance) -> Instance:
    with world.db() as db:
        return rows.by_id(db, instance.id)


def ready(world: World) -> Instance:
    """An instance of the review whose first step is queued."""
    work.connect(world)
    work.hire(world)
    apply(world)
    return start(world)
