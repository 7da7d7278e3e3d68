"""What of a record stands in columns of its own, and how datetimes and pictures are kept.

Instants are whole microseconds of UTC since 1970, in both databases: one meaning, one comparison.
"""

import struct
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from outrider.centre.store.records import OpenedRecord, SealedRecord
from outrider.clock import ClockQuality, UtcStamp
from outrider.records import Hit, OfficerAction, Position, Read, Role
from outrider.vrm import fold
from outrider.wire.chain import SealedPicture, SealedRow
from outrider.wire.crew_entry import CrewRecord
from outrider.wire.read_record import Record, RecordKind, decode
from outrider.wire.sealing import SealedKey

DAY_US = 24 * 3600 * 1_000_000
WEEK_US = 7 * DAY_US
MONTH_US = 4 * WEEK_US
_FIRST_MONDAY_US = 4 * DAY_US  # 1970-01-05
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PICTURE = struct.Struct(">BQI32s")
PACKED_PICTURE_BYTES = _PICTURE.size

# Later than this after its arrival no exposure can be; older than this none is searched for.
_AHEAD_US = DAY_US
_BEHIND_US = 800 * DAY_US
_DRIFTED_US = 366 * DAY_US
_MOST_US = 2**62

OPENED = (
    "journal", "seq", "kind", "filed_us", "exposed_us", "read_id", "hit_id", "vrm",
    "latitude_e7", "longitude_e7", "list_name", "key_id", "previous", "hash", "body", "pictures",
    "arrived_us", "record",
)  # fmt: skip
WAITING = (
    "journal", "seq", "kind", "key_id", "previous", "hash", "body", "pictures", "arrived_us",
)  # fmt: skip
PICTURE = ("journal", "seq", "role", "key_id", "digest", "data", "arrived_us")


def to_us(at: datetime) -> int:
    """Return an aware datetime as microseconds."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Return microseconds as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=us)


def day_of(us: int) -> str:
    """Return the day, in UTC, as it stands in a folder's name."""
    return from_us(us).date().isoformat()


def week_of(us: int) -> int:
    """Return the first microsecond of the week, in UTC, from Monday."""
    return us - (us - _FIRST_MONDAY_US) % WEEK_US


def month_of(us: int) -> int:
    """Return the first microsecond of the four weeks, in UTC: what sightings are kept apart by.

    A search over a year looks into 14 tables, and not into 53.
    """
    return us - (us - _FIRST_MONDAY_US) % MONTH_US


def pack_pictures(pictures: Sequence[SealedPicture]) -> bytes:
    """Return what a row names of its pictures, in 45 bytes each."""
    return b"".join(_PICTURE.pack(p.role, p.key_id, p.length, p.digest) for p in pictures)


def unpack_pictures(packed: bytes) -> tuple[SealedPicture, ...]:
    """Return the pictures that pack_pictures was given."""
    return tuple(
        SealedPicture(Role(role), key_id, length, digest)
        for role, key_id, length, digest in _PICTURE.iter_unpack(packed)
    )


def waiting_row(journal: int, row: SealedRow, arrived_us: int) -> tuple[Any, ...]:
    """Return a sealed row in the order of WAITING."""
    return (
        journal, row.seq, int(row.kind), row.key_id, row.previous, row.hash, row.body,
        pack_pictures(row.pictures), arrived_us,
    )  # fmt: skip


def sealed_row(values: Sequence[Any]) -> SealedRow:
    """Return the row of seq, kind, key_id, previous, hash, body, pictures."""
    seq, kind, key_id, previous, digest, body, pictures = values
    return SealedRow(
        seq, RecordKind(kind), key_id, previous, body, unpack_pictures(pictures), digest
    )


def opened_row(journal: int, opened: OpenedRecord) -> tuple[Any, ...]:
    """Return an opened record in the order of OPENED."""
    row, record = opened.sealed.row, opened.record
    at, read = _at(record), _read(record)
    exposed_us = max(-_MOST_US, min(at.utc_ns // 1000, _MOST_US))
    arrived_us = to_us(opened.sealed.arrived_at)
    return (
        journal, row.seq, int(row.kind), filed_us(exposed_us, at.quality, arrived_us), exposed_us,
        _bytes(read.read_id) if read else None,
        _bytes(record.hit_id) if isinstance(record, Hit | OfficerAction) else None,
        _mark(record, read),
        *(_place(read.position) if read else (None, None)),
        storable(record.match.list_name, 200) if isinstance(record, Hit) else None,
        row.key_id, row.previous, row.hash, row.body, pack_pictures(row.pictures),
        arrived_us, opened.text,
    )  # fmt: skip


def _at(record: Record) -> UtcStamp:
    if isinstance(record, Hit):
        return record.read.at
    if isinstance(record, CrewRecord):  # does not say what its time rests on
        return UtcStamp(record.event.utc_ns, ClockQuality.FREE_RUNNING, 0.0)
    return record.at


def _read(record: Record) -> Read | None:
    if isinstance(record, Hit):
        return record.read
    return record if isinstance(record, Read) else None


def _bytes(identifier: uuid.UUID) -> bytes:
    return identifier.bytes


def _mark(record: Record, read: Read | None) -> str | None:
    if isinstance(record, CrewRecord):
        return storable(fold(record.event.vrm), 32)
    return storable(fold(read.text.vrm), 32) if read else None


def storable(text: str, most: int) -> str:
    """Return a text that every database takes: no NUL, no half surrogate pair, not too long."""
    return text[:most].encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def _place(position: Position) -> tuple[int | None, int | None]:
    """Return latitude and longitude in 1e-7 degrees (1.1 cm); none where they are no place."""
    latitude, longitude = position.latitude_deg, position.longitude_deg
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None, None
    return round(latitude * 1e7), round(longitude * 1e7)


def filed_us(exposed_us: int, quality: ClockQuality, arrived_us: int) -> int:
    """Return the instant that decides in which day or week a record lies and when it expires.

    It is that of exposure, unless the unit's clock cannot have been right: an exposure still to
    come, or one long ago by a clock that rested on nothing, is filed under the arrival. What is
    older than any search goes is filed at that limit: no unit makes partitions at will.
    """
    if exposed_us > arrived_us + _AHEAD_US:
        return arrived_us
    if quality is ClockQuality.FREE_RUNNING and exposed_us < arrived_us - _DRIFTED_US:
        return arrived_us
    return max(exposed_us, arrived_us - _BEHIND_US)


def opened_record(
    values: Sequence[Any],
    unit_id: str,
    journal_id: uuid.UUID,
    key: SealedKey,
    epoch_id: uuid.UUID,
) -> OpenedRecord:
    """Return the record that opened_row was given. Raises WireError where the JSON is damaged."""
    _, seq, kind, *_, key_id, previous, digest, body, pictures, arrived_us, text = values
    row = sealed_row((seq, kind, key_id, previous, digest, body, pictures))
    sealed = SealedRecord(unit_id, journal_id, row, key, from_us(arrived_us), epoch_id)
    return OpenedRecord(sealed, decode(text), text)
