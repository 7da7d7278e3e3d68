"""The journal as the pipeline sees it: a bounded queue and one thread that writes."""

import logging
import os
import sqlite3
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from outrider.clock import Clock
from outrider.config import JournalSettings
from outrider.records import ComponentHealth, Hit, Level, OfficerAction, Read, uuid7
from outrider.unit.journal.enrolment import choose_sealer
from outrider.unit.journal.queue import Backlog, Entry, entry_for
from outrider.unit.journal.schema import JournalError
from outrider.unit.journal.store import Store, WriterLock
from outrider.wire.chain import SealedRow
from outrider.wire.read_record import RecordKind

_log = logging.getLogger(__name__)
_TICK_S = 0.25
_RETRY_S = 1.0
_CLOSE_S = 2.0
_HITS_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Committed:
    """A record that is on the disk: its sequence number, kind and identifier."""

    seq: int
    kind: RecordKind
    record_id: uuid.UUID


class SealedJournal:
    """Keeps every read, sealed for the centre. Implements `outrider.unit.ports.Journal`."""

    def __init__(
        self,
        directory: Path,
        settings: JournalSettings,
        clock: Clock,
        *,
        live: bool,
        on_commit: Callable[[Sequence[Committed]], None] | None = None,
    ) -> None:
        """Take the folder for this process; live: whether a camera, not a recording, is read.

        Raises JournalError where it may not be written as it is configured (no key to seal to,
        another process at work), OSError where the folder cannot be made.
        """
        self._sealer = choose_sealer(settings, live=live)
        self._lock: WriterLock | None = WriterLock(directory)
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self._on_commit = on_commit
        self._backlog = Backlog()
        self._hit_reads: OrderedDict[uuid.UUID, None] = OrderedDict()
        self._hit_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._committed = 0
        self._errors = 0
        self._fault = ""
        self._doubt: tuple[list[Entry], SealedRow] | None = None

    def start(self, stop: threading.Event) -> None:
        """Begin to write; once stop is set all that comes is written at once, until close."""
        # A daemon, so that a close that gave up on a dead disk does not hold the process.
        self._thread = threading.Thread(target=self._run, args=(stop,), name="journal", daemon=True)
        self._thread.start()

    def put_read(self, read: Read) -> None:
        """Keep a read; committed within a second or 20 reads.

        Waits (counted) while the writer is behind; never while the disk fails. Raises TypeError
        for a read that has a field of a wrong type.
        """
        with self._hit_lock:
            of_hit = read.read_id in self._hit_reads
        self._put(entry_for(read, read.read_id, of_hit))

    def put_hit(self, hit: Hit) -> None:
        """Keep a hit, with the read as it stood; committed at once, first in the outbox."""
        with self._hit_lock:
            self._hit_reads[hit.read.read_id] = None
            if len(self._hit_reads) > _HITS_REMEMBERED:
                self._hit_reads.popitem(last=False)
        self._put(entry_for(hit, hit.hit_id, True))

    def put_action(self, action: OfficerAction) -> None:
        """Keep what an officer did about a hit; committed at once."""
        self._put(entry_for(action, self._new_id(), False))

    def _new_id(self) -> uuid.UUID:
        utc_ns = self._clock.stamp(self._clock.mono_ns()).utc_ns
        return uuid7(utc_ns, int.from_bytes(os.urandom(10), "big"))

    def _put(self, entry: Entry) -> None:
        if self._closing.is_set():
            raise JournalError("the journal is closed")
        if not self._backlog.put(entry):
            _log.error("journal: memory is full while the disk takes nothing: a record is LOST")

    def health(self) -> ComponentHealth:
        """Return the state now. Counts never tell hits from reads: some are nobody's to know."""
        counts = {
            "committed": self._committed,
            "queued": len(self._backlog),
            "waits": self._backlog.counts.waits,
            "shed_pictures": self._backlog.counts.shed_pictures,
            "lost": self._backlog.counts.lost,
            "errors": self._errors,
        }
        level, detail = self._state()
        return ComponentHealth("journal", level, detail, counts)

    def _state(self) -> tuple[Level, str]:
        if self._backlog.counts.lost:
            return Level.FAULT, f"{self._backlog.counts.lost} reads LOST: {self._fault}"
        if self._fault:
            return Level.FAULT, self._fault
        if self._thread is not None and not self._closing.is_set() and not self._thread.is_alive():
            return Level.FAULT, "the writing thread has died: restart the unit; see the log"
        if not self._sealer.seals:
            return Level.WARNING, "kept in CLEAR: journal.sealing is none or no centre key is set"
        return Level.OK, f"sealed for centre key {self._sealer.centre_key_id}"

    def close(self) -> None:
        """Write what is queued, at most 2 s long, then close; may be called twice."""
        if self._lock is None:
            return
        self._closing.set()
        self._backlog.set_closing()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)
        left = len(self._backlog)
        if left:
            self._backlog.counts.lost += left
            self._fault = self._fault or "the disk was too slow to close"
            _log.error("journal: closed with %d records unwritten, LOST: %s", left, self._fault)
        self._lock.release()
        self._lock = None

    def _run(self, stop: threading.Event) -> None:
        store: Store | None = None
        while not (self._closing.is_set() and not len(self._backlog)):
            if stop.is_set():
                self._backlog.set_prompt()
            try:
                store = store or self._open_store()
                self._write_due(store)
            except (OSError, sqlite3.Error, JournalError) as error:
                self._give_up(store, error)
                store = None
        self._close_store(store)

    def _close_store(self, store: Store | None) -> None:
        if store is None:
            return
        try:
            store.close()
        except sqlite3.Error as error:
            _log.error("journal: %s: closing: %s", self._directory, error)

    def _open_store(self) -> Store:
        settings = self._settings
        store = Store(
            self._directory,
            self._sealer,
            self._clock.mono_ns,
            settings.segment_mb * 2**20,
            settings.key_lifetime_min * 60.0,
        )
        self._settle_doubt(store)
        return store

    def _settle_doubt(self, store: Store) -> None:
        """Find out whether a commit that reported an error took place, so as not to repeat it."""
        if self._doubt is not None and store.holds(self._doubt[1]):
            entries, last = self._doubt
            first_seq = last.seq - len(entries) + 1
            self._finish(entries, list(range(first_seq, last.seq + 1)))
        self._doubt = None

    def _write_due(self, store: Store) -> None:
        settings = self._settings
        entries = self._backlog.take(settings.commit_reads, settings.commit_within_s, _TICK_S)
        if not entries:
            return
        try:
            rows = store.append(entries)
        except (OSError, sqlite3.Error):
            self._doubt = (entries, store.attempt) if store.attempt else None
            raise
        self._finish(entries, [row.seq for row in rows])

    def _finish(self, entries: list[Entry], seqs: list[int]) -> None:
        self._backlog.done(entries)
        self._committed += len(entries)
        if self._fault:
            _log.warning("journal: writing again")
            self._fault = ""
            self._backlog.set_failing(False)
        if self._on_commit is not None:
            self._on_commit(
                [Committed(s, e.kind, e.record_id) for s, e in zip(seqs, entries, strict=True)]
            )

    def _give_up(self, store: Store | None, error: Exception) -> None:
        """Close the store after a failed write, and wait a little; what is queued stays queued."""
        self._errors += 1
        self._fault = f"{self._directory}: {explain(error)}"
        self._backlog.set_failing(True)
        _log.error("journal: %s; %d records wait in memory", self._fault, len(self._backlog))
        self._close_store(store)
        self._backlog.wait(_RETRY_S)


def explain(error: Exception) -> str:
    """Return what a failed write means and what to do."""
    text = str(error)
    if getattr(error, "errno", None) == 28 or "full" in text:  # ENOSPC, SQLITE_FULL
        return f"disk full ({text}): dock the unit, or free space"
    return f"cannot write ({text}): check the card"
