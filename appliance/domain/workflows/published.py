"""The YAML form of a workflow as one JSON Schema (draft 2020-12): what is published is what is checked (shapes.py).

Every description goes on after "write …", so that it says to people what belongs there.
"""

from typing import Any

from appliance.domain.approval_asks import TITLE_LIMIT
from appliance.domain.check_forms import NEEDED
from appliance.domain.task_forms import BODY_LIMIT, PRIORITIES
from appliance.domain.workflows import durations

Schema = dict[str, Any]
WORK = ("agent", "http", "command")
STEP_ID = "^[a-z][a-z0-9_]{0,39}$"
SLUG = "^[a-z0-9][a-z0-9-]{1,39}$"
MOST_STEPS = 1_000
MOST_AT_ONCE = 1_000


def _text(say: str, most: int = 1_000, least: int = 0, **more: Any) -> Schema:
    return {"type": "string", "description": say, "maxLength": most} | ({"minLength": least} if least else {}) | more


def _whole(say: str, least: int, most: int) -> Schema:
    return {"type": "integer", "description": say, "minimum": least, "maximum": most}


def _one(say: str, *branches: Schema) -> Schema:
    return {"description": say, "oneOf": list(branches)}


def _list(say: str, item: Schema, most: int = 100, least: int = 0) -> Schema:
    made = {"type": "array", "description": say, "items": item, "maxItems": most}
    return made | ({"minItems": least} if least else {})


def _object(say: str, required: list[str], properties: dict[str, Schema]) -> Schema:
    made = {"type": "object", "description": say, "properties": properties, "additionalProperties": False}
    return made | ({"required": required} if required else {})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_NUMBER_OR_TEXT = {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_MONEY = _one(
    'US dollars such as 2.50 or "2.50"',
    {"type": "number", "minimum": 0, "maximum": 1_000_000},
    {"type": "string", "pattern": r"^[0-9]{1,7}(?:\.[0-9]{1,9})?$"},
)
_SOME = _list("a list of texts", _text("a text", 200))
_ANYTHING: Schema = {"description": "any value; expressions in it are worked out"}
_JSON_SCHEMA: Schema = {"type": "object", "description": "a JSON Schema (draft 2020-12)"}
_ON_FAILURE = {"enum": ["fail", "continue"], "description": "fail (the step fails) or continue"}

_SHARED: dict[str, Schema] = {
    "id": _text("1 to 40 small letters, digits and _, a letter first", pattern=STEP_ID),
    "title": _text("a title of at most 500 characters", 500),
    "needs": _one(
        "a list of the ids of steps of the same list, [] to start at once",
        _text("the id of a step of the same list", pattern=STEP_ID),
        _list("the ids of steps of the same list", _text("the id of a step", pattern=STEP_ID), MOST_STEPS),
    ),
    "join": _ref("join"),
    "retry": _ref("retry"),
    "timeout": _ref("duration"),
    "compensate": _ref("undo"),
}
_AGENT: dict[str, Schema] = {
    "agent": _text("the slug of an agent", pattern=SLUG),
    "body": _text("what the agent has to do", BODY_LIMIT),
    "checks": _list("a list of checks such as file_exists: review.md", _ref("check"), 50),
    "labels": _list("a list of labels", _text("a label of at most 40 characters", 40, 1), 20),
    "priority": _one(
        "a number from 0 (low) to 3 (urgent), or low, normal, high, urgent",
        _whole("0 to 3", 0, 3),
        {"enum": list(PRIORITIES), "description": "low, normal, high or urgent"},
    ),
    "budget_usd": _MONEY,
    "output": _object(
        "the file the agent leaves as JSON, and its schema",
        ["file"],
        {"file": _text("the path of a file in the workspace", 400, 1), "schema": _JSON_SCHEMA},
    ),
}
_APPROVAL: dict[str, Schema] = {
    "approval": _text("the question to ask", TITLE_LIMIT, 1),
    "detail": _text("what a person should know before deciding", 100_000),
    "options": _list("a list of choices", _ref("option"), 20),
    "assigned_to": _text("who decides", 200, 1),
    "backup_to": _text("who decides when the first does not", 200, 1),
    "expires": _ref("duration"),
    "remind": _ref("duration"),
    "escalate": _ref("duration"),
    "on_reject": _ON_FAILURE,
}
_WAIT: dict[str, Schema] = {
    "wait": _one(
        "a duration such as 90s or 5m, {until: a time} or {signal: its name}",
        {"type": "number", "minimum": 0, "maximum": durations.LONGEST_S},
        {"type": "string", "pattern": durations.PATTERN},
        _object("the time to wait for", ["until"], {"until": _text("a time such as 2026-12-01T09:00:00Z", 2_100, 1)}),
        _object(
            "the signal to wait for",
            ["signal"],
            {
                "signal": _text("1 to 100 letters, digits and . _ -", pattern=r"^[A-Za-z0-9._-]{1,100}$"),
                "within": _ref("duration"),
                "schema": _JSON_SCHEMA,
                "on_late": _ON_FAILURE,
            },
        ),
    )
}
_HTTP: dict[str, Schema] = {
    "http": _one(
        "a URL, or an object with url and method",
        _text("a URL", 8_000, 1),
        _object(
            "a request",
            ["url"],
            {
                "url": _text("a URL", 8_000, 1),
                "method": {
                    "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                    "description": "GET, HEAD, POST, PUT, PATCH or DELETE",
                },
                "headers": {
                    "type": "object",
                    "description": "an object of texts",
                    "additionalProperties": _NUMBER_OR_TEXT | {"description": "a text"},
                    "maxProperties": 50,
                },
                "body": _ANYTHING,
                "expect": _list("a list of statuses such as [200, 201]", _whole("a status", 100, 599), 50),
                "effect": {
                    "enum": ["idempotent", "keyed", "once"],
                    "description": "idempotent (may be sent again), keyed (sent with an Idempotency-Key) or once",
                },
            },
        ),
    )
}
_COMMAND: dict[str, Schema] = {
    "command": _text("a program with its arguments", 10_000, 1),
    "effect": {
        "enum": ["idempotent", "once"],
        "description": "idempotent (may run again after a crash) or once",
    },
}
_MAP: dict[str, Schema] = {
    "map": _one(
        "an expression that gives a list, or a list",
        _text("an expression that gives a list", 2_100, 1),
        {"type": "array", "maxItems": 10_000},
    ),
    "do": _ref("steps"),
    "bound": _whole(f"how many items at once, 1 to {MOST_AT_ONCE:,}", 1, MOST_AT_ONCE),
    "output": _ANYTHING,
    "join_needs": _ref("join"),
}
_WHEN: dict[str, Schema] = {
    "when": _one(
        "an expression that is true or false",
        _text("an expression that is true or false", 2_100, 1),
        {"type": "boolean"},
    ),
    "then": _ref("steps"),
    "otherwise": _ref("steps"),
}
_WORKFLOW: dict[str, Schema] = {
    "workflow": _text("the slug of a workflow", pattern=SLUG),
    "with": {"type": "object", "description": "the inputs of that workflow, by name"},
    "version": _whole("the number of a version", 1, 1_000_000),
}
KINDS: dict[str, tuple[str, list[str], dict[str, Schema]]] = {
    "agent": ("a step that hands a task to an agent", [], _AGENT),
    "approval": ("a step that asks a person", [], _APPROVAL),
    "wait": ("a step that waits", [], _WAIT),
    "http": ("a step that sends a request", [], _HTTP),
    "command": ("a step that runs a program", [], _COMMAND),
    "map": ("a step that does steps for each item", ["do"], _MAP),
    "when": ("a step with a condition", ["then"], _WHEN),
    "workflow": ("a step that carries out another workflow", [], _WORKFLOW),
}


def _step(kind: str) -> Schema:
    say, needed, own = KINDS[kind]
    return _object(say, ["id", kind, *needed], {"id": _SHARED["id"], kind: own[kind]} | own | _SHARED)


def _undo(kind: str) -> Schema:
    shared = {name: _SHARED[name] for name in ("title", "retry", "timeout")}
    return _object("one agent, http or command step without id and needs", [kind], KINDS[kind][2] | shared)


def _check(kind: str) -> Schema:
    """The short form: {kind: its first value}, and the file that is judged or the agent that reviews beside it."""
    first = {"json_schema": _JSON_SCHEMA}.get(kind, _text(f"the {(*NEEDED[kind], 'question')[0]}", 10_000))
    beside = {"agent": _text("the slug of the agent that reviews", pattern=SLUG)} if kind == "reviewer_agent" else {}
    if kind in ("contains", "not_contains", "regex", "json_schema"):
        beside = {"file": _text("the path of the file that is judged", 400, 1)}
    return _object(f"a {kind} check", [kind, *(["agent"] if kind == "reviewer_agent" else [])], {kind: first} | beside)


_DEFS: dict[str, Schema] = {
    "steps": _list("a list of steps", _ref("step"), MOST_STEPS, 1),
    "step": _one("a step: an id and one of its kinds", *map(_step, KINDS)),
    "undo": _one("one agent, http or command step without id and needs", *map(_undo, WORK)),
    "duration": _one(
        "a number of seconds, or a text such as 90s, 10m, 2h or 3d",
        {"type": "number", "minimum": 0, "maximum": durations.LONGEST_S},
        {"type": "string", "pattern": durations.PATTERN},
    ),
    "join": _one(
        "all, any, collect or a number",
        {"enum": ["all", "any", "collect"], "description": "all, any, collect or a number"},
        _whole("all, any, collect or a number from 1", 1, 10_000),
    ),
    "retry": _one(
        "how many attempts, or an object with max_attempts, base, factor, cap and retry_on",
        _whole("how many attempts, 1 to 100", 1, 100),
        _object(
            "max_attempts, base, factor, cap and retry_on",
            [],
            {
                "max_attempts": _whole("how many attempts, 1 to 100", 1, 100),
                "base": _ref("duration"),
                "factor": {"type": "number", "description": "a number from 1 to 10", "minimum": 1, "maximum": 10},
                "cap": _ref("duration"),
                "retry_on": _list("a list of failure codes", _text("a failure code", 60, 1), 50),
            },
        ),
    ),
    "option": _one(
        "a text, or an object with value and label",
        _text("a choice", 200, 1),
        _object(
            "value and label",
            ["value"],
            {
                "value": _text("a short text that names the choice", 200, 1),
                "label": _text("what people read", 200, 1),
                "detail": _text("what follows from the choice", 1_000),
                "asks": _text("the label of an amount that goes with it", 200),
                "amount_usd": _text("an amount", 40),
            },
        ),
    ),
    "check": _one(
        f"a check, of the kinds {', '.join(NEEDED)}",
        _object(
            "kind and spec",
            ["kind"],
            {
                "kind": {"enum": list(NEEDED), "description": f"one of {', '.join(NEEDED)}"},
                "spec": {"type": "object", "description": "an object"},
            },
        ),
        *map(_check, NEEDED),
    ),
    "brought": _object(
        "an agent that is made when there is none of its slug",
        ["slug", "name", "instructions"],
        {
            "slug": _text("2 to 40 small letters, digits and hyphens", pattern=SLUG),
            "name": _text("a name of at most 80 characters", 80, 1),
            "title": _text("a job title", 200),
            "instructions": _text("how the agent works", BODY_LIMIT),
            "manager": _text("the slug of an agent", pattern=SLUG),
            "model": _text("the name of a model", 200),
            "tools": _SOME | {"description": "a list of tools such as workspace.read"},
            "budget_usd_month": _MONEY,
        },
    ),
}
SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://agenthq.invalid/workflow.schema.json",
    "title": "AgentHQ workflow",
    **_object(
        "a workflow: slug, name and steps",
        ["slug", "steps"],
        {
            "slug": _text("2 to 40 small letters, digits and hyphens", pattern=SLUG),
            "name": _text("a name of at most 80 characters", 80, 1),
            "description": _text("what it is for", 10_000),
            "inputs": {"type": "object", "description": "the inputs by name, or a JSON Schema of an object"},
            "timeout": _ref("duration"),
            "agents": _list("a list of agents", _ref("brought"), 100),
            "steps": _ref("steps"),
            "output": _ANYTHING,
            "output_schema": _JSON_SCHEMA,
        },
    ),
    "$defs": _DEFS,
}
