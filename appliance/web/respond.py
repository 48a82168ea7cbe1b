"""The two shapes of a reply: a page, and JSON."""

from typing import Any, Protocol, TypeVar

import msgspec
from litestar import MediaType, Response
from litestar.datastructures import Cookie

from appliance.domain import records
from appliance.domain.tenants import Tenant
from appliance.errors import Problem, invalid
from appliance.web import templates
from appliance.web.access import Ask
from appliance.web.frame import FLASH, LAST_TENANT, Note, write_flash

T = TypeVar("T")
Reply = Response[Any]


class Around(Protocol):
    """What surrounds a page: a tenant's frame, or the box's, which has no tenant."""

    @property
    def request(self) -> Any: ...
    @property
    def tenant(self) -> Tenant | None: ...
    @property
    def flashes(self) -> list[Note]: ...


def page(frame: Around, template: str, status: int = 200, **context: Any) -> Reply:
    """A page inside the frame. htmx asking for one target gets only the template's block of that name."""
    reply = plain(frame.request, template, status, frame=frame, **context)
    if frame.tenant and frame.request.cookies.get(LAST_TENANT) != frame.tenant.slug:
        reply.set_cookie(LAST_TENANT, frame.tenant.slug, max_age=31_536_000, httponly=True, samesite="lax", path="/")
    if frame.flashes:
        reply.set_cookie(_flash_cookie("", 0))
    return reply


def plain(request: Ask, template: str, status: int = 200, **context: Any) -> Reply:
    """A page without the frame: setup, sign-in, errors."""
    html = templates.render(request.app.state.templates, template, context, fragment(request))
    return Response(html, status_code=status, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})


def fragment(request: Ask) -> str:
    """The id of the element that htmx will replace, "" for a whole page. htmx 4 sends it as `tag#id`."""
    if request.headers.get("hx-request") != "true":
        return ""
    return request.headers.get("hx-target", "").rpartition("#")[2]


def redirect(path: str, flash: str = "", tone: str = "good") -> Reply:
    """Where to go after a form; `flash` is shown once on the next page."""
    cookies = [_flash_cookie(write_flash(Note(flash, tone)), 60)] if flash else []
    return Response(b"", status_code=303, headers={"Location": path}, cookies=cookies, media_type=MediaType.TEXT)


def created(made: Any) -> Reply:
    return Response(made, status_code=201, media_type=MediaType.JSON)


def form(kind: type[T], fields: dict[str, Any]) -> T:
    """A Struct from a submitted form; an empty field counts as left out. Raises Problem(invalid) naming the field."""
    return whole_form(kind, {name: value for name, value in fields.items() if value != ""})


def whole_form(kind: type[T], fields: dict[str, Any]) -> T:
    """The same of a form that holds everything: an empty field says so."""
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(**fault(str(error))) from error


def fault(text: str) -> dict[str, str]:
    """msgspec's sentence as {field: fault}: "… - at `$.title`", or "… missing required field `title`"."""
    said, _, where = text.partition(" - at ")
    path = where.strip("`$. ").removeprefix(".")
    if "`" in said and "field" in said:
        name = said.split("`")[1]
        path = f"{path}.{name}" if path else name
        said = "is required" if "required" in said else "is not a field here"
    return {path or "body": said[:1].lower() + said[1:]}


def refused(request: Ask, template: str, problem: Problem, **context: Any) -> Reply:
    """The form's own page again, with the status and the Retry-After of the refusal."""
    reply = plain(request, template, form_status(problem), **context)
    if problem.retry_after is not None:
        reply.headers["Retry-After"] = str(problem.retry_after)
    return reply


def form_status(problem: Problem) -> int:
    """422 for a form that can be corrected, which htmx swaps in; else the problem's own status."""
    return 422 if problem.code in ("invalid", "duplicate", "conflict", "bad_credentials") else problem.status


def limit(wanted: int) -> int:
    """How many rows of a list: what was asked for, from 1 to 200."""
    return max(1, min(wanted, records.LIMIT_MAX))


def faults(problem: Problem) -> dict[str, str]:
    """Field faults for a form; one that belongs to no field stands under ""."""
    return problem.errors or {"": problem.detail}


def _flash_cookie(value: str, seconds: int) -> Cookie:
    return Cookie(key=FLASH, value=value, max_age=seconds, httponly=True, samesite="lax", path="/")
