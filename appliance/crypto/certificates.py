"""What an X.509 certificate (RFC 5280) says: whom it names, who gave it, and how long it is good."""

import ipaddress
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from appliance import clock
from appliance.crypto import pem
from appliance.errors import Problem


class About(NamedTuple):
    """`names` are those it is for; times are ISO text; `fingerprint` is the SHA-256 that browsers show."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: str
    ends: str
    fingerprint: str

    @property
    def days_left(self) -> float:
        return clock.seconds_between(clock.iso(), self.ends) / 86400


def about(certificate: str) -> About:
    """The first certificate of a chain. Raises Problem(config)."""
    found = pem.load(certificate)
    try:
        general = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(str(name.value) for name in general)
    except x509.ExtensionNotFound:
        names = ()
    return About(
        found.subject.rfc4514_string(),
        found.issuer.rfc4514_string(),
        names,
        clock.iso(found.not_valid_before_utc),
        clock.iso(found.not_valid_after_utc),
        found.fingerprint(hashes.SHA256()).hex(":"),
    )


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode())
    except UnicodeError as error:
        raise Problem("config", f"'{name}' is neither a host name nor an address.") from error
