"""Ed25519 signatures: a unit signs what it sends, the centre signs what it has stored."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from outrider.wire.canonical import WireError
from outrider.wire.key_file import read_key, write_key

_PRIVATE_LABEL = "outrider-signing-private-1"
_PUBLIC_LABEL = "outrider-signing-public-1"


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """The public half of a signing key."""

    raw: bytes

    @property
    def key_id(self) -> str:
        """A short name for the key: the first 8 bytes of its SHA-256, in hex."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the key from its file. Raises KeyFileError."""
        return cls(read_key(path, _PUBLIC_LABEL))

    def write(self, path: Path) -> None:
        """Write the key to a new file. Raises OSError."""
        write_key(path, _PUBLIC_LABEL, self.raw, 0o644)

    def verify(self, purpose: str, message: bytes, signature: str) -> None:
        """Check a signature in base64. Raises WireError where it is not good for this purpose."""
        try:
            raw = base64.b64decode(signature, validate=True)
            VerifyKey(self.raw).verify(_labelled(purpose, message), raw)
        except (BadSignatureError, binascii.Error, ValueError) as error:
            raise WireError(f"the signature of the {purpose} is not good") from error


@dataclass(frozen=True, slots=True, repr=False)
class SigningIdentity:
    """A signing key; a unit makes its own and it never leaves it.

    On a Raspberry Pi it is a file that root can read: whoever has root on a running unit, or its
    unencrypted card, can sign as the unit until the centre revokes it. It opens nothing.
    """

    raw: bytes

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(bytes(SigningKey.generate()))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the key from its file. Raises KeyFileError."""
        return cls(read_key(path, _PRIVATE_LABEL))

    def write(self, path: Path) -> None:
        """Write the key to a new file that only its owner can read. Raises OSError."""
        write_key(path, _PRIVATE_LABEL, self.raw, 0o600)

    @property
    def public(self) -> VerifyingKey:
        """The public half."""
        return VerifyingKey(bytes(SigningKey(self.raw).verify_key))

    def sign(self, purpose: str, message: bytes) -> str:
        """Return the signature of a message in base64; the purpose is signed with it."""
        signed = SigningKey(self.raw).sign(_labelled(purpose, message))
        return base64.b64encode(signed.signature).decode("ascii")


def _labelled(purpose: str, message: bytes) -> bytes:
    return b"outrider " + purpose.encode("ascii") + b"\0" + message
