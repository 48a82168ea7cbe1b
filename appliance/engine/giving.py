"""What a step gives beside the words of its agent: the JSON in its output file, and which files there are."""

from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain.instances import nodes
from appliance.domain.workspace import Workspace

FILES = 100
# As much as the answer to a request may have.
DATA_LIMIT = 1024 * 1024


def give(db: Database, task_id: str, step: dict[str, Any] | None, files: Workspace) -> None:
    """Keep it on the step's node, in the transaction that completes the run; nothing for a task of no `step`."""
    if step is None:
        return
    path = step.get("file")
    text = files.text(path) if path else None
    given: dict[str, Any] = {"files": [file.path for file in files.files()[:FILES]]}
    if text is not None and len(text) > DATA_LIMIT:
        more = f"has more than the {DATA_LIMIT:,} characters that a step hands on as data"
        given["fault"] = f"{path} {more}. Leave out output and let the next steps read the file."
    nodes.give(db, task_id, given | {"data": None if "fault" in given else _data(text)})


def _data(text: str | None) -> Any:
    try:
        return None if text is None else msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
