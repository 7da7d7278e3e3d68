"""Which lists each unit has, by what it noted on its newest read: measured, not promised."""

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import JournalState, StoreError
from outrider.wire.read_record import read_in

_LOOKED_AT = (8, 200)  # rows at the end of a journal: mostly one of a few is a read
_MOST_UNITS = 10_000
_MOST_LISTS, _MOST_CHARACTERS = 20, 64  # of what a unit says of itself


@dataclass(frozen=True, slots=True)
class Held:
    """What a unit checked its newest read against. at: of that read; lists: name, revision."""

    at: datetime
    lists: tuple[tuple[str, str], ...]

    def revision(self, name: str) -> str:
        """Return the revision of a list; empty where the unit has none of this name."""
        return dict(self.lists).get(name, "")


class ListsHeld:
    """Remembers what it found of each journal until that journal grows."""

    def __init__(self, store: CentreStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[uuid.UUID, tuple[int, Held | None]] = {}

    def of(self, journals: Sequence[JournalState]) -> Held | None:
        """Return what a unit has; None where no read of it is open here, or none can be read."""
        newest = max(journals, key=lambda journal: journal.grown_at, default=None)
        if newest is None or not newest.present:
            return None
        epoch, last = newest.epoch.epoch_id, newest.present[-1].last
        with self._lock:
            known = self._known.get(epoch)
        if known is not None and known[0] == last:
            return known[1]
        try:
            held = self._look(epoch, last)
        except StoreError:  # a damaged row: of this unit it is not known
            return None
        if held is not None:  # else its rows wait to be opened
            with self._lock:
                if len(self._known) >= _MOST_UNITS:
                    self._known.clear()
                self._known[epoch] = last, held
        return held

    def _look(self, epoch: uuid.UUID, last: int) -> Held | None:
        for count in _LOOKED_AT:
            rows = self._store.records(epoch, max(1, last - count + 1), last)
            for row in reversed(rows):
                read = read_in(row.record)
                if read is not None:
                    return Held(read.at.utc, _lists(read.hotlist_revision))
        return None


def _lists(text: str) -> tuple[tuple[str, str], ...]:
    """Return what stands on a read (`stolen:12,local:3`) as names and revisions."""
    parts = [part.partition(":") for part in text.split(",", _MOST_LISTS)[:_MOST_LISTS] if part]
    return tuple(
        (name[:_MOST_CHARACTERS], revision[:_MOST_CHARACTERS]) for name, _, revision in parts
    )
