"""What can be asked of the searchable, and what comes back: plain, frozen, of no database."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from outrider.centre.store.places import Place

MOST_MARKS = 500


class TooMuch(Exception):
    """There is more to look through than one search may take: what. No mark is in it."""


class Order(StrEnum):
    """In which order sightings come."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Question:
    """Sightings wanted; every part given must hold. since to until, both included.

    marks: folded, any of them. exact: as read, any of them. cameras: by number, any of them.
    corrected: reads that count as the marks asked for, whatever was read.
    """

    since_us: int
    until_us: int
    marks: tuple[str, ...] | None = None
    exact: tuple[str, ...] | None = None
    cameras: tuple[int, ...] | None = None
    place: Place | None = None
    read_id: uuid.UUID | None = None
    order: Order = Order.NEWEST
    corrected: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class After:
    """Where the next page goes on: the last sighting of the page before."""

    at_us: int
    row_key: int


class Sighting(NamedTuple):
    """A read found. Position in 1e-7 degrees, as closely as may be told; speed m/s; errors s, m.

    No dataclass: fifty are made for each page, and a frozen one takes several times as long.
    """

    row_key: int
    read_id: uuid.UUID
    camera: int
    at_us: int
    mark: str
    vrm: str
    force: str
    latitude_e7: int | None
    longitude_e7: int | None
    confidence: float
    heading_deg: int | None
    speed_mps: float | None
    direction: str
    clock_error_s: float
    place_error_m: float | None


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera: unit, name, whether it stands at a surveyed place, and whose it is."""

    number: int
    unit_id: str
    camera_id: str
    fixed: bool
    force: str


@dataclass(frozen=True, slots=True)
class CrossedMark:
    """A mark that was at several scenes: numbers of the scenes, the first being 1."""

    mark: str
    scenes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Associate:
    """A mark that was read by the same cameras within the window, so often."""

    mark: str
    other: str
    times: int
    cameras: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Leap:
    """Two sightings of a mark, one after the other, that no car can make: metres, seconds."""

    vrm: str
    first: tuple[uuid.UUID, int, int, int]
    second: tuple[uuid.UUID, int, int, int]


@dataclass(frozen=True, slots=True)
class FoundHit:
    """A hit with what became of it. answer: kind of the officer's last action, empty: none yet."""

    hit_id: uuid.UUID
    read_id: uuid.UUID
    camera: int
    at_us: int
    vrm: str
    force: str
    listed: str
    list_name: str
    response: str
    match_class: str
    possible: bool
    answer: str
    note: str


@dataclass(frozen=True, slots=True)
class HitQuestion:
    """Hits wanted; every part given must hold. answer: "none" for those without one.

    silent: False leaves out those of entries that are silent.
    """

    since_us: int
    until_us: int
    list_name: str | None = None
    response: str | None = None
    answer: str | None = None
    marks: tuple[str, ...] | None = None
    hit_id: uuid.UUID | None = None
    listed: str | None = None
    silent: bool = True
    corrected: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Busy:
    """A camera that gave reads; within: in the span itself, not only before it."""

    camera: int
    within: bool
