"""Sending over a metered link: by the clock and of one size, so that nothing of a hit shows.

A *slot* comes every `sync.metered_every_s`. In it one exchange carries rows, hits first; in every
sixth a second one carries pictures of hits. What has nothing to carry carries nothing, at the same
size (`outrider.wire.padding`). So a hit's row is at the centre within a slot and its pictures
within six, and whoever counts bytes on the interface or in the air counts the same with a hit and
without.
"""

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from outrider.unit.journal import refused
from outrider.unit.journal.outbox import ORDINARY, URGENT
from outrider.unit.journal.segments import Stream
from outrider.unit.sync.session import Summary, SyncSession
from outrider.unit.sync.transport import Answer, Centre, UnreachableError
from outrider.unit.sync.uploads import Chooser, Upload
from outrider.wire import padding
from outrider.wire import upload as uploads
from outrider.wire.upload import UploadKind, UploadName

ROWS_BYTES = 16 * 2**10
PICTURES_BYTES = 48 * 2**10
PICTURES_EVERY = 6
_MOST_ROWS = 64
_AT_ONCE = 8  # exchanges that a session by hand is made a multiple of


@dataclass(slots=True)
class Cadence:
    """When the next slot is, and which. For the sync's thread alone."""

    every_s: float
    number: int = 0
    _next_s: float | None = None

    def is_due(self) -> bool:
        """Whether the next slot has come."""
        return self._next_s is None or time.monotonic() >= self._next_s

    def take(self) -> bool:
        """Begin the slot; return whether it carries pictures too."""
        now_s = time.monotonic()
        due_s = now_s if self._next_s is None else self._next_s
        missed = (now_s - due_s) // self.every_s
        self._next_s = due_s + (missed + 1) * self.every_s
        self.number += 1
        return self.number % PICTURES_EVERY == 0


class PaddedCentre:
    """A `Centre` to which uploads of one size go, whatever is in them."""

    def __init__(self, centre: Centre, size: int) -> None:
        self._centre = centre
        self._size = size

    @property
    def url(self) -> str:
        """Where it is."""
        return self._centre.url

    def put(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body and return the answer. Raises UnreachableError."""
        return self._centre.put(path, *padding.padded(path, body, headers, self._size))


class SlotChooser(Chooser):
    """Chooses what a slot can hold."""

    def __init__(self, before: Chooser) -> None:
        """Take the place of another chooser."""
        super().__init__(before.outbox, before.unit_id, True, before.limit, before.set_aside)
        self._too_large: set[int] = set()

    def rows(self, most_bytes: int) -> Upload | None:
        """Return rows, hits first and then the oldest, as many as fit; None for none.

        A row that does not fit by itself goes at the dock, and stands in nobody's way till then.
        """
        leave = set(self.set_aside.rows) | self._too_large
        limit = min(self.limit, _MOST_ROWS)
        rows = self.outbox.rows(URGENT, limit, leave)
        rows += self.outbox.rows(ORDINARY, limit - len(rows), leave) if len(rows) < limit else []
        rows = self.outbox.of_one_epoch(rows)
        while rows:
            upload = self.of_rows(sorted(rows, key=lambda row: row.seq))
            if len(upload.body) <= most_bytes:
                return upload
            if len(rows) == 1:
                self._too_large.add(rows[0].seq)
                return self.rows(most_bytes)
            rows = rows[: len(rows) // 2]
        return None

    def pictures(self, most_bytes: int) -> Upload | None:
        """Return pictures of hits, as many as fit; None for none. A larger one goes at the dock."""
        leave = set(self.set_aside.pictures) | self._too_large
        found = self.outbox.pictures(Stream.HITS, self.limit, most_bytes, leave)
        while found:
            upload = self.of_pictures(found)
            if len(upload.body) <= most_bytes:
                return upload
            if len(found) == 1:
                self._too_large.add(found[0][0].seq)
                return self.pictures(most_bytes)
            found = found[:-1]
        return None


class SlotSession(SyncSession):
    """A session of slots: one, or, by hand, as many as it takes."""

    def run_slot(self, stop: threading.Event, *, pictures: bool) -> Summary:
        """Exchange what one slot exchanges; what fails waits for the next."""
        start_ns, chooser = time.monotonic_ns(), self._slots()
        self._exchange(chooser.rows(ROWS_BYTES), ROWS_BYTES, stop)
        if pictures:
            self._exchange(chooser.pictures(PICTURES_BYTES), PICTURES_BYTES, stop)
        return self._close(start_ns)

    def run_all(self, stop: threading.Event) -> Summary:
        """Exchange until rows and hits' pictures are sent, then on to a round number of times."""
        start_ns, chooser, done = time.monotonic_ns(), self._slots(), 0
        while not stop.is_set() and not self._gives_up():
            rows, pictures = chooser.rows(ROWS_BYTES), chooser.pictures(PICTURES_BYTES)
            if rows is None and pictures is None and done and done % _AT_ONCE == 0:
                break
            self._exchange(rows, ROWS_BYTES, stop)
            self._exchange(pictures, PICTURES_BYTES, stop)
            done += 1
        return self._close(start_ns)

    def _slots(self) -> SlotChooser:
        before = self._chooser
        chooser = SlotChooser(before)
        chooser.leave(refused.waiting(before.outbox.db, self._now()))
        self._chooser = chooser
        return chooser

    def _exchange(self, upload: Upload | None, size: int, stop: threading.Event) -> None:
        whole, self._centre = self._centre, PaddedCentre(self._centre, size)
        try:
            if upload is not None:
                self._deliver(upload, stop)
            else:
                self._cover(stop)
        finally:
            self._centre = whole

    def _cover(self, stop: threading.Event) -> None:
        """Send nothing, of the same size."""
        name = UploadName(self._identity.unit_id, UploadKind.ROWS, uuid.uuid4())
        sent = self._clock.stamp(self._clock.mono_ns())
        headers = uploads.headers(name, uploads.Body(b""), self._identity.signing, sent)
        try:
            self._centre.put(padding.cover_path(name.unit_id, name.upload_id), b"", headers)
        except UnreachableError as error:
            self._failed(str(error), stop)
