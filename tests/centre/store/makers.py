"""Journals, uploads and opened rows made up for the tests of the store."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.opening.keys import DataKeys
from outrider.centre.opening.rows import open_row
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import OpenedRecord, ReceivedUpload
from outrider.clock import ClockQuality
from outrider.wire.batch import Gap
from outrider.wire.chain import SealedRow
from outrider.wire.sealing import CentrePrivateKey, Opener
from outrider.wire.upload import Sent, UploadKind, UploadName
from tests.unit.journal import makers

CENTRE = CentrePrivateKey.generate()
KEYS = DataKeys(Opener([CENTRE]))
# Reads are made for 18 November 2026, 11:06:40 UTC and later, a tenth of a second apart.
EXPOSED = datetime.fromtimestamp(makers.BASE_UTC_NS // 10**9, tz=UTC)
ARRIVED = EXPOSED + timedelta(hours=1)


def journal(reads: int = 0, *, first: int = 0, unit_id: str = "unit-7") -> UnitJournal:
    """Return a unit's journal with so many reads, small pictures and all."""
    made = UnitJournal(unit_id, CENTRE.public)
    for number in range(first, first + reads):
        made.add(*makers.pictured(makers.read(number, patch_bytes=40, overview_bytes=80)))
    return made


def upload(
    unit_id: str = "unit-7",
    kind: UploadKind = UploadKind.ROWS,
    *,
    body: bytes | None = None,
    upload_id: uuid.UUID | None = None,
    arrived_at: datetime = ARRIVED,
    skew_s: float = 0.5,
) -> ReceivedUpload:
    """Return the facts of an upload; each of its own name and body unless they are given."""
    name = UploadName(unit_id, kind, upload_id or uuid.uuid4())
    digest = hashlib.sha256(name.upload_id.bytes if body is None else body).digest()
    sent = Sent(arrived_at + timedelta(seconds=skew_s), ClockQuality.GPS)
    return ReceivedUpload(name, digest, sent, arrived_at)


def receipt(stored: int, duplicates: int) -> bytes:
    """Return a receipt that tests can read."""
    return b"%d stored, %d duplicates" % (stored, duplicates)


def send(
    store: CentreStore,
    unit: UnitJournal,
    rows: Sequence[SealedRow],
    gaps: Sequence[Gap] = (),
    arrived_at: datetime = ARRIVED,
) -> bytes:
    """Send rows in an upload of their own; return the receipt."""
    sent = upload(unit.unit_id, arrived_at=arrived_at)
    return store.take_rows(sent, unit.batch(rows, gaps), receipt)


def send_pictures(
    store: CentreStore, unit: UnitJournal, rows: Sequence[SealedRow], arrived_at: datetime = ARRIVED
) -> bytes:
    """Send the pictures of rows in an upload of their own; return the receipt."""
    sent = upload(unit.unit_id, UploadKind.PICTURES, arrived_at=arrived_at)
    return store.take_pictures(sent, unit.bundle(rows), receipt)


def open_all(store: CentreStore, limit: int = 10_000) -> list[OpenedRecord]:
    """Open what waits, as the opening service does; return it."""
    found = [open_row(sealed, KEYS) for sealed in store.sealed(limit)]
    store.opened(found)
    return found
