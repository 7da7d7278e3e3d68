"""Opening one row, and holding what it says against where it stands."""

from outrider.centre.opening.keys import DataKeys
from outrider.centre.opening.trail import events_of
from outrider.centre.store.records import OpenedRecord, SealedRecord
from outrider.wire.canonical import WireError
from outrider.wire.crew_entry import CrewRecord
from outrider.wire.enrolment import NOBODY
from outrider.wire.read_record import Record, RecordKind, decode, kind_of, read_in
from outrider.wire.sealing import OVERHEAD_BYTES, UNSEALED, Place, SealingError


class RefusedRowError(Exception):
    """A row that does not open, or says what its place belies: which part, and what to do."""


def open_row(sealed: SealedRecord, keys: DataKeys) -> OpenedRecord:
    """Return the row opened, with the audit events that come of it. Raises RefusedRowError.

    Number and kind are under the cipher's tag and the row's hash; the hash is taken again here,
    because between the intake's check and this one lies a disk.
    """
    try:
        text = open_text(sealed, keys)
        record = decode(text)
        _check(sealed, record)
        return OpenedRecord(sealed, record, text, events_of(sealed, record))
    except (SealingError, WireError) as error:
        raise RefusedRowError(str(error)) from error


def open_text(sealed: SealedRecord, keys: DataKeys) -> bytes:
    """Return the JSON that a row seals. Raises SealingError, WireError."""
    row = sealed.row
    if not row.is_whole(sealed.journal_id):
        raise WireError(f"row {row.seq} is not what its hash says: damaged since it came")
    if sealed.key.key_id != row.key_id:
        raise WireError(f"row {row.seq} needs data key {row.key_id:016x}, another was kept with it")
    key = keys.open(sealed.key, sealed.journal_id)
    return key.open_text(row.body, Place(sealed.journal_id, row.seq, row.kind))


def _check(sealed: SealedRecord, record: Record) -> None:
    row = sealed.row
    if kind_of(record) is not row.kind:
        kind = RecordKind(row.kind).label
        raise WireError(f"row {row.seq} is said to be of kind {kind}, it holds another")
    read = read_in(record)
    # A read of before enrolment is nobody's: whose it is, the signature of the upload says.
    if read is not None and read.origin.unit_id not in (sealed.unit_id, NOBODY):
        raise WireError(
            f"row {row.seq} came from {sealed.unit_id}, its read says it is another unit's"
        )
    if isinstance(record, CrewRecord) and not record.is_whole():
        raise WireError(f"row {row.seq}: the crew's entry is not what its hash says")
    overhead = 1 if sealed.key.centre_key_id == UNSEALED else OVERHEAD_BYTES
    for picture in row.pictures:
        told = read.picture(picture.role) if read is not None else None
        if told is None or told.length + overhead != picture.length:
            raise WireError(f"row {row.seq}: its {picture.role.label} is not the one it names")
