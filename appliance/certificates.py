"""The certificate that this box serves with, if it has one."""

from pathlib import Path

from appliance import clock, crypto
from appliance.errors import Problem
from appliance.settings import Settings

# The setting that names the file of one that is not the box's own.
SETTING = "tls_cert"


def file(settings: Settings) -> Path | None:
    """Raises Problem(config) when only one of two files is named."""
    if not settings.https:
        return None
    from appliance import tls  # noqa: PLC0415  0.04 s that only boxes with a certificate wait for

    return tls.files(settings).certificate


def ends(settings: Settings) -> str | None:
    """ISO text, None without a certificate. Raises Problem(config) for a file that holds none."""
    if (path := file(settings)) is None:
        return None
    try:
        return clock.iso(crypto.certificate_ends(path.read_bytes()))
    except OSError as error:
        raise Problem("config", f"The certificate {path} can't be read: {error.strerror}.") from error
