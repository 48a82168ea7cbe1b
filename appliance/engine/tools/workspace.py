"""Reading and writing the files of the task's workspace."""

from typing import Any

from appliance.domain import quotas
from appliance.engine.tools.tool import Bench, Tool, arguments

READ_LIMIT = 32_000
MATCHES = 50
_PATH = {"type": "string", "description": "Path inside the workspace, for example notes/summary.md"}


def _read(bench: Bench, given: dict[str, Any]) -> str:
    text = bench.workspace.read(given["path"]).decode("utf-8", "replace")
    start = int(given.get("offset", 0))
    part = text[start : start + READ_LIMIT]
    left = len(text) - start - len(part)
    return part + (f"\n[{left} more characters; read on with offset {start + len(part)}]" if left > 0 else "")


def _write(bench: Bench, given: dict[str, Any]) -> str:
    content = given["content"].encode()
    quotas.room(bench.db)
    bench.workspace.write(given["path"], content)
    return f"wrote {given['path']} ({len(content):,} bytes)"


def _list(bench: Bench, given: dict[str, Any]) -> str:
    files = bench.workspace.files()
    return "\n".join(f"{file.path} ({file.size:,} bytes)" for file in files) or "The workspace is empty."


def _search(bench: Bench, given: dict[str, Any]) -> str:
    wanted, found = given["text"].lower(), []
    for file in bench.workspace.files():
        lines = (bench.workspace.text(file.path) or "").splitlines()
        found += [f"{file.path}:{n}: {line[:200]}" for n, line in enumerate(lines, 1) if wanted in line.lower()]
    more = f"\n[{len(found) - MATCHES} more matches]" if len(found) > MATCHES else ""
    return "\n".join(found[:MATCHES]) + more or f"No line contains “{given['text']}”."


TOOLS = (
    Tool(
        "workspace.read",
        "idempotent",
        "Read a text file of the task's workspace.",
        arguments(("path",), path=_PATH, offset={"type": "integer", "minimum": 0, "description": "First character"}),
        _read,
    ),
    Tool(
        "workspace.write",
        "idempotent",
        "Create or replace a text file of the task's workspace. Deliverables are files.",
        arguments(("path", "content"), path=_PATH, content={"type": "string", "description": "The whole new content"}),
        _write,
    ),
    Tool("workspace.list", "idempotent", "List the files of the task's workspace.", arguments(()), _list),
    Tool(
        "workspace.search",
        "idempotent",
        "Find the lines of the workspace's files that contain a text, in any case.",
        arguments(("text",), text={"type": "string", "minLength": 1}),
        _search,
    ),
)
