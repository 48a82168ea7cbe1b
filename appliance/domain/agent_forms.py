"""What people may say about an agent, and what of it is refused."""

import re

import msgspec

from appliance.errors import invalid

DEFAULT_TOOLS = (
    "workspace.read",
    "workspace.write",
    "workspace.list",
    "workspace.search",
    "task.comment",
    "task.finish",
)
# What an agent with reports needs to lead them.
LEADING_TOOLS = ("task.create", "task.delegate", "task.wait", "task.look", "task.ask", "org.look")
# These reach beyond the task's files: an agent has them only when a person says so.
TOOLS = (*DEFAULT_TOOLS, "workspace.run", "http.get", *LEADING_TOOLS)
RUNTIMES = ("builtin",)
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")


class NewAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`model` may be the name of a route; `route` is the same, for who wants to be sure that it is one."""

    slug: str
    name: str
    instructions: str
    model: str = ""
    title: str = ""
    manager: str | None = None
    tools: list[str] = msgspec.field(default_factory=lambda: list(DEFAULT_TOOLS))
    runtime: str = "builtin"
    max_concurrency: int = 2
    budget_usd_month: str | float | int | None = None
    route: str = ""


class AgentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields left out stay as they are; a null manager or budget removes it."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    title: str | msgspec.UnsetType = msgspec.UNSET
    instructions: str | msgspec.UnsetType = msgspec.UNSET
    model: str | msgspec.UnsetType = msgspec.UNSET
    manager: str | None | msgspec.UnsetType = msgspec.UNSET
    tools: list[str] | msgspec.UnsetType = msgspec.UNSET
    max_concurrency: int | msgspec.UnsetType = msgspec.UNSET
    budget_usd_month: str | float | int | None | msgspec.UnsetType = msgspec.UNSET
    route: str | msgspec.UnsetType = msgspec.UNSET


def model_name(model: str) -> str:
    if not model.strip():
        raise invalid(model="name a model, for example 'simulated'")
    return model.strip()


def check(slug: str, name: str, tools: list[str], runtime: str, concurrency: int) -> None:
    faults = {}
    if not SLUG.fullmatch(slug):
        faults["slug"] = "use 2 to 40 small letters, digits and hyphens"
    if not name.strip() or len(name) > 80:
        faults["name"] = "give a name of at most 80 characters"
    if unknown := [t for t in tools if t not in TOOLS]:
        faults["tools"] = f"unknown: {', '.join(unknown)}; there are {', '.join(TOOLS)}"
    if runtime not in RUNTIMES:
        faults["runtime"] = f"use one of {', '.join(RUNTIMES)}"
    if not 1 <= concurrency <= 100:
        faults["max_concurrency"] = "give a number from 1 to 100"
    if faults:
        raise invalid(**faults)
