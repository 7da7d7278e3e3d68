"""What to send next: hits first, pictures later, and over a metered link only those of hits."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from outrider.clock import UtcStamp
from outrider.unit.journal.outbox import ORDINARY, URGENT, Outbox
from outrider.unit.journal.refused import NOTHING, SetAside
from outrider.unit.journal.segments import StoredPicture, Stream
from outrider.wire import batch as batches
from outrider.wire import picture_bundle as bundles
from outrider.wire.chain import SealedRow
from outrider.wire.picture_bundle import BundledPicture, PictureBundle
from outrider.wire.read_record import RecordKind
from outrider.wire.receipt import Receipt
from outrider.wire.upload import Body, UploadKind, UploadName

_BUNDLE_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Upload:
    """One body on its way, and what to do when its receipt is good. seqs: the rows concerned."""

    name: UploadName
    body: Body
    count: int
    kinds: Counter[RecordKind]
    seqs: tuple[int, ...]
    receipted: Callable[[Receipt, UtcStamp], None]


@dataclass(slots=True)
class Chooser:
    """Chooses and builds uploads from an outbox.

    limit: most things in one upload, halved when the centre finds one too large. set_aside: what
    the centre has refused by itself; it stays in the journal, and is tried again later.
    """

    outbox: Outbox
    unit_id: str
    metered: bool
    limit: int
    set_aside: SetAside = NOTHING

    def leave(self, set_aside: SetAside) -> None:
        """Leave out what waits to be tried again."""
        self.set_aside = set_aside

    def next(self) -> Upload | None:
        """Return what is most urgent now; None where nothing is left to send."""
        for build in self._builders():
            upload = build()
            if upload is not None:
                return upload
        return None

    def _builders(self) -> Iterator[Callable[[], Upload | None]]:
        yield lambda: self._rows(URGENT)
        yield lambda: self._pictures(Stream.HITS)
        yield lambda: self._rows(ORDINARY)
        if not self.metered:
            yield lambda: self._pictures(Stream.PATCHES)
            yield lambda: self._pictures(Stream.OVERVIEWS)

    def _rows(self, priority: int) -> Upload | None:
        rows = self.outbox.rows(priority, self.limit, self.set_aside.rows)
        return self.of_rows(rows) if rows else None

    def of_rows(self, rows: list[SealedRow]) -> Upload:
        """Return the upload of rows, in order of their numbers."""
        body = Body(batches.encode(self.outbox.batch(self.unit_id, rows)))

        def receipted(receipt: Receipt, at: UtcStamp) -> None:
            self.outbox.rows_receipted(rows, receipt, at)

        name = UploadName(self.unit_id, UploadKind.ROWS, uuid.uuid4())
        seqs = tuple(row.seq for row in rows)
        kinds = Counter(row.kind for row in rows)
        return Upload(name, body, len(rows), kinds, seqs, receipted)

    def _pictures(self, stream: Stream) -> Upload | None:
        found = self.outbox.pictures(stream, self.limit, _BUNDLE_BYTES, self.set_aside.pictures)
        return self.of_pictures(found) if found else None

    def of_pictures(self, found: list[tuple[StoredPicture, bytes]]) -> Upload:
        """Return the upload of pictures."""
        pictures = [picture for picture, _ in found]
        bundled = tuple(BundledPicture(p.seq, p.role, data) for p, data in found)
        bundle = PictureBundle(self.unit_id, self.outbox.journal_id, bundled)
        body = Body(bundles.encode(bundle))

        def receipted(receipt: Receipt, at: UtcStamp) -> None:
            self.outbox.pictures_receipted(pictures, receipt, at)

        name = UploadName(self.unit_id, UploadKind.PICTURES, uuid.uuid4())
        seqs = tuple(p.seq for p in pictures)
        return Upload(name, body, len(found), Counter(), seqs, receipted)
