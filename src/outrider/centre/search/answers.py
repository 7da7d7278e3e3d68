"""What a search answers: reads as they may be told, and where it was blind."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from outrider.centre.store.questions import Associate, CrossedMark


@dataclass(frozen=True, slots=True)
class FoundRead:
    """A read as it may be told; what may not be told is None.

    Degrees WGS 84 (exact, or the middle of a coarse square: position_precision), m/s, metres, s.
    mark: as it was read, always; corrected_to: what somebody at the centre says that it is.
    """

    read_id: uuid.UUID
    mark: str
    at: datetime
    force: str
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    position_precision: str = "none"
    position_error_m: float | None = None
    unit_id: str | None = None
    camera_id: str | None = None
    direction: str | None = None
    heading_deg: int | None = None
    speed_mps: float | None = None
    confidence: float | None = None
    clock_error_s: float | None = None
    corrected_to: str | None = None
    corrected_by: str | None = None
    corrected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SilentCamera:
    """A camera that was heard there before and gave nothing then.

    why: `not uploaded` (its unit has not docked since), `silent`, or `gap` (numbers are missing).
    unit_id, camera_id: None where the scope does not tell units.
    """

    unit_id: str | None
    camera_id: str | None
    force: str
    why: str
    newest_upload_at: datetime | None


@dataclass(frozen=True, slots=True)
class Misread:
    """The misread rate of a unit, measured by officers' answers to hits.

    rate: with one misread more than were seen in one answer more than there were, so that no unit
    that was answered once counts as perfect.
    """

    unit_id: str | None
    right: int
    wrong: int
    rate: float


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A mark that was seen, too, and is taken for the one asked for at one character.

    expected: how many misreads of it as the mark asked for its own sightings make expected.
    """

    mark: str
    seen: int
    expected: float


@dataclass(frozen=True, slots=True)
class BlindSpots:
    """What the answer cannot know. Never left out: "not seen" alone is not an answer.

    working, silent: cameras of which something was expected there and then. newest_upload_at: of
    all units; what was read since is not here. missing_rows: numbers that neither came nor were
    declared gone. likely_misread: of one sighting of the mark, that it is another mark's misread;
    None where no mark was asked for, or none was seen.
    """

    working: int
    silent: tuple[SilentCamera, ...]
    silent_in_all: int
    newest_upload_at: datetime | None
    newest_upload_age_s: float | None
    missing_rows: int
    misreads: tuple[Misread, ...]
    look_alikes: tuple[LookAlike, ...]
    likely_misread: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of reads. total: all there are. next_page: asks for the next; empty at the end."""

    decision_id: uuid.UUID
    total: int
    reads: tuple[FoundRead, ...]
    blind: BlindSpots
    next_page: str = ""


@dataclass(frozen=True, slots=True)
class CloneSuspect:
    """Two reads of one mark that no one car can have been at: km, minutes, km/h it would take.

    doubt: what else explains it (a misread, a clock, a position that is off).
    """

    mark: str
    first_read_id: uuid.UUID
    first_at: datetime
    second_read_id: uuid.UUID
    second_at: datetime
    distance_km: float
    minutes: float
    speed_kmh: float
    doubt: str


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A hit with what became of it; answer: empty while nobody has answered.

    mark: as it was read, folded; corrected_to: what somebody at the centre says that it is.
    """

    hit_id: uuid.UUID
    read_id: uuid.UUID
    at: datetime
    mark: str
    listed: str
    list_name: str
    response: str
    match_class: str
    possible: bool
    answer: str
    note: str
    corrected_to: str | None = None


@dataclass(frozen=True, slots=True)
class OneHit:
    """One hit, and how often the vehicle that was listed was met within the scope."""

    hit: ShownHit
    times: int


@dataclass(frozen=True, slots=True)
class Listing:
    """An answer that is no page of reads: rows of one kind, and the blind spots."""

    decision_id: uuid.UUID
    kind: str
    rows: tuple[CrossedMark | Associate | CloneSuspect | ShownHit, ...]
    blind: BlindSpots


@dataclass(frozen=True, slots=True)
class FirstAndLast:
    """The first and the last time that a mark was seen within the scope; None: not seen."""

    decision_id: uuid.UUID
    total: int
    first: FoundRead | None
    last: FoundRead | None
    blind: BlindSpots
