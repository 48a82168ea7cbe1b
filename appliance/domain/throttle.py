"""Slows down guessing: of passwords per e-mail and network address, of secret addresses per network address."""

from appliance import clock
from appliance.db.database import Database
from appliance.errors import Problem

WINDOW = 15 * 60
FREE_EMAIL = 5
# An office shares one network address.
FREE_ADDRESS = 20
FIRST_WAIT = 30


def attempt(control: Database, email: str, address: str) -> None:
    """Count one attempt before the password is checked, so that parallel guesses count too.

    Raises Problem(rate_limited) with the seconds to wait, which double with every further failure up to 15 minutes.
    """
    with control.transaction():
        control.next_number("sign_ins")
        wait = max(_wait(control, _email(email), FREE_EMAIL), _wait(control, _address(address), FREE_ADDRESS))
        if wait > 0:
            raise _later(wait)
        for subject in (_email(email), _address(address)):
            control.insert("login_failures", {"subject": subject, "at": clock.iso()})


def missed(control: Database, address: str) -> None:
    """Count a secret address that was wrong. Raises Problem(rate_limited); whoever knows a right one never waits."""
    subject = f"hooks:{address}"
    if wait := _wait(control, subject, FREE_ADDRESS):
        raise _later(wait)
    control.insert("login_failures", {"subject": subject, "at": clock.iso()})


def guess(control: Database, subject: str) -> None:
    """Count one guess at something other than a sign-in, such as `totp:<user>`. Raises Problem(rate_limited)."""
    with control.transaction():
        control.next_number("sign_ins")
        if wait := _wait(control, subject, FREE_EMAIL):
            raise _later(wait)
        control.insert("login_failures", {"subject": subject, "at": clock.iso()})


def right(control: Database, subject: str) -> None:
    """The guess was right: forget those before."""
    control.delete("login_failures", subject=subject)


def clear(control: Database, email: str, address: str) -> None:
    """The person was right: forget their failures."""
    control.delete("login_failures", subject=_email(email))
    control.delete("login_failures", subject=_address(address))


def prune(control: Database) -> int:
    return control.execute("DELETE FROM login_failures WHERE at < :old", {"old": clock.ahead(-WINDOW)})


def _later(wait: int) -> Problem:
    return Problem("rate_limited", f"Too many attempts. Try again in {wait} seconds.", retry_after=wait)


def _email(email: str) -> str:
    return f"email:{email.strip().lower()[:254]}"


def _address(address: str) -> str:
    return f"address:{address}"


def _wait(control: Database, subject: str, free: int) -> int:
    sql = "SELECT COUNT(*) AS n, MAX(at) AS last FROM login_failures WHERE subject = :subject AND at >= :since"
    row = control.rows(sql, {"subject": subject, "since": clock.ahead(-WINDOW)})[0]
    if row["n"] < free:
        return 0
    pause = min(FIRST_WAIT * 2 ** (row["n"] - free), WINDOW)
    return max(0, int(pause - clock.seconds_between(row["last"], clock.iso()) + 0.999))
