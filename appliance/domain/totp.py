"""The second step at sign-in: codes from a person's phone (TOTP, RFC 6238), and codes on paper for when it is lost."""

import base64
import hmac
import os
from typing import TYPE_CHECKING

import msgspec

from appliance import clock, crypto, ids
from appliance.crypto import Vault
from appliance.db.database import Database, Row
from appliance.domain import audit, throttle
from appliance.domain.actor import Actor
from appliance.domain.members import Member
from appliance.domain.tenants import Tenant
from appliance.errors import Problem, invalid, not_found

if TYPE_CHECKING:
    from pyotp import TOTP

ISSUER = "AgentHQ"
STEP_S = 30
# Clocks of phones go wrong by a step either way (RFC 6238 §5.2).
SKEW = (0, -1, 1)
CODES = 10
WAIT_SECONDS = 300
WRONG = "The code is not right. Each code works once, and for about half a minute."


class Enrolment(msgspec.Struct, frozen=True):
    """What an authenticator needs: `uri` as a QR code, or `secret` typed by hand."""

    secret: str
    uri: str


def begin(control: Database, vault: Vault, user_id: str) -> Enrolment:
    """The secret that waits for its first code; made once. Raises Problem(conflict) when codes are asked already."""
    with control.transaction():
        user = _user(control, user_id)
        if user["totp_at"]:
            raise Problem("conflict", "Two-step sign-in is on already.")
        if not user["totp_secret"]:
            secret = base64.b32encode(os.urandom(20)).decode()
            sealed = vault.seal_for_box(_address(user_id), secret)
            control.update("users", {"id": user_id}, totp_secret=sealed)
        else:
            secret = vault.open_for_box(_address(user_id), user["totp_secret"])
    return Enrolment(secret, _totp(secret).provisioning_uri(name=user["email"], issuer_name=ISSUER))


def confirm(control: Database, vault: Vault, actor: Actor, user_id: str, code: str) -> list[str]:
    """Codes are asked from now on; the recovery codes, seen this once. Raises Problem(invalid) for a wrong code."""
    throttle.guess(control, _subject(user_id))
    with control.transaction():
        user = _user(control, user_id)
        if user["totp_at"] or not user["totp_secret"]:
            raise Problem("conflict", "There is nothing to confirm. Begin the setup again.")
        if not _used_now(control, vault, user, code):
            raise invalid(code=WRONG)
        control.update("users", {"id": user_id}, totp_at=clock.iso())
        audit.record(control, actor, "totp.on", user_id)
        codes = _new_codes(control, user_id)
    throttle.right(control, _subject(user_id))
    return codes


def check(control: Database, vault: Vault, user_id: str, code: str) -> None:
    """A code of the phone or of the paper, each once. Raises Problem(invalid), Problem(rate_limited)."""
    throttle.guess(control, _subject(user_id))
    user = _user(control, user_id)
    if not (user["totp_at"] and (_used_now(control, vault, user, code) or _spent(control, user_id, code))):
        raise invalid(code=WRONG)
    throttle.right(control, _subject(user_id))


def renew_codes(control: Database, vault: Vault, actor: Actor, user_id: str, code: str) -> list[str]:
    """Other recovery codes; the old ones end. Raises as `check`."""
    check(control, vault, user_id, code)
    with control.transaction():
        audit.record(control, actor, "totp.codes_renewed", user_id)
        return _new_codes(control, user_id)


def codes_left(control: Database, user_id: str) -> int:
    return int(control.value("SELECT COUNT(*) FROM recovery_codes WHERE user_id = :user", {"user": user_id}))


def turn_off(control: Database, vault: Vault, actor: Actor, user_id: str, code: str) -> None:
    """The person's own wish. Raises as `check`."""
    check(control, vault, user_id, code)
    _forget(control, actor, user_id, "totp.off")


def reset(control: Database, actor: Actor, user_id: str) -> None:
    """For a person who lost phone and paper: the password is enough again; their sessions end. Not for a key."""
    actor.refuse_key("take a second step away")
    with control.transaction():
        _user(control, user_id)
        _forget(control, actor, user_id, "totp.reset")
        control.delete("sessions", user_id=user_id)


def require(control: Database, actor: Actor, tenant_id: str, on: bool) -> None:
    """Whether the tenant's admins and owners need a second step; those without are led to set it up."""
    with control.transaction():
        control.update("tenants", {"id": tenant_id}, require_totp=on)
        audit.record(control, actor, "totp.required" if on else "totp.not_required", tenant_id, tenant_id)


def owed(tenant: Tenant, member: Member) -> bool:
    """The tenant asks for a second step which this person has not set up."""
    return tenant.require_totp and member.role in ("admin", "owner") and member.totp_at is None


def start_step(control: Database, user_id: str) -> str:
    """The password was right: a token for the page that asks for the code."""
    token = ids.token()
    with control.transaction():
        control.execute("DELETE FROM second_steps WHERE expires_at < :now", {"now": clock.iso()})
        row = {"digest": crypto.digest(token), "user_id": user_id, "expires_at": clock.ahead(WAIT_SECONDS)}
        control.insert("second_steps", row)
    return token


def finish_step(control: Database, vault: Vault, token: str, code: str) -> str:
    """Who has passed both steps. Raises Problem(session_expired) for a page left open too long, and as `check`."""
    user_id = waiting(control, token)
    check(control, vault, user_id, code)
    if not control.delete("second_steps", digest=crypto.digest(token)):
        raise Problem("session_expired", "Sign in again.")
    return user_id


def waiting(control: Database, token: str) -> str:
    sql = """SELECT s.user_id FROM second_steps s JOIN users u ON u.id = s.user_id
             WHERE s.digest = :digest AND s.expires_at > :now AND u.disabled = FALSE"""
    found = control.value(sql, {"digest": crypto.digest(token), "now": clock.iso()})
    if found is None:
        raise Problem("session_expired", "That took too long. Sign in again.")
    return str(found)


def seal_anew(control: Database, old: Vault, new: Vault) -> int:
    """After a change of the master key; how many secrets there were."""
    with control.transaction():
        rows = control.rows("SELECT id, totp_secret FROM users WHERE totp_secret <> ''")
        for row in rows:
            address = _address(row["id"])
            secret = old.open_for_box(address, row["totp_secret"])
            control.update("users", {"id": row["id"]}, totp_secret=new.seal_for_box(address, secret))
    return len(rows)


def _used_now(control: Database, vault: Vault, user: Row, code: str) -> bool:
    """The code belongs to this moment and its step, or a later one, was not used before: one winner."""
    code = code.replace(" ", "")
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return False
    totp = _totp(vault.open_for_box(_address(user["id"]), user["totp_secret"]))
    now = int(clock.now().timestamp()) // STEP_S
    step = next((now + off for off in SKEW if hmac.compare_digest(totp.generate_otp(now + off), code)), None)
    sql = "UPDATE users SET totp_step = :step WHERE id = :id AND totp_step < :step"
    return step is not None and control.execute(sql, {"id": user["id"], "step": step}) == 1


def _spent(control: Database, user_id: str, code: str) -> bool:
    spent = control.delete("recovery_codes", user_id=user_id, digest=_digest(user_id, code)) == 1
    if spent:
        audit.record(control, Actor("member", user_id, ""), "totp.recovery_code_used", user_id)
    return spent


def _new_codes(control: Database, user_id: str) -> list[str]:
    # 80 random bits each: a plain digest is enough, as for tokens.
    texts = [base64.b32encode(os.urandom(10)).decode().lower() for _ in range(CODES)]
    codes = ["-".join(text[at : at + 4] for at in range(0, 16, 4)) for text in texts]
    control.delete("recovery_codes", user_id=user_id)
    control.insert_all("recovery_codes", [{"digest": _digest(user_id, code), "user_id": user_id} for code in codes])
    return codes


def _digest(user_id: str, code: str) -> str:
    return crypto.digest(f"{user_id}|{''.join(c for c in code.lower() if c.isalnum())}")


def _forget(control: Database, actor: Actor, user_id: str, action: str) -> None:
    with control.transaction():
        control.update("users", {"id": user_id}, totp_secret="", totp_at=None)
        control.delete("recovery_codes", user_id=user_id)
        control.delete("second_steps", user_id=user_id)
        audit.record(control, actor, action, user_id)


def _user(control: Database, user_id: str) -> Row:
    user = control.one("SELECT * FROM users WHERE id = :id", {"id": user_id})
    if user is None:
        raise not_found("user")
    return user


def _totp(secret: str) -> "TOTP":
    from pyotp import TOTP  # noqa: PLC0415  it would make every start slower

    return TOTP(secret)


def _address(user_id: str) -> str:
    return f"users|{user_id}|totp_secret|0"


def _subject(user_id: str) -> str:
    return f"totp:{user_id}"
