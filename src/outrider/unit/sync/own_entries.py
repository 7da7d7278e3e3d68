"""The crew's own entries on their way: from their trail into the journal, and the receipt back.

The sync does both, because nothing goes to the centre without it, and the trail itself keeps every
entry until then. Cut off anywhere, the next round goes on: the journal knows which entries it has
(`Store.append_crew`), and a row of the trail counts as synced only against the centre's receipt.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from outrider.clock import Clock
from outrider.unit.hotlist.own_entries import FILE, CrewList
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.queue import entry_for
from outrider.unit.journal.schema import DATABASE
from outrider.unit.journal.store import Store
from outrider.wire.crew_entry import CrewRecord


class CrewTrail:
    """The trail of one unit, as the sync sees it; a unit whose crew added nothing has none."""

    def __init__(self, store: HotlistStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def _crew(self) -> CrewList | None:
        if not (self._store.root / FILE).exists():
            return None
        return CrewList(self._store, self._clock)

    def to_journal(self, journal: Path, open_store: Callable[[], Store]) -> int:
        """Put into the journal what is not there yet; return how many entries that were.

        open_store is called only if there are some. Raises OSError, sqlite3.Error, JournalError,
        LockedError.
        """
        crew = self._crew()
        waiting = crew.unsynced() if crew is not None else []
        waiting = _without(waiting, journal) if waiting else []
        if not waiting:
            return 0
        with closing(open_store()) as store:
            return store.append_crew([entry_for(row, row.record_id, False) for row in waiting])

    def settle(self, outbox: Outbox) -> int:
        """Tell the trail what the centre has receipted; return how many entries that are.

        Raises LockedError.
        """
        crew = self._crew()
        receipted = outbox.crew_rows(receipted=True)
        if crew is None or not receipted:
            return 0
        done = [row for row in crew.unsynced() if str(row.record_id) in receipted]
        crew.mark_synced(done)
        return len(done)


def _without(waiting: list[CrewRecord], journal: Path) -> list[CrewRecord]:
    """Return those that the journal has not; a round a second must not open it for writing."""
    if not (journal / DATABASE).exists():
        return waiting
    with closing(Outbox(journal)) as outbox:
        known = outbox.crew_rows()
    return [row for row in waiting if str(row.record_id) not in known]
