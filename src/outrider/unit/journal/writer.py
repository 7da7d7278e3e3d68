"""The journal as the pipeline sees it: a bounded queue and one thread that writes."""

import errno
import logging
import sqlite3
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from outrider.clock import Clock
from outrider.records import (
    ActionKind,
    ComponentHealth,
    Hit,
    Level,
    OfficerAction,
    Part,
    Pictures,
    Read,
)
from outrider.unit.journal.enrolment import choose_sealer
from outrider.unit.journal.keeper import Keeper, audit_entry
from outrider.unit.journal.queue import Backlog, Entry, entry_for
from outrider.unit.journal.schema import JournalError
from outrider.unit.journal.space import Space
from outrider.unit.journal.store import Store, WriterLock
from outrider.unit.journal.witness import Witness
from outrider.unit.settings.sections import JournalSettings
from outrider.wire.audit import AuditKind
from outrider.wire.chain import SealedRow
from outrider.wire.enrolment import NOBODY
from outrider.wire.read_record import RecordKind

_log = logging.getLogger(__name__)
_TICK_S = 0.25
_RETRY_S = 1.0
_CLOSE_S = 2.0
_CLOSE_AT_MOST_S = 30.0
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
        unit_id: str = NOBODY,
        on_commit: Callable[[Sequence[Committed]], None] | None = None,
        space: Space | None = None,
        witness: Witness | None = None,
    ) -> None:
        """Take the folder for this process; live: whether a camera, not a recording, is read.

        on_commit is told, in the writing thread, what has just become durable. witness: vouches
        at a start that the card is as it was left.

        Raises JournalError where it may not be written as it is configured (no key to seal to,
        another process at work), OSError where the folder cannot be made.
        """
        self._sealer = choose_sealer(settings, live=live)
        self._lock: WriterLock | None = WriterLock(directory)
        self._keeper = Keeper(directory, settings, self._sealer, clock, unit_id, space, witness)
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self._unit_id = unit_id
        self._on_commit = on_commit
        self._backlog = Backlog()
        self._hit_reads: OrderedDict[uuid.UUID, None] = OrderedDict()
        self._hit_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._abandoned = threading.Event()
        self._committed = 0
        self._reads = 0
        self._errors = 0
        self._fault = ""
        self._doubt: tuple[list[Entry], list[SealedRow]] | None = None
        self._keeper_state = (Level.OK, "")

    def start(self, stop: threading.Event) -> None:
        """Begin to write; once stop is set all that comes is written at once, until close."""
        # A daemon, so that a close that gave up on a dead disk does not hold the process.
        self._thread = threading.Thread(target=self._run, args=(stop,), name="journal", daemon=True)
        self._thread.start()

    def put_read(self, read: Read, pictures: Pictures) -> None:
        """Keep a read with its pictures; committed within a second or 20 reads.

        Waits (counted) while the writer is behind; never while the disk fails. Raises TypeError
        for a read that has a field of a wrong type.
        """
        with self._hit_lock:
            of_hit = read.read_id in self._hit_reads
        self._put(entry_for(read, read.read_id, of_hit, pictures))

    def put_hit(self, hit: Hit, pictures: Pictures) -> None:
        """Keep a hit, with the read as it stood; committed at once, first in the outbox."""
        with self._hit_lock:
            self._hit_reads[hit.read.read_id] = None
            if len(self._hit_reads) > _HITS_REMEMBERED:
                self._hit_reads.popitem(last=False)
        self._put(entry_for(hit, hit.hit_id, True, pictures))

    def put_action(self, action: OfficerAction) -> None:
        """Keep what an officer did about a hit; committed at once.

        A misread with its true mark alters what is held about a person: that is audited as such.
        """
        self._put(entry_for(action, action.hit_id, False))
        if action.kind is ActionKind.MISREAD:
            actor = f"crew of unit {self._unit_id}"
            subject = f"hit {action.hit_id}: mark corrected"
            self._put(audit_entry(AuditKind.ALTERATION, action.at, actor, subject, "misread"))

    def _put(self, entry: Entry) -> None:
        if self._closing.is_set():
            raise JournalError("the journal is closed")
        if not self._backlog.put(entry):
            _log.error("journal: memory is full while the disk takes nothing: a record is LOST")

    def health(self) -> ComponentHealth:
        """Return the state now. Its counts are of reads alone.

        Of all rows they would tell hits, for what is committed beyond the reads is those, silent
        ones included.
        """
        counts = {
            "committed": self._reads,
            "queued": self._backlog.reads_waiting(),
            "waits": self._backlog.counts.waits,
            "shed_pictures": self._backlog.counts.shed_pictures,
            "lost": self._backlog.counts.lost,
            "errors": self._errors,
        }
        level, detail = self._state()
        return ComponentHealth(Part.JOURNAL, level, detail, counts)

    def _state(self) -> tuple[Level, str]:
        lost = self._backlog.counts.lost
        if lost:
            return Level.FAULT, f"{lost} records LOST: {self._fault or 'memory was full'}"
        if self._fault:
            return Level.FAULT, self._fault
        if self._thread is not None and not self._closing.is_set() and not self._thread.is_alive():
            return (
                Level.FAULT,
                "the writing thread has died: restart the unit; `journalctl -u outrider` says why",
            )
        level, detail = self._keeper_state
        if level is Level.FAULT:
            return level, detail
        if not self._sealer.seals:
            clear = "kept in CLEAR: journal.sealing is none or no centre key is set"
            return Level.WARNING, "; ".join(filter(None, (clear, detail)))
        return level, detail or f"sealed for centre key {self._sealer.centre_key_id}"

    def close(self) -> None:
        """Write what is queued, then close; may be called twice.

        What is queued goes in one commit, so that a card that works is done well within 2 s. A
        disk that refuses for 2 s is given up, and what is lost by it is said; one that is slow is
        waited for, at most 30 s.
        """
        if self._lock is None:
            return
        self._closing.set()
        self._backlog.set_closing()
        self._wait_for_writer()
        self._abandoned.set()
        left = len(self._backlog)
        if left:
            self._backlog.counts.lost += left
            self._fault = self._fault or "the disk was too slow to close"
            _log.error("journal: closed with %d records unwritten, LOST: %s", left, self._fault)
        self._lock.release()
        self._lock = None

    def _wait_for_writer(self) -> None:
        if self._thread is None:
            return
        start_s = time.monotonic()
        committed, progress_s = self._committed, start_s
        while self._thread.is_alive() and time.monotonic() - start_s < _CLOSE_AT_MOST_S:
            self._thread.join(_TICK_S)
            if self._committed > committed:
                committed, progress_s = self._committed, time.monotonic()
            if self._fault and time.monotonic() - progress_s > _CLOSE_S:
                break

    def _run(self, stop: threading.Event) -> None:
        while not (self._closing.is_set() and not len(self._backlog)):
            if self._abandoned.is_set():
                break
            if stop.is_set():
                self._backlog.set_prompt()
            try:
                self._write_due()
            except (OSError, sqlite3.Error, JournalError) as error:
                self._give_up(error)
        self._end()

    def _end(self) -> None:
        """Leave the audit event that covers the last reads, and close."""
        try:
            if self._keeper.collection_owed():
                self._keeper.write([], closing=True)
        except (OSError, sqlite3.Error, JournalError) as error:
            _log.error("journal: the last collection event is not written: %s", error)
        self._keeper.shut()

    def _write_due(self) -> None:
        store = self._keeper.open()
        self._settle_doubt(store)
        self._keeper_state = self._keeper.state()
        settings = self._settings
        entries = self._backlog.take(settings.commit_reads, settings.commit_within_s, _TICK_S)
        if not entries:
            return
        try:
            rows = self._keeper.write(entries, closing=False)
        except (OSError, sqlite3.Error):
            self._doubt = (entries, store.attempt) if store.attempt else None
            raise
        self._finish(entries, [row.seq for row in rows])
        if not entries[0].urgent:
            self._keeper.tidy()
        self._keeper_state = self._keeper.state()

    def _settle_doubt(self, store: Store) -> None:
        """Find out whether a commit that reported an error took place, so as not to repeat it."""
        if self._doubt is not None:
            entries, rows = self._doubt
            self._doubt = None
            if store.holds(rows[-1]):
                self._finish(entries, [row.seq for row in rows[: len(entries)]])

    def _finish(self, entries: list[Entry], seqs: list[int]) -> None:
        self._backlog.done(entries)
        self._committed += len(entries)
        self._reads += sum(entry.kind is RecordKind.READ for entry in entries)
        if self._fault:
            _log.warning("journal: writing again")
            self._fault = ""
            self._backlog.set_failing(False)
        if self._on_commit is not None:
            self._on_commit(
                [Committed(s, e.kind, e.record_id) for s, e in zip(seqs, entries, strict=True)]
            )

    def _give_up(self, error: Exception) -> None:
        """Close the store after a failed write, and wait a little; what is queued stays queued."""
        self._errors += 1
        before = self._fault
        self._fault = (
            str(error)
            if isinstance(error, JournalError)
            else f"{self._directory}: {explain(error)}"
        )
        self._backlog.set_failing(True)
        if self._fault != before:  # tried again each second: a log on the same full disk is short
            _log.error("journal: %s; %d records wait in memory", self._fault, len(self._backlog))
        self._keeper.shut()
        if is_full(error):
            self._keeper.relieve()
        self._backlog.wait(_RETRY_S)  # cut short by close, which wants a last few quick tries
        if self._closing.is_set():
            self._abandoned.wait(_TICK_S)


def is_full(error: Exception) -> bool:
    """Whether an error says that there is no room left."""
    sqlite_full = 13
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return getattr(error, "errno", None) == errno.ENOSPC or code == sqlite_full


def explain(error: Exception) -> str:
    """Return what a failed write means and what to do."""
    if is_full(error):
        return f"disk full ({error}): dock the unit, or free space"
    return f"cannot write ({error}): check the card"
