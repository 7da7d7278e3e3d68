"""The centre's private keys, in a folder of their own: the newest and all older ones."""

import stat
from collections import OrderedDict
from pathlib import Path
from uuid import UUID

from outrider.wire.sealing import (
    CentrePrivateKey,
    CentrePublicKey,
    DataKey,
    Opener,
    SealedKey,
    SealingError,
)

_DATA_KEYS_KEPT = 1024


class KeyFolder:
    """Every `*.key` of a folder; asked again, it tells whether others have come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._public: tuple[CentrePublicKey, ...] = ()

    def load(self) -> Opener:
        """Read all keys. Raises SealingError where there is none, or one is not to be trusted."""
        keys = [self._read(path) for path in sorted(self._folder.glob("*.key"))]
        if not keys:
            raise SealingError(
                f"{self._folder}: holds no private key (*.key): without one nothing can be opened"
            )
        self._public = tuple(key.public for key in keys)
        return Opener(keys)

    @property
    def key_ids(self) -> frozenset[str]:
        """Names of the keys that were read last."""
        return frozenset(key.key_id for key in self._public)

    def public(self) -> tuple[CentrePublicKey, ...]:
        """Return the public halves of the keys that were read last."""
        return self._public

    @staticmethod
    def _read(path: Path) -> CentrePrivateKey:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            raise SealingError(f"{path}: cannot be read: {error}") from error
        if mode & 0o077:
            raise SealingError(
                f"{path}: others than its owner may read it (mode {mode:03o}): chmod 600, and take "
                "it as known to them"
            )
        return CentrePrivateKey.read(path)


class DataKeys:
    """Opened data keys, the last 1,024 of them: one serves for hundreds of rows."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        # The sealed bytes are part of the name: who repeats another's number gets his own key.
        self._opened: OrderedDict[tuple[UUID, SealedKey], DataKey] = OrderedDict()

    def open(self, sealed: SealedKey, journal_id: UUID) -> DataKey:
        """Return the data key. Raises SealingError where no private key here opens it."""
        name = (journal_id, sealed)
        found = self._opened.get(name)
        if found is None:
            found = self._opened[name] = self._opener.open_key(sealed, journal_id)
            if len(self._opened) > _DATA_KEYS_KEPT:
                self._opened.popitem(last=False)
        else:
            self._opened.move_to_end(name)
        return found
