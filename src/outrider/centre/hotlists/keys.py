"""Signing keys of the hotlist repository: Ed25519 in PKCS #8 PEM, under a passphrase or not."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from outrider import durable


class SigningKeyError(Exception):
    """A key cannot be used; the message says which and why."""


def make_key(path: Path, passphrase: bytes | None) -> CryptoSigner:
    """Make a key file that only its owner may read. Raises SigningKeyError where one is there.

    A root key without a passphrase belongs on a medium that is kept locked away.
    """
    protection: KeySerializationEncryption = (
        BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    )
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        durable.write_new(path, pem)
    except FileExistsError as error:
        raise SigningKeyError(f"{path} is there already; a key is never overwritten") from error
    return load_key(path, passphrase)


def load_key(path: Path, passphrase: bytes | None) -> CryptoSigner:
    """Return the signer of a key file. Raises SigningKeyError."""
    try:
        private = load_pem_private_key(path.read_bytes(), passphrase)
    except (OSError, ValueError, TypeError) as error:
        raise SigningKeyError(f"{path}: no usable key: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SigningKeyError(f"{path}: not an Ed25519 key")
    return CryptoSigner(private)
