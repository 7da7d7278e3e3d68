"""A memory outside the card, which a card that was put back or copied does not take along.

What it remembers is the last row that was written. `RuntimeWitness` is the machine's own memory
(`unit.runtime_dir`, a tmpfs): good from one start of a program to the next, gone with the power.
Hardware with a memory of its own that outlives the power may be put behind the same Protocol.
"""

import json
import logging
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_log = logging.getLogger(__name__)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FILE = "journal-witness.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """The last row that was written: its epoch, number and hash."""

    epoch_id: uuid.UUID
    seq: int
    hash: bytes


class Witness(Protocol):
    """Remembers outside the card how far a journal had come."""

    def recall(self) -> Mark | None:
        """Return what was kept last; None where nothing is known, or it cannot be believed."""
        ...

    def keep(self, mark: Mark) -> None:
        """Remember a mark. Never raises: what is not remembered costs a fresh epoch, no row."""
        ...


class RuntimeWitness:
    """Remembers in a folder in memory, for as long as the machine runs."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._failed = False

    def recall(self) -> Mark | None:
        """Return the mark that this start of the machine has kept."""
        try:
            found = json.loads(self._path.read_bytes())
            if found["boot"] != _boot():
                return None
            return Mark(uuid.UUID(found["epoch"]), int(found["seq"]), bytes.fromhex(found["hash"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.info("journal: %s tells nothing: %s", self._path, error)
            return None

    def keep(self, mark: Mark) -> None:
        """Remember a mark."""
        text = {
            "boot": _boot(),
            "epoch": str(mark.epoch_id),
            "seq": mark.seq,
            "hash": mark.hash.hex(),
        }
        new = self._path.with_name(f".{_FILE}.{uuid.uuid4().hex}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_text(json.dumps(text), encoding="ascii")
            new.replace(self._path)
        except OSError as error:
            if not self._failed:
                _log.warning("journal: %s cannot be written: %s", self._path, error)
            self._failed = True


def _boot() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()
