"""The tools of the built-in runtime, one file for each noun: what an agent may do."""

from appliance.engine.tools import delegation, programs, task, web, workspace
from appliance.engine.tools.delegation import ASK, WAIT
from appliance.engine.tools.task import FINISH
from appliance.engine.tools.tool import BadArguments, Bench, Tool, asks, parse, use
from appliance.engine.tools.workspace import READ_LIMIT

__all__ = ["ASK", "FINISH", "READ_LIMIT", "REGISTRY", "WAIT", "BadArguments", "Bench", "Tool", "asks", "parse", "use"]

REGISTRY: dict[str, Tool] = {
    tool.name: tool
    for tools in (workspace.TOOLS, task.TOOLS, programs.TOOLS, web.TOOLS, delegation.TOOLS)
    for tool in tools
}
