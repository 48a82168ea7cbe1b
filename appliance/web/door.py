"""The session cookie: set at sign-in, taken away at sign-out."""

from urllib.parse import urlencode

from litestar.datastructures import Cookie

from appliance.db.database import Database
from appliance.domain import sessions, totp
from appliance.domain.users import User
from appliance.web import respond
from appliance.web.access import COOKIE, Ask, services_of
from appliance.web.respond import Reply

# Between the password and the code.
STEP = "ahq_step"
# The server decides when a session ends; the browser only keeps the token (400 days is the most it may).
KEEP_SECONDS = 400 * 86400


def first_step(request: Ask, control: Database, user: User, path: str) -> Reply:
    """A password or a link was right: in, or on to the page that asks for the code."""
    if user.totp_at is None:
        return enter(request, user.id, path)
    reply = respond.redirect(f"/login/code?{urlencode({'next': path})}")
    reply.set_cookie(_cookie(request, totp.start_step(control, user.id), totp.WAIT_SECONDS, STEP))
    return reply


def second_step(request: Ask, user_id: str, path: str) -> Reply:
    """The code was right too."""
    reply = enter(request, user_id, path)
    reply.set_cookie(_cookie(request, "", 0, STEP))
    return reply


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


def _cookie(request: Ask, token: str, seconds: int, key: str = COOKIE) -> Cookie:
    secure = request.url.scheme == "https" or services_of(request).settings.public_url.startswith("https:")
    return Cookie(key=key, value=token, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure)
