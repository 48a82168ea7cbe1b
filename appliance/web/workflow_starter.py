"""The text a new workflow begins with in the editor: short, right, and a step of each of the two usual kinds."""

STARTER = """slug: release-notes
name: Release notes
description: Draft the notes, let a person read them, publish.

inputs:
  version: {type: string, title: Version}

steps:
  - id: draft
    agent: mara
    title: Draft release notes for ${{ inputs.version }}
    checks: [{file_exists: notes.md}]

  - id: ok
    approval: Publish the notes for ${{ inputs.version }}?
"""
