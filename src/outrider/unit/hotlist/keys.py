"""The key that a unit's lists are sealed with, and where it comes from.

A random key seals everything. On the card it stands in `lists.key` only under what a *source* gives
for a random challenge: the board's own key (`device`), the centre (`centre`), a file on a stick
(`file`). The source `card` keeps the challenge's answer beside it, and protects nothing but against
those who get the lists without that file; it says so. Unlocked, the key lives in memory alone.
"""

import base64
import binascii
import hashlib
import json
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.secret import Aead

from outrider import durable

FILE = "lists.key"
CARD = "card"
_KEY_BYTES = 32


class LockedError(Exception):
    """The lists cannot be opened or sealed now: why, and what to do."""


class KeySource(Protocol):
    """Something that answers a challenge always alike, and that nobody else can."""

    @property
    def name(self) -> str:
        """Which kind it is, as in the setting hotlist.key."""
        ...

    def answer(self, challenge: bytes) -> bytes:
        """Return at least 32 secret bytes for a challenge. Raises LockedError."""
        ...


class CardKey:
    """No secret from elsewhere: the challenge itself, which stands on the card."""

    name = CARD

    def answer(self, challenge: bytes) -> bytes:
        """Return the challenge."""
        return challenge


@dataclass(frozen=True, slots=True)
class _Kept:
    """What `lists.key` holds."""

    source: str
    challenge: bytes
    sealed: bytes

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return what is there; None where there is no file. Raises LockedError."""
        try:
            data = json.loads(path.read_text(encoding="ascii"))
            challenge, sealed = (
                base64.b64decode(data[name], validate=True) for name in ("challenge", "sealed")
            )
            if len(challenge) != _KEY_BYTES:
                raise ValueError("a challenge of another length")
            return cls(str(data["source"]), challenge, sealed)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, binascii.Error) as error:
            raise LockedError(
                f"{path}: cannot be read ({type(error).__name__}): remove it, then import or "
                "update the lists again"
            ) from error

    def write(self, path: Path) -> None:
        data = {
            "source": self.source,
            "challenge": base64.b64encode(self.challenge).decode("ascii"),
            "sealed": base64.b64encode(self.sealed).decode("ascii"),
        }
        durable.write(path, json.dumps(data).encode("ascii"))


class ListKeys:
    """The key of the lists in a folder: unlocked once, then held. For any thread.

    sources: the wanted one first; the others may open what was sealed before, which is then put
    under the wanted one.
    """

    def __init__(self, folder: Path, sources: Sequence[KeySource] = (CardKey(),)) -> None:
        self._folder = folder
        self._sources = tuple(sources)
        self._lock = threading.Lock()
        self._key: bytes | None = None

    @property
    def source(self) -> str:
        """Where the key comes from."""
        return self._sources[0].name

    def key(self) -> bytes:
        """Return the key. Raises LockedError, OSError."""
        with self._lock:
            if self._key is None:
                self._key = self._unlock()
            return self._key

    def _unlock(self) -> bytes:
        durable.make_folder(self._folder)
        path = self._folder / FILE
        kept = _Kept.read(path)
        if kept is not None and kept.source == self.source:
            return self._opened(kept, path)
        busy = LockedError(f"{path}: another process makes the key: try again")
        with durable.only_one(self._folder / f".{FILE}.lock", busy):
            kept = _Kept.read(path)
            if kept is not None:
                key = self._opened(kept, path)
                if kept.source != self.source:
                    self._keep(key, path)
                return key
            key = secrets.token_bytes(_KEY_BYTES)
            self._keep(key, path)
            return key

    def _opened(self, kept: _Kept, path: Path) -> bytes:
        source = next((one for one in self._sources if one.name == kept.source), None)
        if source is None:
            raise LockedError(f"{path}: the key is with {kept.source!r}, which is not set up")
        try:
            return Aead(_wrapping(source.answer(kept.challenge))).decrypt(kept.sealed)
        except CryptoError as error:
            raise LockedError(
                f"{path}: does not open with what {kept.source!r} gives: the card is another "
                "unit's, or was; remove the file, then import or update the lists again"
            ) from error

    def _keep(self, key: bytes, path: Path) -> None:
        challenge = secrets.token_bytes(_KEY_BYTES)
        answer = self._sources[0].answer(challenge)
        sealed = bytes(Aead(_wrapping(answer)).encrypt(key))
        _Kept(self.source, challenge, sealed).write(path)

    def seal(self, text: bytes, place: str) -> bytes:
        """Return a short text sealed for one place. Raises LockedError, OSError."""
        return bytes(Aead(self.key()).encrypt(text, aad=place.encode()))

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return what was sealed for a place. Raises LockedError, OSError, CryptoError."""
        return Aead(self.key()).decrypt(sealed, aad=place.encode())

    def mark_of(self, digest: str) -> str:
        """Return a name for a content that tells nothing of it to who has not the key."""
        keyed = hashlib.blake2b(digest.encode(), key=self.key(), digest_size=32, person=b"list")
        return keyed.hexdigest()


def _wrapping(answer: bytes) -> bytes:
    if len(answer) < _KEY_BYTES:
        raise LockedError(f"the key's source gave {len(answer)} bytes, {_KEY_BYTES} are needed")
    return hashlib.blake2b(answer, digest_size=_KEY_BYTES, person=b"outrider lists 1").digest()


class MemoryKeys(ListKeys):
    """A key for the lists of one run, which nothing keeps."""

    def _unlock(self) -> bytes:
        return bindings.randombytes(_KEY_BYTES)


def source_of(folder: Path) -> str:
    """Return which source a folder's key is with; empty where there is none. Raises LockedError."""
    kept = _Kept.read(folder / FILE)
    return kept.source if kept is not None else ""
