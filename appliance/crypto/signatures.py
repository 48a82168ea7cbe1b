"""Ed25519 signatures (RFC 8032) of releases. Keys and signatures are hexadecimal text."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from appliance.errors import Problem


def new_signing_key() -> tuple[str, str]:
    """The private and the public half."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return private.hex(), public_of(private.hex())


def public_of(private: str) -> str:
    return _private(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def sign(private: str, data: bytes) -> str:
    return _private(private).sign(data).hex()


def require_signature(public: str, data: bytes, signature: str) -> None:
    """Raises Problem(bad_signature), or Problem(config) for what is no public key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public.strip()))
    except ValueError as error:
        raise Problem("config", "The public key must be 64 hexadecimal digits.") from error
    try:
        key.verify(bytes.fromhex(signature.strip()), data)
    except (InvalidSignature, ValueError) as error:
        raise Problem("bad_signature", "The signature is not one of the key that this box trusts.") from error


def _private(text: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text.strip()))
    except ValueError as error:
        raise Problem("config", "The private key must be 64 hexadecimal digits.") from error
