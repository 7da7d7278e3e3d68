"""Sealed rows as the intake keeps them, written by a real unit's journal."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from outrider.centre.opening.keys import DataKeys
from outrider.centre.store.records import SealedRecord
from outrider.records import Hit, Read
from outrider.unit.journal.outbox import Outbox
from outrider.wire.batch import Batch
from outrider.wire.chain import SealedRow, row_hash
from outrider.wire.sealing import CentrePrivateKey, DataKey, Opener, Place
from tests.unit.journal import makers
from tests.unit.journal.filled import fill

UNIT = "unit-7"
ARRIVED = datetime(2026, 11, 21, 8, tzinfo=UTC)


def batch_of(
    directory: Path, records: Iterable[Read | Hit], centre: CentrePrivateKey, unit_id: str = UNIT
) -> Batch:
    """Return the batch that a unit sends of these records; urgent rows and audit rows included."""
    fill(directory, records, centre=centre)
    outbox = Outbox(directory)
    try:
        rows = sorted([*outbox.rows(0, 500), *outbox.rows(1, 500)], key=lambda row: row.seq)
        return outbox.batch(unit_id, rows)
    finally:
        outbox.close()


def sealed_records(batch: Batch) -> list[SealedRecord]:
    """Return a batch's rows as they wait to be opened."""
    keys = {key.key_id: key for key in batch.keys}
    return [
        SealedRecord(
            batch.unit_id, batch.journal_id, row, keys[row.key_id], ARRIVED, batch.epoch.epoch_id
        )
        for row in batch.rows
    ]


def some_reads(count: int, first: int = 0) -> list[Read]:
    """Return so many small reads."""
    numbers = range(first, first + count)
    return [makers.read(number, patch_bytes=300, overview_bytes=900) for number in numbers]


def resealed(sealed: SealedRecord, keys: DataKeys, text: bytes, **changes: object) -> SealedRecord:
    """Return a row as a unit that lies would make it: other text, hashed and sealed aright."""
    row: SealedRow = replace(sealed.row, **changes)  # type: ignore[arg-type]
    key: DataKey = keys.open(sealed.key, sealed.journal_id)
    body = key.seal_text(text, Place(sealed.journal_id, row.seq, row.kind))
    digest = row_hash(
        sealed.journal_id, row.seq, row.kind, row.key_id, row.previous, row.pictures, body
    )
    return replace(sealed, row=replace(row, body=body, hash=digest))


def data_keys(*centre: CentrePrivateKey) -> DataKeys:
    """Return what opens with these private keys."""
    return DataKeys(Opener(centre))
