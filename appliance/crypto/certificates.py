"""X.509 certificates (RFC 5280): an authority of the box's own and what it issues. Everything is PEM text."""

import ipaddress
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance import clock
from appliance.errors import Problem

AUTHORITY_DAYS = 3650
LEAF_DAYS = 90
# A clock that is a little behind must not refuse what was just issued.
SLACK = timedelta(hours=1)


class Pair(NamedTuple):
    certificate: str
    key: str


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


def new_authority(name: str) -> Pair:
    """Signs for this box alone; nothing it has signed may sign further."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), _named(name)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    made = (
        _begun(subject, subject, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pair(made, key)


def issue(authority: Pair, names: tuple[str, ...]) -> Pair:
    """A server's certificate for host names and addresses, with a key of its own. Raises Problem(config)."""
    parent, parent_key = _load(authority.certificate), _load_key(authority.key)
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    made = (
        _begun(_named(names[0]), parent.subject, key.public_key(), LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(parent_key.public_key()),
            critical=False,
        )
        .sign(parent_key, hashes.SHA256())
    )
    return _pair(made, key)


def about(certificate: str) -> About:
    """The first certificate of a chain. Raises Problem(config)."""
    found = _load(certificate)
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


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    now: datetime = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now + timedelta(days=days))
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode())
    except UnicodeError as error:
        raise Problem("config", f"'{name}' is neither a host name nor an address.") from error


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), text.decode())


def _load(text: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError as error:
        raise Problem("config", "The certificate can't be read: it must be PEM text.") from error


def _load_key(text: str) -> ec.EllipticCurvePrivateKey:
    try:
        found = serialization.load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError) as error:
        raise Problem("config", "The key of the authority can't be read.") from error
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise Problem("config", "The key of the authority is not one that this program made.")
    return found
