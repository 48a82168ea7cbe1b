"""Certificates and their keys as PEM text, in and out."""

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.errors import Problem


class Pair(NamedTuple):
    certificate: str
    key: str


def pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), text.decode())


def load(text: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError as error:
        raise Problem("config", "The certificate can't be read: it must be PEM text.") from error


def load_key(text: str) -> ec.EllipticCurvePrivateKey:
    try:
        found = serialization.load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError) as error:
        raise Problem("config", "The key of the authority can't be read.") from error
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise Problem("config", "The key of the authority is not one that this program made.")
    return found
