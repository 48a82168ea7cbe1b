"""The product's one error type and its closed list of codes.

Every surface (problem+json, page, CLI line) renders a `Problem` by its code; the list is published in docs/errors.md.
"""

from typing import NamedTuple


class Code(NamedTuple):
    status: int
    title: str
    exit: int = 1


CODES: dict[str, Code] = {
    "invalid": Code(400, "The request is not valid", 2),
    "bad_json": Code(400, "The body is not valid JSON"),
    "bad_cursor": Code(400, "The page cursor is not valid"),
    "unauthenticated": Code(401, "Sign in or send a key"),
    "session_expired": Code(401, "The session has ended"),
    "bad_signature": Code(401, "The signature is not right"),
    "bad_credentials": Code(401, "E-mail or password is wrong"),
    "budget_exceeded": Code(402, "The budget is used up"),
    "forbidden": Code(403, "Your role does not allow this"),
    "suspended": Code(403, "This tenant is suspended"),
    "deleting": Code(403, "This tenant is being deleted"),
    "cross_site": Code(403, "The request came from another site"),
    "not_found": Code(404, "There is nothing here"),
    "method_not_allowed": Code(405, "This address does not take that method"),
    "conflict": Code(409, "The state does not allow this"),
    "run_ended": Code(409, "The run has ended"),
    "duplicate": Code(409, "This name is taken"),
    "idempotency_mismatch": Code(409, "The Idempotency-Key was used with another body"),
    "already_set_up": Code(409, "This box has an owner already"),
    "expired": Code(410, "The link has expired"),
    "deleted": Code(410, "This tenant was deleted"),
    "too_large": Code(413, "The body is too large"),
    "unsupported_media_type": Code(415, "This content type is not taken"),
    "expression": Code(422, "An expression of a workflow has no value"),
    "bad_bundle": Code(422, "The bundle can't be imported"),
    "checks_open": Code(422, "Acceptance checks are not passed"),
    "rate_limited": Code(429, "Too many requests"),
    "internal": Code(500, "Something broke on our side"),
    "provider_failed": Code(502, "The model provider did not answer as it should"),
    "locked": Code(503, "The box is locked: its master key is missing or wrong"),
    "unavailable": Code(503, "Not available right now", 69),
    "maintenance": Code(503, "This tenant is in maintenance", 69),
    "disk_full": Code(507, "The disk is full"),
    "already_running": Code(503, "Another server owns this data folder", 75),
    "config": Code(500, "The configuration can't be used", 78),
    "newer_data": Code(500, "The data is newer than this program", 78),
    "usage": Code(400, "The command line is not valid", 2),
    "cancelled": Code(409, "The work was cancelled"),
}


class Problem(Exception):
    """Something a person can act on. `detail` says what happened and what to do; `errors` maps a field to its fault."""

    def __init__(
        self, code: str, detail: str = "", *, errors: dict[str, str] | None = None, retry_after: int | None = None
    ) -> None:
        self.code = code
        self.status, self.title, self.exit = CODES[code]
        self.detail = detail or self.title
        self.errors = errors or {}
        self.retry_after = retry_after
        super().__init__(self.detail)


def invalid(**errors: str) -> Problem:
    """A refused form or body; each keyword names a field and says what is wrong with it."""
    return Problem("invalid", "; ".join(f"{field}: {fault}" for field, fault in errors.items()), errors=errors)


def not_found(what: str, near: str = "") -> Problem:
    """`near` is the end of the sentence, which says what may have been meant."""
    return Problem("not_found", f"There is no such {what}{near or '.'}")
