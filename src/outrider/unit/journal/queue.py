"""What waits in memory to be written: bounded, urgent first, and nothing left out in silence."""

import itertools
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field

from outrider.records import NO_PICTURES, Pictures, Role
from outrider.wire.read_record import Record, RecordKind, encode, kind_of

WAIT_ABOVE = 256
KEEP_ROWS = 20_000
KEEP_URGENT = 2_000
KEEP_BYTES = 64 * 2**20


@dataclass(slots=True)
class Entry:
    """A record on its way to the disk: its JSON, its pictures, and when it was put (mono, ns)."""

    record_id: uuid.UUID
    kind: RecordKind
    text: bytes
    pictures: dict[Role, bytes]
    of_hit: bool
    put_ns: int

    @property
    def urgent(self) -> bool:
        """Whether it is committed at once."""
        return self.kind in (RecordKind.HIT, RecordKind.ACTION, RecordKind.CREW)

    @property
    def picture_bytes(self) -> int:
        """Bytes of its pictures that are still here."""
        return sum(map(len, self.pictures.values()))


def entry_for(
    record: Record, record_id: uuid.UUID, of_hit: bool, pictures: Pictures = NO_PICTURES
) -> Entry:
    """Return the entry of a record; of_hit: its pictures are kept with those of hits.

    Raises TypeError where the record cannot be written.
    """
    text = encode(record)
    return Entry(record_id, kind_of(record), text, dict(pictures), of_hit, time.monotonic_ns())


@dataclass(slots=True)
class QueueCounts:
    """Totals since start; every one but `waits` means that something was given up."""

    waits: int = 0
    shed_pictures: int = 0
    lost: int = 0


@dataclass(slots=True)
class Backlog:
    """The queue between the deciding thread and the writer.

    While the disk works, a producer that runs ahead waits. While it does not (failing), nobody
    waits for it, because alarms come from the same thread: reads stay in memory, first without
    overviews, then without patches, hits' pictures last, and beyond the row limit they are lost
    and counted.
    """

    counts: QueueCounts = field(default_factory=QueueCounts)
    wait_above: int = WAIT_ABOVE
    keep_rows: int = KEEP_ROWS
    keep_bytes: int = KEEP_BYTES
    _condition: threading.Condition = field(default_factory=threading.Condition)
    _urgent: deque[Entry] = field(default_factory=deque)
    _rest: deque[Entry] = field(default_factory=deque)
    _bytes: int = 0
    _failing: bool = False
    _prompt: bool = False
    _closing: bool = False

    def put(self, entry: Entry) -> bool:
        """Queue an entry; False where there was no room at all and it is lost (counted)."""
        with self._condition:
            if not entry.urgent:
                self._wait_for_writer()
            line = self._urgent if entry.urgent else self._rest
            if len(line) >= (KEEP_URGENT if entry.urgent else self.keep_rows):
                self.counts.lost += 1
                return False
            line.append(entry)
            self._bytes += entry.picture_bytes
            self._shed()
            self._condition.notify_all()
            return True

    def _wait_for_writer(self) -> None:
        if len(self._rest) < self.wait_above or self._failing or self._closing:
            return
        self.counts.waits += 1
        self._condition.wait_for(
            lambda: len(self._rest) < self.wait_above or self._failing or self._closing
        )

    def _shed(self) -> None:
        for role, of_hit in _SHED_ORDER:
            for entry in (*self._rest, *self._urgent):
                if self._bytes <= self.keep_bytes:
                    return
                if entry.of_hit == of_hit and role in entry.pictures:
                    self._bytes -= len(entry.pictures.pop(role))
                    self.counts.shed_pictures += 1

    def take(self, commit_reads: int, commit_within_s: float, tick_s: float) -> list[Entry]:
        """Wait up to tick_s for entries that are due, and return them; they stay queued till done.

        Urgent ones are due at once and come alone; the others when there are commit_reads of
        them, when the oldest has waited commit_within_s, or, all at once, when the journal closes.
        """
        deadline = time.monotonic() + tick_s
        with self._condition:
            while True:
                if self._urgent:
                    return list(self._urgent)
                if self._closing and not self._rest:
                    return []
                wait_s = self._due_in_s(commit_reads, commit_within_s)
                if wait_s <= 0:
                    most = len(self._rest) if self._closing else commit_reads
                    return list(itertools.islice(self._rest, most))
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return []
                self._condition.wait(min(wait_s, left_s))

    def _due_in_s(self, commit_reads: int, commit_within_s: float) -> float:
        if not self._rest:
            return commit_within_s
        if self._prompt or len(self._rest) >= commit_reads:
            return 0.0
        return commit_within_s - (time.monotonic_ns() - self._rest[0].put_ns) / 1e9

    def done(self, entries: list[Entry]) -> None:
        """Take out entries that are committed: the first of their line, as take gave them."""
        with self._condition:
            for entry in entries:
                line = self._urgent if entry.urgent else self._rest
                if line.popleft() is not entry:
                    raise AssertionError("entries are done in the order in which they were taken")
                self._bytes -= entry.picture_bytes
            self._condition.notify_all()

    def set_failing(self, failing: bool) -> None:
        """Say whether the disk takes anything now."""
        with self._condition:
            self._failing = failing
            self._condition.notify_all()

    def set_prompt(self) -> None:
        """Make all that is queued due at once, from here on."""
        with self._condition:
            self._prompt = True
            self._condition.notify_all()

    def set_closing(self) -> None:
        """Make all that is queued due now; nobody waits any more."""
        with self._condition:
            self._prompt = self._closing = True
            self._condition.notify_all()

    def wait(self, wait_s: float) -> None:
        """Wait a while before a retry; cut short when the journal closes."""
        with self._condition:
            self._condition.wait_for(lambda: self._closing, wait_s)

    def reads_waiting(self) -> int:
        """Return how many reads are queued."""
        with self._condition:
            return sum(entry.kind is RecordKind.READ for entry in self._rest)

    def __len__(self) -> int:
        with self._condition:
            return len(self._urgent) + len(self._rest)


_SHED_ORDER = (
    (Role.OVERVIEW, False),
    (Role.PATCH, False),
    (Role.OVERVIEW, True),
    (Role.PATCH, True),
)
