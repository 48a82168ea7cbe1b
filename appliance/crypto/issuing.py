"""An authority of the box's own (RFC 5280), and the certificates that it issues."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance import clock
from appliance.crypto import pem
from appliance.crypto.certificates import general, named
from appliance.crypto.pem import Pair

AUTHORITY_DAYS = 3650
LEAF_DAYS = 90
# A clock that is a little behind must not refuse what was just issued.
SLACK = timedelta(hours=1)


def new_authority(name: str) -> Pair:
    """Signs for this box alone; nothing it has signed may sign further."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), named(name)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    made = (
        _begun(subject, subject, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return pem.pair(made, key)


def issue(authority: Pair, names: tuple[str, ...]) -> Pair:
    """A server's certificate for host names and addresses, with a key of its own. Raises Problem(config)."""
    parent, parent_key = pem.load(authority.certificate), pem.load_key(authority.key)
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    made = (
        _begun(named(names[0]), parent.subject, key.public_key(), LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([general(name) for name in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(parent_key.public_key()),
            critical=False,
        )
        .sign(parent_key, hashes.SHA256())
    )
    return pem.pair(made, key)


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
