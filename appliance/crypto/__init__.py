"""Keys, sealed secrets, passwords and token digests. Nothing secret is constant here.

A master key (32 bytes) wraps one data key per tenant; a data key seals secrets with AES-256-GCM (NIST SP 800-38D). The
additional data names tenant, table, row, column and generation, so a ciphertext moved anywhere else does not open.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from appliance import redaction
from appliance.errors import Problem

_NONCE = 12
LOG_KEY = "audit-log-key"
# OWASP's second recommended argon2id profile: 19 MiB, 2 passes, 1 lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def new_key() -> bytes:
    return os.urandom(32)


def parse_key(text: str) -> bytes:
    """32 bytes from 64 hex digits. Raises Problem(config) otherwise."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Problem("config", "The master key must be 64 hexadecimal digits (32 bytes).")
    return key


def seal(key: bytes, plain: bytes, bound_to: str) -> str:
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())).decode()


def unseal(key: bytes, sealed: str, bound_to: str) -> bytes:
    """Raises Problem(locked) when the key is another one or the text was moved or changed."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        raise Problem("locked", "A stored secret does not open with this master key.") from error


class FrameCipher:
    """The frames of one file. A key serves one file only: the nonce is the frame's position."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, position: int, plain: bytes, bound_to: bytes) -> bytes:
        return self._cipher.encrypt(position.to_bytes(_NONCE, "big"), plain, bound_to)

    def decrypt(self, position: int, frame: bytes, bound_to: bytes) -> bytes | None:
        """None when the frame is not the one that was written at this position."""
        try:
            return self._cipher.decrypt(position.to_bytes(_NONCE, "big"), frame, bound_to)
        except InvalidTag:
            return None


def passphrase_key(passphrase: str, salt: bytes) -> bytes:
    """A key from a passphrase by scrypt (RFC 7914) with OWASP's cost for 64 MiB: about 0.2 s."""
    return Scrypt(salt=salt, length=32, n=2**16, r=8, p=2).derive(passphrase.encode())


class Vault:
    """Seals and opens the secrets of tenants. Holds the unwrapped data keys in memory only.

    `find_wrapped` gives a tenant's stored, wrapped data key; it is asked once for each tenant.
    """

    def __init__(self, master: bytes, find_wrapped: Callable[[str], str]) -> None:
        self._master = master
        self._find_wrapped = find_wrapped
        self._keys: dict[str, bytes] = {}

    def new_tenant_key(self, tenant_id: str) -> str:
        """A fresh data key, wrapped by the master key, to be stored with the tenant."""
        key = self._keys[tenant_id] = new_key()
        return seal(self._master, key, f"tenant-key|{tenant_id}")

    def seal(self, tenant_id: str, address: str, secret: str) -> str:
        """`address` is table|row|column|generation of the place the result will be stored."""
        redaction.remember(secret, tenant_id)
        return seal(self._key(tenant_id), secret.encode(), f"{tenant_id}|{address}")

    def open(self, tenant_id: str, address: str, sealed: str) -> str:
        secret = unseal(self._key(tenant_id), sealed, f"{tenant_id}|{address}").decode()
        redaction.remember(secret, tenant_id)
        return secret

    def seal_for_box(self, address: str, secret: str) -> str:
        """For what belongs to no tenant; sealed with the master key itself: a new one needs it sealed anew."""
        redaction.remember(secret, "")
        return seal(self._master, secret.encode(), f"box|{address}")

    def open_for_box(self, address: str, sealed: str) -> str:
        secret = unseal(self._master, sealed, f"box|{address}").decode()
        redaction.remember(secret, "")
        return secret

    def with_keys(self, find_wrapped: Callable[[str], str]) -> "Vault":
        """The same master key over data keys that are kept elsewhere: in a backup."""
        return Vault(self._master, find_wrapped)

    def try_key(self, tenant_id: str) -> None:
        """Raises Problem(locked) when the tenant's data key is not one of this master key."""
        self._key(tenant_id)

    def wrap_file_key(self, key: bytes, file_id: str) -> str:
        """The key of one backup, wrapped by the master key alone: it opens on a box that has nothing else."""
        return seal(self._master, key, f"file-key|{file_id}")

    def unwrap_file_key(self, wrapped: str, file_id: str) -> bytes:
        """Raises Problem(locked) when another master key made the backup."""
        return unseal(self._master, wrapped, f"file-key|{file_id}")

    def rewrapped(self, new_master: bytes, tenant_id: str, wrapped: str) -> str:
        """A tenant's data key as `new_master` wraps it. Raises Problem(locked)."""
        return rewrap(self._master, new_master, tenant_id, wrapped)

    def rewrapped_for(self, other: "Vault", tenant_id: str, wrapped: str) -> str:
        """A tenant's data key of this box, as another box's master key wraps it. Raises Problem(locked)."""
        return self.rewrapped(other._master, tenant_id, wrapped)

    def master_text(self) -> str:
        """The master key in hexadecimal digits, for the recovery kit and nothing else."""
        return self._master.hex()

    def forget(self, tenant_id: str) -> None:
        """Of a tenant whose wrapped key is gone nothing opens any more."""
        self._keys.pop(tenant_id, None)

    def probe(self) -> str:
        """A text only this master key can have made; stored once, checked at every start."""
        return seal(self._master, b"agenthq", "probe")

    def check(self, probe: str) -> None:
        unseal(self._master, probe, "probe")

    def new_log_key(self) -> str:
        """A fresh key of the box's audit log, wrapped by the master key, to be stored beside the log."""
        return self.wrap_log_key(new_key())

    def wrap_log_key(self, key: bytes) -> str:
        return seal(self._master, key, LOG_KEY)

    def log_key(self, wrapped: str) -> bytes:
        """Raises Problem(locked)."""
        return unseal(self._master, wrapped, LOG_KEY)

    def _key(self, tenant_id: str) -> bytes:
        if tenant_id not in self._keys:
            self._keys[tenant_id] = unseal(self._master, self._find_wrapped(tenant_id), f"tenant-key|{tenant_id}")
        return self._keys[tenant_id]


def opens(master: bytes, probe: str) -> bool:
    """Is this the master key that made the probe?"""
    try:
        return unseal(master, probe, "probe") == b"agenthq"
    except Problem:
        return False


def rewrap(old_master: bytes, new_master: bytes, tenant_id: str, wrapped: str) -> str:
    bound_to = f"tenant-key|{tenant_id}"
    return seal(new_master, unseal(old_master, wrapped, bound_to), bound_to)


def certificate_ends(pem: bytes) -> datetime:
    """When the first certificate of a PEM file ends (UTC). Raises Problem(config)."""
    from cryptography import x509  # noqa: PLC0415  0.03 s that only boxes with a certificate wait for

    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except ValueError as error:
        raise Problem("config", "The certificate file holds no certificate in PEM.") from error


def fingerprint(secret: str) -> str:
    """Eight hex digits that tell two secrets apart without telling either."""
    return hashlib.sha256(b"agenthq-fingerprint" + secret.encode()).hexdigest()[:8]


def digest(token: str) -> str:
    """For tokens of 256 random bits a plain SHA-256 is enough; passwords take `hash_password`."""
    return hashlib.sha256(token.encode()).hexdigest()


def keyed_digest(key: bytes, text: bytes) -> str:
    """HMAC-SHA256: only who has the key can make or check it."""
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def use_password_cost(memory_kib: int, passes: int) -> None:
    """What one password check costs from now on; stored hashes keep the cost they were made with."""
    global _hasher
    _hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def verify_password(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
