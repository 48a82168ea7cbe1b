"""`agenthq connect`: what to put into a tool so that it makes its calls through the box."""

import click
import msgspec

from appliance import listening
from appliance.cli.command import secret_from, tenant_option, verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, listing, table
from appliance.domain import served, tool_lines
from appliance.domain.tool_lines import TOOLS, Given, Tool
from appliance.errors import Problem
from appliance.settings import nearest


@verb(
    "agenthq connect",
    "agenthq connect claude-code",
    "agenthq connect codex --model gpt-5",
    "agenthq connect openai-sdk --key-stdin < key.txt",
)
@click.argument("tool", metavar="[TOOL]", default="")
@tenant_option
@click.option("--model", metavar="NAME", default="", help="The model or route that the lines name.")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input and put it into the lines.")
def connect(desk: Desk, tool: str, tenant: str | None, model: str, key_stdin: bool) -> Shown:
    """Lines to copy into Claude Code, Codex, aider, Continue, an SDK or curl; alone, the list of tools."""
    if not tool:
        rows = [(one.id, one.name, one.about) for one in TOOLS.values()]
        return listing(
            [msgspec.to_builtins(one) for one in TOOLS.values()], table(("tool", "name", "what it is"), rows, "")
        )
    if tool not in TOOLS:
        raise Problem("usage", f"There is no tool '{tool}'{nearest(tool, TOOLS)} See 'agenthq connect'.")
    with desk.room(tenant) as room:
        models = served.names(room.db)
    key = secret_from(True, "Key").strip() if key_stdin else tool_lines.KEY
    if not key:
        raise Problem("usage", "There is no key on standard input.")
    return _lines(TOOLS[tool], listening.own_link(desk.settings, desk.catalogue), key, model, models)


def _lines(tool: Tool, address: str, key: str, model: str, models: list[str]) -> Shown:
    """Raises Problem(usage) for a model that nobody serves."""
    if model and model not in models:
        raise Problem("usage", f"No account or route serves '{model}'{nearest(model, models)}")
    chosen = model or tool_lines.choose(tool, models) or "MODEL"
    given = Given(address, key, chosen, tool_lines.small(chosen, models))
    blocks = tool_lines.blocks(tool, given)
    text = "\n\n".join(f"# {block.place}\n{block.text}" for block in blocks)
    if key == tool_lines.KEY:
        text += f"\n\nA key to take the place of {key}: agenthq key create --role viewer --gateway-only --expires 90d"
    found = {"tool": tool.id, "address": given.root if tool.surface == "messages" else given.v1, "model": chosen}
    return Shown(found | {"blocks": [msgspec.to_builtins(block) for block in blocks]}, text)
