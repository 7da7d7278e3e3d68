"""One session with the centre: send, verify the receipt, mark, again; nothing is given up."""

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from outrider.clock import Clock, UtcStamp
from outrider.unit.journal import held, refused
from outrider.unit.journal.outbox import Outbox, Remaining
from outrider.unit.sync import refusals
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.refusals import said
from outrider.unit.sync.transport import Answer, Centre, UnreachableError
from outrider.unit.sync.uploads import Chooser, Upload
from outrider.wire import receipt as receipts
from outrider.wire import upload as uploads
from outrider.wire.canonical import WireError
from outrider.wire.read_record import RecordKind
from outrider.wire.signing import SigningIdentity, VerifyingKey
from outrider.wire.upload import UploadKind

_log = logging.getLogger(__name__)
_FAULTS_KEPT = 20
_NUMBER = re.compile(r"\d+")
CONFLICT = "conflict"
_SHOWN = (
    *("reads", "crew_entries", "tries_failed", "took_s", "gave_up", "grave", "renewed_until"),
    *("link", "link_metered", "lists", "faults", "notes"),
)


@dataclass(frozen=True, slots=True)
class ListLine:
    """A hotlist after docking: the revision in force, its age (h), and what the update came to."""

    name: str
    revision: str
    age_h: float
    state: str


@dataclass(slots=True)
class Summary:
    """What a session did, for the people at the dock."""

    rows: int = 0
    reads: int = 0
    hits: int = 0
    crew_entries: int = 0
    pictures: int = 0
    bytes_sent: int = 0
    duplicates: int = 0
    tries_failed: int = 0
    set_aside: int = 0
    rehomed: int = 0
    sent_again: int = 0
    erased_rows: int = 0
    took_s: float = 0.0
    gave_up: bool = False
    grave: bool = False
    renewed_until: str = ""
    link: str = ""
    link_metered: bool = False
    lists: list[ListLine] = field(default_factory=list)
    remaining: Remaining = field(default_factory=lambda: Remaining(0, 0, 0))
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    passing: list[str] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether all that was to be sent is at the centre."""
        return self.remaining.rows == 0 and self.remaining.pictures == 0

    def fault(self, text: str, *, grave: bool = False, passing: bool = False) -> None:
        """Note a fault, once.

        grave: time and distance will not mend it, somebody must. passing: of a try, which a later
        success makes history.
        """
        _log.info("sync: %s", text)  # whoever is at the dock reads it once, in the summary
        if passing:
            self.passing.append(text)
        self.grave = self.grave or grave
        if text not in self.faults and len(self.faults) < _FAULTS_KEPT:
            self.faults.append(text)

    def lasting_faults(self) -> tuple[str, ...]:
        """Return the faults that still hold at the end of the session."""
        over = self.passing if self.done else ()
        return tuple(text for text in self.faults if text not in over)

    def as_json(self) -> dict[str, object]:
        """Return what the crew may see as JSON values.

        Nothing from which hits could be told: no count of rows, pictures or bytes, for a silent hit
        is one more of each. The centre has them all.
        """
        shown = {name: value for name, value in asdict(self).items() if name in _SHOWN}
        return shown | {"reads_left": self.remaining.reads, "done": self.done}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the unit is, and whose receipts it believes."""

    unit_id: str
    signing: SigningIdentity
    centre: VerifyingKey


class SyncSession:
    """Sends what an outbox holds. give_up_after: failed tries in a row; None: never."""

    def __init__(
        self,
        outbox: Outbox,
        centre: Centre,
        identity: Identity,
        clock: Clock,
        backoff: Backoff,
        *,
        batch_rows: int = 500,
        metered: bool = False,
        give_up_after: int | None = None,
        progress: Callable[[Summary], None] | None = None,
    ) -> None:
        self._outbox = outbox
        self._centre = centre
        self._identity = identity
        self._clock = clock
        self._backoff = backoff
        self._give_up_after = give_up_after
        self._progress = progress
        self._largest = batch_rows
        self._failed_in_a_row = 0
        self._answered = False
        self._in_vain = False
        self._rehomed: set[int] = set()
        self._refused_now: set[tuple[int, bool]] = set()
        self._again: set[int] = set()
        self._chooser = Chooser(outbox, identity.unit_id, metered, batch_rows)
        self.summary = Summary()

    def run(self, stop: threading.Event) -> Summary:
        """Send until nothing is left, stop is set, or too many tries have failed."""
        start_ns = time.monotonic_ns()
        self._chooser.leave(self._waiting())
        while not stop.is_set() and not self._gives_up():
            upload = self._chooser.next()
            if upload is None:
                break
            self._deliver(upload, stop)
        return self._close(start_ns)

    def _close(self, start_ns: int) -> Summary:
        self.summary.gave_up = self._gives_up()
        self.summary.took_s = round((time.monotonic_ns() - start_ns) / 1e9, 3)
        self.summary.remaining = self._outbox.remaining()
        return self.summary

    def _waiting(self) -> refused.SetAside:
        found = refused.waiting(self._outbox.db, self._now())
        rows = {seq for seq, of_pictures in self._refused_now if not of_pictures}
        pictures = {seq for seq, of_pictures in self._refused_now if of_pictures}
        return refused.SetAside(found.rows | rows, found.pictures | pictures)

    def _now(self) -> UtcStamp:
        return self._clock.stamp(self._clock.mono_ns())

    def _gives_up(self) -> bool:
        """Whether to try no more: too often in a row, or in vain until somebody does something."""
        if self._give_up_after is None:
            return False
        return self._in_vain or self._failed_in_a_row >= self._give_up_after

    def _deliver(self, upload: Upload, stop: threading.Event) -> None:
        """Send one upload until it is settled: the same name and body at each try."""
        while not stop.is_set() and not self._gives_up():
            sent = self._clock.stamp(self._clock.mono_ns())
            headers = uploads.headers(upload.name, upload.body, self._identity.signing, sent)
            try:
                answer = self._centre.put(upload.name.path, upload.body.data, headers)
            except UnreachableError as error:
                reason = error.reason
                absent = reason.absent and not self._answered and self._failed_in_a_row > 0
                self._in_vain = reason.permanent or absent
                self._failed(reason.text, stop, grave=reason.permanent or reason.distrust)
                continue
            self._answered = True
            if self._settle(upload, answer, stop):
                return

    def _settle(self, upload: Upload, answer: Answer, stop: threading.Event) -> bool:
        """Act on an answer; True where this upload is settled, by receipt or refusal."""
        if answer.status in (200, 201):
            return self._take_receipt(upload, answer, stop)
        if answer.status in (400, 409, 413, 422):
            self._refused(upload, answer)
            return True
        not_taken = refusals.of(answer, self._centre.url)
        self._in_vain = not_taken.permanent
        self._failed(not_taken.text, stop, answer.retry_after_s, grave=not_taken.grave)
        return False

    def _take_receipt(self, upload: Upload, answer: Answer, stop: threading.Event) -> bool:
        try:
            receipt = receipts.decode(answer.body, self._identity.centre)
            receipts.check(receipt, upload.name, upload.body, upload.count)
        except WireError as error:
            self._failed(f"the centre's receipt is not good: {error}", stop, grave=True)
            return False
        upload.receipted(receipt, self._clock.stamp(self._clock.mono_ns()))
        self._delivered(upload, receipt.duplicates)
        return True

    def _delivered(self, upload: Upload, duplicates: int) -> None:
        summary = self.summary
        if upload.name.kind is UploadKind.ROWS:
            summary.rows += upload.count
            summary.hits += upload.kinds[RecordKind.HIT]
            summary.reads += upload.kinds[RecordKind.READ]
            summary.crew_entries += upload.kinds[RecordKind.CREW]
        else:
            summary.pictures += upload.count
        summary.bytes_sent += len(upload.body)
        summary.duplicates += duplicates
        self._failed_in_a_row = 0
        self._backoff.reset()
        self._chooser.limit = min(self._largest, self._chooser.limit * 2)
        if self._progress is not None:
            self._progress(summary)

    def _refused(self, upload: Upload, answer: Answer) -> None:
        """Find what is refused by halving; by itself it is moved to another epoch, or set aside.

        An answer is no failure of the way: what is behind goes on at once, however many rows are
        refused.
        """
        self._failed_in_a_row = 0
        if self._lacks_rows(upload, answer):
            return
        if upload.count > 1:
            self._chooser.limit = max(1, upload.count // 2)
            if answer.status == 413:
                self._largest = self._chooser.limit
            _log.info("sync: refused (%d), trying %d at once", answer.status, self._chooser.limit)
        elif not self._rehomes(upload, answer):
            self._set_aside(upload, answer)

    def _lacks_rows(self, upload: Upload, answer: Answer) -> bool:
        """Send rows again whose pictures are refused: a restored centre may lack them; once each.

        Those that it has it knows by their hashes.
        """
        if upload.name.kind is not UploadKind.PICTURES or refusals.code_of(answer) != CONFLICT:
            return False
        rows = set(upload.seqs) - self._again
        self._again |= rows
        if not rows:
            return False
        self.summary.sent_again += held.send_again(self._outbox.db, rows, ())
        return True

    def _rehomes(self, upload: Upload, answer: Answer) -> bool:
        """Give a row that is otherwise at the centre an epoch of its own; once a session."""
        seq = upload.seqs[0]
        conflicts = upload.name.kind is UploadKind.ROWS and refusals.code_of(answer) == CONFLICT
        if not conflicts or seq in self._rehomed:
            return False
        self._rehomed.add(seq)
        count = held.rehome(self._outbox.db, self._outbox.directory, seq)
        self._chooser.limit = self._largest
        self.summary.rehomed += count
        note = "rows go under a new epoch, for the card was put back or copied"
        if note not in self.summary.notes:  # without a number: rows count silent hits, too
            self.summary.notes.append(note)
        return True

    def _set_aside(self, upload: Upload, answer: Answer) -> None:
        of_pictures = upload.name.kind is UploadKind.PICTURES
        why = said(answer)
        refused.set_aside(
            self._outbox.db,
            upload.seqs,
            self._now(),
            pictures=of_pictures,
            status=answer.status,
            why=why,
        )
        # Those of this session stay out of the way whatever becomes of the clock.
        self._refused_now |= {(seq, of_pictures) for seq in upload.seqs}
        self._chooser.leave(self._waiting())
        self.summary.set_aside += 1
        # No row's number, the centre's words not excepted: rows count silent hits, too.
        what, words = "a picture" if of_pictures else "a row", _NUMBER.sub("…", why)
        text = f"{what} is refused ({answer.status}: {words}); it stays here, and is tried again"
        self.summary.fault(text, grave=True)  # it stays so: what is set aside is not done

    def _failed(
        self, text: str, stop: threading.Event, asked_s: float = 0.0, *, grave: bool = False
    ) -> None:
        self._failed_in_a_row += 1
        self.summary.tries_failed += 1
        self.summary.fault(text, grave=grave, passing=True)
        if not self._gives_up():
            self._backoff.wait(stop, asked_s)
