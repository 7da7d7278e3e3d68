"""Sealing: what the unit writes, only the centre can open.

A fresh XChaCha20-Poly1305 key (a *data key*) seals rows or one picture segment. It lives in memory
while it is in use, and on disk only inside an X25519 sealed box that the centre's private key
opens. Libsodium does the work, through PyNaCl.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Self

import zstandard
from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from pydantic import ConfigDict, Field

from outrider.wire.dictionary import RECORDS_3
from outrider.wire.fields import NO_MORE, Base64, KeyId
from outrider.wire.key_file import KEY_BYTES, KeyFileError, read_key, write_key

OVERHEAD_BYTES = 1 + 24 + 16  # form, nonce, tag
UNSEALED = "none"
PICTURE_PART = 16  # Place.part of a picture is this and its Role

_FORM_CLEAR = b"\x00"
_FORM_XCHACHA = b"\x01"
_NONCE_BYTES = 24
_PAD_TO_BYTES = 64
_MAX_TEXT_BYTES = 256 * 1024
_BOX_LABEL = b"outrider data key 1\0"
_PUBLIC_LABEL = "outrider-centre-sealing-public-1"
_PRIVATE_LABEL = "outrider-centre-sealing-private-1"


class SealingError(Exception):
    """A key cannot be used, or something does not open: what, where, and what to do."""


@dataclass(frozen=True, slots=True)
class CentrePublicKey:
    """The centre's public key, to which a unit seals."""

    raw: bytes

    @property
    def key_id(self) -> str:
        """A short name for the key: the first 8 bytes of its SHA-256, in hex."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the key from its file. Raises SealingError."""
        return cls(_read(path, _PUBLIC_LABEL))

    def write(self, path: Path) -> None:
        """Write the key to a new file. Raises OSError."""
        write_key(path, _PUBLIC_LABEL, self.raw, 0o644)


@dataclass(frozen=True, slots=True, repr=False)
class CentrePrivateKey:
    """The centre's private key, which opens; it never comes to a unit."""

    raw: bytes

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(bytes(PrivateKey.generate()))

    @property
    def public(self) -> CentrePublicKey:
        """The public half."""
        return CentrePublicKey(bytes(PrivateKey(self.raw).public_key))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the key from its file. Raises SealingError."""
        return cls(_read(path, _PRIVATE_LABEL))

    def write(self, path: Path) -> None:
        """Write the key to a new file that only its owner can read. Raises OSError."""
        write_key(path, _PRIVATE_LABEL, self.raw, 0o600)


def _read(path: Path, label: str) -> bytes:
    try:
        return read_key(path, label)
    except KeyFileError as error:
        raise SealingError(str(error)) from error


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A data key as it stands on disk and on the wire.

    key_id: 63 random bits that name it. centre_key_id: whose private key opens it, or `none` where
    the journal is kept in clear, when sealed is empty.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    key_id: Annotated[KeyId, Field(alias="key")]
    centre_key_id: Annotated[str, Field(pattern=r"^[0-9a-z]{1,32}$", alias="centre_key")]
    sealed: Annotated[Base64, Field(max_length=384)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed thing belongs. It is authenticated with it, so that nothing can be moved."""

    journal_id: uuid.UUID
    seq: int
    part: int  # a row's RecordKind, or PICTURE_PART + a picture's Role

    def label(self) -> bytes:
        """Return the place as bytes for the cipher's associated data."""
        seq, part = self.seq.to_bytes(8, "big"), self.part.to_bytes(1, "big")
        return b"outrider place 1\0" + self.journal_id.bytes + seq + part


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """A key that seals and opens; secret None: keeps in clear, for recordings and benches."""

    key_id: int
    secret: bytes | None

    def seal(self, data: bytes, place: Place) -> bytes:
        """Return the data sealed, or in clear behind a mark that says so."""
        if self.secret is None:
            return _FORM_CLEAR + data
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
            data, place.label(), nonce, self.secret
        )
        return _FORM_XCHACHA + nonce + sealed

    def open(self, blob: bytes, place: Place) -> bytes:
        """Return what was sealed. Raises SealingError where it does not open here."""
        form, rest = blob[:1], blob[1:]
        if form == _FORM_CLEAR and self.secret is None:
            return rest
        if form != _FORM_XCHACHA or self.secret is None:
            raise SealingError(f"row {place.seq}: sealed in a form that this key does not open")
        try:
            return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                rest[_NONCE_BYTES:], place.label(), rest[:_NONCE_BYTES], self.secret
            )
        except (CryptoError, ValueError) as error:
            raise SealingError(f"row {place.seq}: does not open: damaged or moved") from error

    def seal_text(self, text: bytes, place: Place) -> bytes:
        """Seal a JSON text: compressed, then padded so that its length says less about it."""
        packed = zstandard.ZstdCompressor(level=3, dict_data=RECORDS_3).compress(text)
        return self.seal(bindings.sodium_pad(packed, _PAD_TO_BYTES), place)

    def open_text(self, blob: bytes, place: Place) -> bytes:
        """Return a text that was sealed. Raises SealingError."""
        try:
            packed = bindings.sodium_unpad(self.open(blob, place), _PAD_TO_BYTES)
            if zstandard.frame_content_size(packed) > _MAX_TEXT_BYTES:
                raise SealingError(f"row {place.seq}: opens, but unpacks to far too much")
            unpacker = zstandard.ZstdDecompressor(dict_data=RECORDS_3)
            return unpacker.decompress(packed, max_output_size=_MAX_TEXT_BYTES)
        except (CryptoError, zstandard.ZstdError) as error:
            raise SealingError(f"row {place.seq}: opens, but holds no record: {error}") from error


class Sealer:
    """Makes data keys, each with its sealed form; without a centre key, keys that do not seal."""

    def __init__(self, centre_key: CentrePublicKey | None) -> None:
        self._centre_key = centre_key

    @property
    def centre_key_id(self) -> str:
        """Whose private key opens what is sealed from here on; `none` for nobody's."""
        return UNSEALED if self._centre_key is None else self._centre_key.key_id

    @property
    def seals(self) -> bool:
        """Whether anything is sealed at all."""
        return self._centre_key is not None

    def new_key(self, journal_id: uuid.UUID) -> tuple[DataKey, SealedKey]:
        """Return a fresh data key of the journal, and what may be kept of it."""
        key_id = secrets.randbits(63)
        if self._centre_key is None:
            return DataKey(key_id, None), SealedKey(key_id, UNSEALED, b"")
        secret = secrets.token_bytes(KEY_BYTES)
        box = SealedBox(PublicKey(self._centre_key.raw))
        sealed = box.encrypt(_box_head(journal_id, key_id) + secret)
        return DataKey(key_id, secret), SealedKey(key_id, self.centre_key_id, bytes(sealed))


class Opener:
    """Opens sealed data keys with the centre's private keys, old ones included."""

    def __init__(self, keys: Iterable[CentrePrivateKey] = ()) -> None:
        self._keys = {key.public.key_id: key for key in keys}

    @property
    def key_ids(self) -> frozenset[str]:
        """Names of the keys that it has."""
        return frozenset(self._keys)

    def open_key(self, sealed: SealedKey, journal_id: uuid.UUID) -> DataKey:
        """Return the data key. Raises SealingError where no private key here opens it."""
        if sealed.centre_key_id == UNSEALED:
            return DataKey(sealed.key_id, None)
        private = self._keys.get(sealed.centre_key_id)
        if private is None:
            raise SealingError(
                f"sealed for the centre's key {sealed.centre_key_id}: its private key is needed"
            )
        try:
            opened = SealedBox(PrivateKey(private.raw)).decrypt(sealed.sealed)
        except (CryptoError, ValueError) as error:
            raise SealingError(f"data key {sealed.key_id:016x} does not open: damaged") from error
        head = _box_head(journal_id, sealed.key_id)
        if opened[:-KEY_BYTES] != head:
            raise SealingError(f"data key {sealed.key_id:016x} belongs to another journal")
        return DataKey(sealed.key_id, opened[-KEY_BYTES:])


def _box_head(journal_id: uuid.UUID, key_id: int) -> bytes:
    return _BOX_LABEL + journal_id.bytes + key_id.to_bytes(8, "big")
