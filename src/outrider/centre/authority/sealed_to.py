"""The keys that units may have sealed to: the public halves of all that were ever in force.

The intake opens nothing, but it can tell whose key a row is sealed to. What is sealed to a key that
was never the centre's would be receipted, erased on its unit, and never opened by anybody.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from outrider.centre.folder import CentreFolder
from outrider.wire.sealing import UNSEALED, CentrePublicKey

_NAME = re.compile(r"[0-9a-f]{16}")


class SealedTo:
    """Which keys those are, by their names; looked up anew as the files change."""

    def __init__(self, folder: CentreFolder) -> None:
        self._folder = folder
        self._seen: tuple[int, ...] = ()
        self._ids: frozenset[str] = frozenset()

    def ids(self) -> frozenset[str]:
        """Return their names, `none` for what is kept in clear among them. Raises SealingError."""
        seen = _changed_at(self._folder.sealed_to), _changed_at(self._folder.sealing_key)
        if seen != self._seen:
            present = CentrePublicKey.read(self._folder.sealing_key).key_id
            held = (path.stem for path in self._folder.sealed_to.glob("*.pub"))
            named = {name for name in held if _NAME.fullmatch(name)}
            self._ids, self._seen = frozenset(named | {present, UNSEALED}), seen
        return self._ids


def note(folder: CentreFolder, keys: Iterable[CentrePublicKey]) -> list[CentrePublicKey]:
    """Note that units may seal to these keys; return those that were not noted yet.

    Before a key is in force, or its rows would be refused. Raises OSError.
    """
    new = [key for key in keys if not _path(folder, key).exists()]
    if new:
        folder.sealed_to.mkdir(mode=0o755, parents=True, exist_ok=True)
    for key in new:
        key.write(_path(folder, key))
    return new


def note_present(folder: CentreFolder) -> None:
    """Note the key in force, which somebody may have put there. Raises SealingError, OSError."""
    note(folder, [CentrePublicKey.read(folder.sealing_key)])


def _path(folder: CentreFolder, key: CentrePublicKey) -> Path:
    return folder.sealed_to / f"{key.key_id}.pub"


def _changed_at(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0
