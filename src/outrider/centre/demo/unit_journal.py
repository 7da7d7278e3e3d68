"""A unit's journal made in memory, sealed as on a unit: what benchmarks and tests send."""

import hashlib
import uuid
from collections.abc import Sequence

from outrider.records import NO_PICTURES, Pictures, Role
from outrider.wire.batch import Batch, Gap
from outrider.wire.chain import SealedPicture, SealedRow, row_hash
from outrider.wire.epoch import Epoch
from outrider.wire.hash_chain import GENESIS
from outrider.wire.picture_bundle import BundledPicture, PictureBundle
from outrider.wire.read_record import Record, RecordKind, encode, kind_of
from outrider.wire.sealing import PICTURE_PART, CentrePublicKey, DataKey, Place, SealedKey, Sealer


class UnitJournal:
    """Rows and pictures of one unit, chained and sealed for the centre."""

    def __init__(
        self, unit_id: str, centre: CentrePublicKey | None, journal_id: uuid.UUID | None = None
    ) -> None:
        self.unit_id = unit_id
        self.journal_id = journal_id if journal_id is not None else uuid.uuid4()
        self.epoch = Epoch(self.journal_id)  # its only one
        self.rows: list[SealedRow] = []
        self.pictures: dict[tuple[int, Role], bytes] = {}
        sealer = Sealer(centre)
        self._key, row_box = sealer.new_key(self.journal_id)
        self._picture_key, picture_box = sealer.new_key(self.journal_id)
        self.keys: tuple[SealedKey, ...] = (row_box, picture_box)
        self._previous = GENESIS
        self._seq = 0

    def add(self, record: Record, pictures: Pictures = NO_PICTURES) -> SealedRow:
        """Write a record, with its pictures, as the next row."""
        named = self._seal_pictures(pictures, self._seq + 1)
        return self.add_text(kind_of(record), encode(record), named)

    def add_text(
        self, kind: RecordKind, text: bytes, named: tuple[SealedPicture, ...] = ()
    ) -> SealedRow:
        """Write any text as the next row, sealed and hashed aright: a unit that lies can."""
        self._seq += 1
        seq, key = self._seq, self._key
        body = key.seal_text(text, Place(self.journal_id, seq, kind))
        digest = row_hash(self.journal_id, seq, kind, key.key_id, self._previous, named, body)
        row = SealedRow(seq, kind, key.key_id, self._previous, body, named, digest)
        self._previous = digest
        self.rows.append(row)
        return row

    def skip(self, count: int) -> Gap:
        """Lose the next numbers; return the gap that tells of them."""
        first, self._seq = self._seq + 1, self._seq + count
        self._previous = hashlib.sha256(b"lost" + self._previous).digest()
        return Gap(first, self._seq, self._previous, "skipped")

    def _seal_pictures(self, pictures: Pictures, seq: int) -> tuple[SealedPicture, ...]:
        key, found = self._picture_key, []
        for role in sorted(pictures):
            sealed = _seal(key, pictures[role], self.journal_id, seq, role)
            self.pictures[seq, role] = sealed
            digest = hashlib.sha256(sealed).digest()
            found.append(SealedPicture(role, key.key_id, len(sealed), digest))
        return tuple(found)

    def batch(self, rows: Sequence[SealedRow], gaps: Sequence[Gap] = ()) -> Batch:
        """Return rows as they are sent."""
        return Batch(self.unit_id, self.journal_id, self.epoch, tuple(rows), self.keys, tuple(gaps))

    def bundle(self, rows: Sequence[SealedRow]) -> PictureBundle:
        """Return the pictures of rows as they are sent."""
        found = [
            BundledPicture(row.seq, picture.role, self.pictures[row.seq, picture.role])
            for row in rows
            for picture in row.pictures
        ]
        return PictureBundle(self.unit_id, self.journal_id, tuple(found))


def _seal(key: DataKey, data: bytes, journal_id: uuid.UUID, seq: int, role: Role) -> bytes:
    return key.seal(data, Place(journal_id, seq, PICTURE_PART + role))
