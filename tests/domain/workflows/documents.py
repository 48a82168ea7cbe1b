"""Workflows as people write them, right and wrong: (what is wrong, the text, where, a word of what is said)."""

from typing import NamedTuple

FULL = """
slug: code-review
name: Code review pipeline
description: Reviews a change.
inputs:
  type: object
  required: [change]
  properties:
    change: {type: string, title: Change}
    amount: {type: integer, default: 2}
    at: {type: string, default: "2026-12-01T09:00:00Z"}
timeout: 2h
agents:
  - {slug: dana, name: Dana Kessler, title: Engineer, instructions: Review., tools: [workspace.read],
     model: simulated, budget_usd_month: "20"}
steps:
  - id: look
    agent: dana
    title: Look at ${{ inputs.change }}
    body: |
      Write review.md about ${{ inputs.change }}.
    checks:
      - {kind: file_exists, spec: {path: review.md}}
      - file_exists: review.md
      - {contains: done, file: review.md}
      - {reviewer_agent: It is clear., agent: kim}
      - {url_200: "${{ inputs.change }}"}
      - {human_ack: "Is it good?"}
    output: {file: findings.json, schema: {type: object, properties: {issues: {type: array}}}}
    labels: [review]
    priority: high
    budget_usd: 2.5
    retry: {max_attempts: 3, base: 5s, factor: 2, cap: 5m, retry_on: [checks_failed]}
    timeout: 30m
    compensate:
      http: {url: "https://example.com/undo", method: POST, body: {text: "${{ steps.look.output.text }}"}}
  - id: ok
    approval: Publish ${{ inputs.change }}?
    detail: It has ${{ len(steps.look.output.data.issues) }} issues.
    options: [{value: yes, label: Publish it}, later]
    assigned_to: member:ada
    expires: 3d
    remind: 1d
    on_reject: continue
  - id: pause
    wait: 90
  - id: until
    wait: {until: "${{ inputs.at }}"}
    needs: look
  - id: paid
    wait: {signal: paid, within: 3d, schema: {type: object}, on_late: continue}
    needs: []
  - id: call
    needs: [pause, until, paid]
    join: 2
    http:
      method: POST
      url: https://example.com/publish
      headers: {x-number: 5}
      body: {change: "${{ inputs.change }}", yes: true}
      expect: [200, 201]
      effect: keyed
  - id: test
    command: python3 test.py
    effect: idempotent
  - id: each
    map: ${{ steps.look.output.data.issues }}
    bound: 50
    do:
      - id: fix
        agent: dana
        body: Fix ${{ item.name }} (${{ index }}) of ${{ inputs.change }}, see ${{ steps.look.output.text }}.
      - id: note
        command: echo ${{ steps.fix.state }}
    output: ${{ steps.fix.output.text }}
    join: collect
    join_needs: any
  - id: big
    when: ${{ inputs.amount > 100 }}
    then: [{id: legal, approval: "Is it legal?"}]
    otherwise: [{id: go, wait: 1s}]
  - id: sub
    workflow: publish
    version: 3
    with: {change: "${{ inputs.change }}", parts: ["${{ steps.each.output }}"]}
output: {summary: "${{ steps.look.output.text }}"}
output_schema: {type: object}
"""


class Wrong(NamedTuple):
    source: str
    path: str
    word: str


def steps(text: str) -> str:
    """A workflow of these steps, which begin on line 3."""
    return "slug: tidy\nsteps:\n" + text


def _step(text: str) -> str:
    return steps(f"  - {{id: a, {text}}}\n")


# The form is wrong: the published schema says so too.
FORM = [
    Wrong("slug: Tidy\nsteps: [{id: a, wait: 1}]", "slug", "small letters"),
    Wrong("steps: [{id: a, wait: 1}]", "", "'slug' is missing"),
    Wrong("slug: tidy", "", "'steps' is missing; write a list of steps"),
    Wrong("slug: tidy\nsteps: []", "steps", "it is empty"),
    Wrong("slug: tidy\nsteps: {a: 1}", "steps", "write a list of steps, not an object"),
    Wrong("slug: tidy\nstep: 1\nsteps: [{id: a, wait: 1}]", "step", "did you mean 'steps'?"),
    Wrong("slug: tidy\ninputs: [change]\nsteps: [{id: a, wait: 1}]", "inputs", "the inputs by name"),
    Wrong("slug: tidy\nname:\nsteps: [{id: a, wait: 1}]", "name", "not nothing"),
    Wrong("just words", "", "write a workflow: slug, name and steps, not text"),
    Wrong(steps("  - {wait: 1}\n"), "steps[0]", "'id' is missing"),
    Wrong(steps("  - {id: A b, wait: 1}\n"), "steps[0].id", "a letter first, not “A b”"),
    Wrong(steps("  - just words\n"), "steps[0]", "write a step: an id and one of its kinds, not text"),
    Wrong(_step("title: x"), "steps[0]", "give it one of agent, approval, wait, http, command, map, when, workflow"),
    Wrong(_step("agnet: dana"), "steps[0]", "did you mean 'agent'?"),
    Wrong(_step("agent: dana, approval: Well?"), "steps[0]", "agent and approval; keep one of them"),
    Wrong(_step("agent: dana, tilte: x"), "steps[0].tilte", "did you mean 'title'?"),
    Wrong(_step("agent: dana, options: [a]"), "steps[0].options", "not known here"),
    Wrong(_step("agent: 5"), "steps[0].agent", "write the slug of an agent, not a number"),
    Wrong(_step("agent: dana, title: [a]"), "steps[0].title", "not a list"),
    Wrong(_step("agent: dana, priority: 9"), "steps[0].priority", "from 0 to 3"),
    Wrong(_step("agent: dana, priority: hihg"), "steps[0].priority", "did you mean 'high'?"),
    Wrong(_step("agent: dana, priority: true"), "steps[0].priority", "not true or false"),
    Wrong(_step("agent: dana, budget_usd: much"), "steps[0].budget_usd", "US dollars"),
    Wrong(_step("agent: dana, output: {schema: {}}"), "steps[0].output", "'file' is missing"),
    Wrong(_step("agent: dana, checks: [{file_exist: x}]"), "steps[0].checks[0]", "did you mean 'file_exists'?"),
    Wrong(_step("agent: dana, checks: [{kind: nothing}]"), "steps[0].checks[0].kind", "one of contains"),
    Wrong(_step("agent: dana, checks: [{reviewer_agent: Good}]"), "steps[0].checks[0]", "'agent' is missing"),
    Wrong(_step("agent: dana, checks: [{file_exists: a, contains: b}]"), "steps[0].checks[0]", "keep one of them"),
    Wrong(_step("agent: dana, retry: 0"), "steps[0].retry", "from 1 to 100"),
    Wrong(_step("agent: dana, retry: {max_attempts: no}"), "steps[0].retry.max_attempts", "not text"),
    Wrong(_step("agent: dana, retry: {bsae: 1s}"), "steps[0].retry.bsae", "did you mean 'base'?"),
    Wrong(_step("wait: soon"), "steps[0].wait", "write a duration such as 90s or 5m"),
    Wrong(_step("wait: {}"), "steps[0].wait", "give it one of until, signal"),
    Wrong(_step("wait: {signal: a b}"), "steps[0].wait.signal", "letters, digits"),
    Wrong(_step("wait: {signal: a, until: b}"), "steps[0].wait", "keep one of them"),
    Wrong(_step("wait: 1, timeout: 2w"), "steps[0].timeout", "such as 90s, 10m, 2h or 3d, not “2w”"),
    Wrong(_step("wait: 1, timeout: -5"), "steps[0].timeout", "from 0"),
    Wrong(_step("wait: 1, join: none"), "steps[0].join", "all, any, collect or a number"),
    Wrong(_step("wait: 1, needs: {a: 1}"), "steps[0].needs", "a list of the ids"),
    Wrong(_step("approval: ''"), "steps[0].approval", "it is empty"),
    Wrong(_step("approval: Well?, options: [{label: x}]"), "steps[0].options[0]", "'value' is missing"),
    Wrong(_step("approval: Well?, on_reject: stop"), "steps[0].on_reject", "fail (the step fails) or continue"),
    Wrong(_step("http: {method: GET}"), "steps[0].http", "'url' is missing; write a URL"),
    Wrong(_step("http: {url: x, method: get}"), "steps[0].http.method", "GET, HEAD, POST"),
    Wrong(_step("http: {url: x, headers: {a: [1]}}"), "steps[0].http.headers.a", "write a text"),
    Wrong(_step("http: {url: x, expect: [20]}"), "steps[0].http.expect[0]", "from 100 to 599"),
    Wrong(_step("http: {url: x, effect: checkable}"), "steps[0].http.effect", "idempotent"),
    Wrong(_step("command: [ls]"), "steps[0].command", "write a program with its arguments, not a list"),
    Wrong(_step("map: [1]"), "steps[0]", "'do' is missing; write a list of steps"),
    Wrong(_step("map: {a: 1}, do: [{id: b, wait: 1}]"), "steps[0].map", "or a list, not an object"),
    Wrong(_step("map: [1], bound: 0, do: [{id: b, wait: 1}]"), "steps[0].bound", "from 1 to 1,000"),
    Wrong(_step("map: [1], do: [{id: b, wiat: 1}]"), "steps[0].do[0]", "did you mean 'wait'?"),
    Wrong(_step("when: true"), "steps[0]", "'then' is missing"),
    Wrong(_step("when: 5, then: [{id: b, wait: 1}]"), "steps[0].when", "true or false, not a number"),
    Wrong(_step("workflow: x y"), "steps[0].workflow", "the slug of a workflow"),
    Wrong(_step("workflow: xx, with: [a]"), "steps[0].with", "not a list"),
    Wrong(_step("workflow: xx, version: 0"), "steps[0].version", "from 1"),
    Wrong(_step("wait: 1, compensate: {wait: 1}"), "steps[0].compensate", "give it one of agent, http, command"),
    Wrong(_step("wait: 1, compensate: {agent: dana, needs: []}"), "steps[0].compensate.needs", "not known here"),
    Wrong(
        "slug: tidy\nagents: [{slug: dana, instructions: x}]\nsteps: [{id: a, wait: 1}]",
        "agents[0]",
        "'name' is missing",
    ),
]
# The form is right and the meaning is not.
MEANING = [
    Wrong("slug: new\nsteps: [{id: a, wait: 1}]\n", "slug", "addresses of their own"),
    Wrong(steps("  - {id: a, wait: 1}\n  - {id: a, wait: 1}\n"), "steps[1].id", "the id of another step"),
    Wrong(_step("wait: 1, needs: [b]"), "steps[0].needs", "there is no step 'b' in this list"),
    Wrong(_step("wait: 1, needs: [a]"), "steps[0].needs", "can't need itself"),
    Wrong(
        steps("  - {id: a, wait: 1, needs: [b]}\n  - {id: b, wait: 1}\n  - {id: c, wait: 1}\n"),
        "steps[0].needs",
        "wait for each other: a → b",
    ),
    Wrong(_step("wait: 1, join: 1"), "steps[0].join", "waits for 1 of 0 steps"),
    Wrong(_step("wait: 1, join: any"), "steps[0].join", "leave join out"),
    Wrong(_step("map: [1], join: 2, do: [{id: b, wait: 1}]"), "steps[0].join", "only 1 items"),
    Wrong(_step('when: "inputs.x > 1", then: [{id: b, wait: 1}]'), "steps[0].when", "such as ${{ inputs.x > 1 }}"),
    Wrong(_step('map: "a list", do: [{id: b, wait: 1}]'), "steps[0].map", "or a list"),
    Wrong(_step('agent: dana, body: "${{ inputs.x }}"'), "steps[0].body", "there is no input 'x'"),
    Wrong(_step('agent: dana, body: "${{ 1 +"'), "steps[0].body", "has no }}"),
    Wrong(_step('agent: dana, body: "${{ item }}"'), "steps[0].body", "outside the steps of a map"),
    Wrong(_step('agent: dana, body: "${{ steps.a.output }}"'), "steps[0].body", "this is a part of it"),
    Wrong(
        steps('  - {id: a, command: "x ${{ steps.b.output }}"}\n  - {id: b, wait: 1}\n'),
        "steps[0].command",
        "name it in needs",
    ),
    Wrong(
        steps("  - {id: a, map: [1], do: [{id: b, wait: 1}]}\n  - {id: c, command: 'x ${{ steps.b.output }}'}\n"),
        "steps[1].command",
        "there is no step 'b' ahead",
    ),
    Wrong(_step('http: {url: x, body: [{a: "${{ nothing }}"}]}'), "steps[0].http.body[0].a", "there is no 'nothing'"),
    Wrong(_step('agent: dana, labels: ["${{ 1 }}"]'), "steps[0].labels[0]", "no expression is worked out here"),
    Wrong(_step('approval: Well?, options: [{value: "${{ 1 }}"}]'), "steps[0].options[0].value", "no expression"),
    Wrong(_step("agent: dana, checks: [{url_200: ftp}]"), "steps[0].checks[0]", "http or https URL"),
    Wrong(_step("agent: dana, checks: [{regex: '('}]"), "steps[0].checks[0]", "missing )"),
    Wrong(_step("agent: dana, checks: [{kind: contains}]"), "steps[0].checks[0]", "a contains check needs 'text'"),
    Wrong(_step("agent: dana, output: {file: x, schema: {type: thing}}"), "steps[0].output.schema", "no JSON Schema"),
    Wrong(_step("wait: {signal: x, schema: {type: 5}}"), "steps[0].wait.schema", "no JSON Schema"),
    Wrong("slug: tidy\ninputs: {a: thing}\nsteps: [{id: a, wait: 1}]", "inputs", "no JSON Schema"),
    Wrong("slug: tidy\ninputs: {a: 5}\nsteps: [{id: a, wait: 1}]", "inputs.a", "write its type"),
    Wrong(
        "slug: tidy\ninputs: {type: object, properties: {a: 5}}\nsteps: [{id: a, wait: 1}]", "inputs", "no JSON Schema"
    ),
    Wrong("slug: tidy\ninputs: {type: object, properties: [a]}\nsteps: [{id: a, wait: 1}]", "inputs", "no JSON Schema"),
    Wrong(
        "slug: tidy\ninputs: {a: {type: integer, default: x}}\nsteps: [{id: a, wait: 1}]",
        "inputs.a.default",
        "does not fit",
    ),
    Wrong("slug: tidy\noutput_schema: {type: x}\nsteps: [{id: a, wait: 1}]", "output_schema", "no JSON Schema"),
    Wrong('slug: tidy\noutput: "${{ steps.b }}"\nsteps: [{id: a, wait: 1}]', "output", "there is no step 'b'"),
    Wrong(
        "slug: tidy\nagents: [{slug: dana, name: D, instructions: x, tools: [workspace.raed]}]\n"
        "steps: [{id: a, wait: 1}]",
        "agents[0].tools",
        "did you mean 'workspace.read'?",
    ),
]
