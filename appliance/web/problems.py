"""The request border: every exception becomes problem+json where programs ask, and a page elsewhere."""

import errno
import logging
from typing import Any
from urllib.parse import quote

from litestar import MediaType, Response
from litestar.exceptions import ClientException, HTTPException, ValidationException

from appliance import redaction
from appliance.errors import Problem, invalid
from appliance.web import access, request_ids, respond, templates
from appliance.web.access import Ask

log = logging.getLogger("agenthq.web")
MEDIA_TYPE = "application/problem+json"
BY_STATUS = {401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
BY_STATUS |= {415: "unsupported_media_type", 429: "rate_limited"}
PROGRAMS = ("/api", "/gw", "/hooks/", "/livez", "/readyz", "/healthz", "/metrics")
SIGN_IN = ("unauthenticated", "session_expired")


def on_problem(request: Ask, problem: Problem) -> respond.Reply:
    if request.url.path.startswith(PROGRAMS):
        return as_json(problem)
    if problem.code in SIGN_IN:
        return _to_sign_in(request)
    if problem.code == "second_step":
        return _to(request, f"/t/{access.slug_of(request)}/settings/account", problem.detail)
    return as_page(request, problem)


def on_http(request: Ask, error: HTTPException) -> respond.Reply:
    """Litestar's own refusals, in our words."""
    return on_problem(request, _translate(request, error))


def on_crash(request: Ask, error: Exception) -> respond.Reply:
    number = request_ids.of(request.scope)
    log.error("request %s %s %s failed", number, request.method, _loggable(request), exc_info=error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return on_problem(request, Problem("disk_full", "A disk of this server is full. Free some, then try again."))
    return on_problem(request, Problem("internal", f"Something broke on our side. The log knows it as {number}."))


def _loggable(request: Ask) -> str:
    """The path without what opens something to whoever reads it in the log: setup, sign-in links, hooks."""
    token = request.path_params.get("token")
    return request.url.path.replace(str(token), redaction.MARK) if token else request.url.path


def as_json(problem: Problem) -> respond.Reply:
    return Response(body(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=_headers(problem))


def body(problem: Problem) -> dict[str, Any]:
    """The members of RFC 9457, our stable `code`, and faults per field."""
    said: dict[str, Any] = {
        "type": f"/api/docs#{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    return said | problem.more | ({"errors": problem.errors} if problem.errors else {})


def as_page(request: Ask, problem: Problem) -> respond.Reply:
    context = {"problem": problem, "home": _way_back(request) if problem.status in (403, 404) else ""}
    html = templates.render(request.app.state.templates, "errors/problem.html", context)
    return Response(html, status_code=problem.status, media_type=MediaType.HTML, headers=_headers(problem))


def _way_back(request: Ask) -> str:
    """The tenant of the address when the person is a member of it, else "" for the front door."""
    _, room, slug, *_ = [*request.url.path.split("/"), "", ""]
    if room != "t":
        return ""
    try:
        access.identify(access.services_of(request), slug, request.cookies.get(access.COOKIE, ""), "")
    except Problem:
        return ""
    return f"/t/{slug}"


def _headers(problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    return headers


def _to_sign_in(request: Ask) -> respond.Reply:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = "/login" + (f"?next={quote(here, safe='')}" if request.method == "GET" else "")
    return _to(request, target)


def _to(request: Ask, target: str, said: str = "") -> respond.Reply:
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=401, headers={"HX-Redirect": target}, media_type=MediaType.TEXT)
    return respond.redirect(target, said, "warn")


def _translate(request: Ask, error: HTTPException) -> Problem:
    if isinstance(error, ValidationException):
        return invalid(**_faults(error))
    if error.status_code in BY_STATUS:
        return Problem(BY_STATUS[error.status_code], _detail(request, error))
    if isinstance(error, ClientException):
        return Problem("bad_json", "The body is not valid JSON.")
    return Problem("internal")


def _detail(request: Ask, error: HTTPException) -> str:
    if error.status_code == 413:
        return f"The body is larger than {request.route_handler.resolve_request_max_body_size()} bytes."
    return ""


def _faults(error: ValidationException) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in error.extra if isinstance(error.extra, list) else []:
        if isinstance(entry, dict):
            name = str(entry.get("key", "body")).removeprefix("data.")
            said = respond.fault(str(entry["message"]))
            found |= said if name == "data" else {name: next(iter(said.values()))}
    return found or {"request": error.detail}
