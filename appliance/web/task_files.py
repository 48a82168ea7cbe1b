"""A task's files on the web: previews that can run nothing, and downloads."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import msgspec
from litestar import Response
from markupsafe import Markup

from appliance.domain import workspace
from appliance.domain.tasks import Task
from appliance.domain.workspace import File
from appliance.web.respond import Reply

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

PREVIEWS = 30
PREVIEW_BYTES = 60_000
KINDS = {".md": "Markdown", ".txt": "Text", ".json": "JSON", ".csv": "CSV", ".html": "HTML", ".py": "Python"}
KINDS |= {".yaml": "YAML", ".yml": "YAML", ".png": "Image", ".jpg": "Image", ".jpeg": "Image", ".gif": "Image"}
KINDS |= {".svg": "Image", ".pdf": "PDF", ".zip": "Archive"}
UNREADABLE = ("Image", "PDF", "Archive")


class Shown(NamedTuple):
    """A file as `tasks/_files.html` reads it; `html` is rendered Markdown, `text` anything else that is text."""

    path: str
    size: int
    kind: str
    text: str
    html: Markup | str
    download_href: str


def markdown(text: str) -> Markup:
    """Safe HTML: no tag, no script address and no image of the writer's gets through."""
    return Markup(_reader().render(text))


@cache
def _reader() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415  0.03 s of a start, for the first text that is shown

    # Raw HTML is shown as text; an image would make the reader's browser ask another host.
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def listing(files: Path, task: Task) -> list[File]:
    return workspace.of(files, task).files()


def shown(files: Path, task: Task, href: str) -> list[Shown]:
    """`href` is the address of the task's files."""
    folder = workspace.of(files, task)
    return [_shown(folder, file, href, n <= PREVIEWS) for n, file in enumerate(folder.files(), 1)]


def download(files: Path, task: Task, path: str) -> Reply:
    """Always an attachment: what an agent wrote never runs as a page of this box. Raises Problem(not_found)."""
    content = workspace.of(files, task).read(path.lstrip("/"))
    name = quote(path.rpartition("/")[2], safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return Response(content, media_type="application/octet-stream", headers=headers, status_code=200)


def _shown(folder: workspace.Workspace, file: File, href: str, preview: bool) -> Shown:
    kind = KINDS.get(Path(file.path).suffix.lower(), "File")
    text = _text(folder, file, kind) if preview else ""
    html = markdown(text) if kind == "Markdown" and text else ""
    return Shown(file.path, file.size, kind, text, html, f"{href}/{quote(file.path)}")


def _text(folder: workspace.Workspace, file: File, kind: str) -> str:
    if kind in UNREADABLE or file.size > PREVIEW_BYTES:
        return ""
    text = folder.text(file.path) or ""
    if "\0" in text or "\ufffd" in text:
        return ""
    return _pretty(text) if kind == "JSON" else text


def _pretty(text: str) -> str:
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        return text
