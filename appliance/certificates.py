"""The certificate that this box serves with, if it has one."""

from pathlib import Path

from appliance import clock, crypto
from appliance.errors import Problem
from appliance.settings import Settings

# The setting that names its file.
SETTING = "tls_cert"


def file(settings: Settings) -> Path | None:
    path = getattr(settings, SETTING, "")
    return Path(path).expanduser() if path else None


def ends(settings: Settings) -> str | None:
    """ISO text, None without a certificate. Raises Problem(config) for a file that holds none."""
    if (path := file(settings)) is None:
        return None
    try:
        return clock.iso(crypto.certificate_ends(path.read_bytes()))
    except OSError as error:
        raise Problem("config", f"The certificate {path} can't be read: {error.strerror}.") from error
