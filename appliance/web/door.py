"""The session cookie: set at sign-in, taken away at sign-out."""

from litestar.datastructures import Cookie

from appliance.domain import sessions
from appliance.web import respond
from appliance.web.access import COOKIE, Ask, services_of
from appliance.web.respond import Reply

# The server decides when a session ends; the browser only keeps the token (400 days is the most it may).
KEEP_SECONDS = 400 * 86400


def enter(request: Ask, user_id: str, path: str) -> Reply:
    """Start a session for a person who has proved who they are, and go to `path`."""
    services = services_of(request)
    with services.catalogue.control() as control:
        token = sessions.start(control, user_id, client_of(request), services.settings.session_hours)
    reply = respond.redirect(path)
    reply.set_cookie(_cookie(request, token, KEEP_SECONDS))
    return reply


def leave(request: Ask) -> Reply:
    with services_of(request).catalogue.control() as control:
        sessions.revoke(control, request.cookies.get(COOKIE, ""))
    reply = respond.redirect("/login")
    reply.set_cookie(_cookie(request, "", 0))
    return reply


def address_of(request: Ask) -> str:
    return request.client.host if request.client else "unknown"


def client_of(request: Ask) -> str:
    return f"{address_of(request)} {request.headers.get('user-agent', '')}"


def local(path: str) -> str:
    """`path` when it stays on this site, else the front door."""
    inside = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()
    return path if inside else "/"


def _cookie(request: Ask, token: str, seconds: int) -> Cookie:
    secure = request.url.scheme == "https" or services_of(request).settings.public_url.startswith("https:")
    return Cookie(key=COOKIE, value=token, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure)
