"""What is searched of an opened record: narrow rows that a search can run over by the million."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outrider.centre.store.columns import filed_us, storable, to_us
from outrider.centre.store.places import cell_of, coarse_cell_of
from outrider.centre.store.records import OpenedRecord
from outrider.records import Direction, FixQuality, Hit, OfficerAction, Position, Read
from outrider.vrm import fold

HOUR_US = 3_600_000_000
_DIRECTIONS = tuple(Direction)
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Camera:
    """Where reads come from. fixed: it stands at a surveyed place. force: whose it is."""

    unit_id: str
    camera_id: str
    fixed: bool
    force: str = ""


@dataclass(frozen=True, slots=True)
class FiledRead:
    """A read as it is searched. mark: as read; vrm: folded. Distances dm, speed cm/s, 0..1000."""

    row_key: int
    camera: Camera
    at_us: int
    mark: str
    latitude_e7: int | None
    longitude_e7: int | None
    read_id: bytes
    confidence: int
    heading: int | None = None
    speed: int | None = None
    direction: int = 2
    clock_ms: int = 0
    place_dm: int | None = None

    def row(self, camera: int, force: str) -> tuple[Any, ...]:
        """Return the columns of SIGHTING."""
        placed = self.latitude_e7 is not None and self.longitude_e7 is not None
        cell = cell_of(self.latitude_e7 or 0, self.longitude_e7 or 0) if placed else None
        return (
            self.row_key, camera, self.at_us, self.mark, fold(self.mark), force, cell,
            self.latitude_e7, self.longitude_e7, self.read_id, self.confidence, self.heading,
            self.speed, self.direction, self.clock_ms, self.place_dm,
        )  # fmt: skip

    @property
    def square(self) -> int:
        """The coarse square of its position; -1 without one."""
        if self.latitude_e7 is None or self.longitude_e7 is None:
            return -1
        return coarse_cell_of(self.latitude_e7, self.longitude_e7)


@dataclass(frozen=True, slots=True)
class FiledHit:
    """A hit as it is searched, with the read's place and time."""

    row_key: int
    hit_id: bytes
    read: FiledRead
    listed: str
    list_name: str
    response: str
    match_class: str
    possible: bool

    def row(self, camera: int, force: str) -> tuple[Any, ...]:
        """Return the columns of HIT."""
        read = self.read
        return (
            self.row_key, self.hit_id, read.read_id, camera, read.at_us, fold(read.mark), force,
            read.latitude_e7, read.longitude_e7, self.listed, self.list_name, self.response,
            self.match_class, int(self.possible),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FiledAnswer:
    """What an officer did about a hit: columns of ANSWER."""

    row_key: int
    hit_id: bytes
    at_us: int
    action: str
    note: str

    def row(self) -> tuple[Any, ...]:
        """Return the columns of ANSWER."""
        return (self.row_key, self.hit_id, self.at_us, self.action, self.note)


Filed = FiledRead | FiledHit | FiledAnswer


def filed(opened: OpenedRecord) -> Filed | None:
    """Return what is searched of a record; None for kinds that are not."""
    record, row = opened.record, opened.sealed.row
    key = int.from_bytes(row.hash[:8], "big", signed=True)
    arrived_us = to_us(opened.sealed.arrived_at)
    if isinstance(record, Hit):
        return _hit(record, key, arrived_us)
    if isinstance(record, Read):
        return _read(record, key, arrived_us)
    if isinstance(record, OfficerAction):
        at_us = filed_us(record.at.utc_ns // 1000, record.at.quality, arrived_us)
        note = storable(record.note, 200)
        return FiledAnswer(key, record.hit_id.bytes, at_us, record.kind.value, note)
    return None


def _hit(hit: Hit, key: int, arrived_us: int) -> FiledHit:
    match = hit.match
    return FiledHit(
        key, hit.hit_id.bytes, _read(hit.read, key, arrived_us), storable(match.entry.vrm, 32),
        storable(match.list_name, 200), hit.match.entry.response.value, match.match_class.value,
        hit.possible,
    )  # fmt: skip


def _read(read: Read, key: int, arrived_us: int) -> FiledRead:
    position = read.position
    at_us = filed_us(read.at.utc_ns // 1000, read.at.quality, arrived_us)
    fixed = position.quality is FixQuality.SURVEYED
    camera = Camera(storable(read.origin.unit_id, 64), storable(read.origin.camera_id, 64), fixed)
    return FiledRead(
        key, camera, at_us, storable(read.text.vrm, 32), *_place(position), read.read_id.bytes,
        _whole(read.text.confidence, 1000) or 0, _whole(position.heading_deg, 1),
        _whole(position.speed_mps, 100), _DIRECTIONS.index(read.direction),
        _whole(read.at.error_s, 1000) or 0, _whole(position.error_m, 10),
    )  # fmt: skip


def _place(position: Position) -> tuple[int | None, int | None]:
    latitude, longitude = position.latitude_deg, position.longitude_deg
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None, None
    return round(latitude * 1e7), round(longitude * 1e7)


def _whole(value: float | None, times: int) -> int | None:
    """Return a value in whole parts; none where there is none, or it is no number."""
    if value is None or value != value:
        return None
    return int(max(-_MOST, min(value * times, _MOST)))


def reads_of(rows: Sequence[Filed]) -> list[FiledRead]:
    """Return the reads among what is filed."""
    return [row for row in rows if isinstance(row, FiledRead)]
