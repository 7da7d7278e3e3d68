"""The frozen records that pass between stages.

Everything here is plain data: made once, never changed, safe to hand from thread to thread.
Pictures are numpy arrays that nobody writes to after the record is made.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from outrider.clock import UtcStamp
from outrider.vrm import Family

Image = NDArray[np.uint8]
Corners = NDArray[np.float32]
Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a camera.

    image: uint8, H x W (grey) or H x W x 3 (RGB). mono_ns: the middle of the exposure on the
    source's monotonic clock. skipped: frames that the source dropped since the one before.
    colour: a smaller copy in RGB, uint8 h x w x 3, where the image is grey and the camera is not.
    """

    index: int
    mono_ns: int
    image: Image
    skipped: int = 0
    colour: Image | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """A plate found in a frame: corners float32 4 x 2, px, in order TL, TR, BR, BL; score 0..1."""

    corners: Corners
    score: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether what was read is a plate, and all of it.

    plate, whole: the reader's own probabilities that this is a plate, and that nothing of it is
    hidden or cut off. cut: it touches the picture's edge, whatever the reader thinks of it.
    """

    plate: float
    whole: float
    cut: bool

    @property
    def incomplete(self) -> bool:
        """Whether a part of the plate may be missing: its text may be a part of another mark."""
        return self.cut or self.whole < 0.5


@dataclass(frozen=True, slots=True)
class Observation:
    """One plate in one frame, read but not yet decided.

    probabilities: float32 9 x 37, a row a character place over `0-9 A-Z -`. patch: uint8 64 x 128.
    standing: None where the reader is of a kind that does not judge it.
    """

    frame: Frame
    detection: Detection
    probabilities: Probabilities
    patch: Image
    sharpness: float
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class CharacterGuess:
    """One character place: what it most likely is, and the others that it may be, likeliest first.

    alternatives holds (character, probability), the chosen character left out.
    """

    char: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PlateText:
    """What a plate says: normalised VRM, its family, and how sure each character is.

    raw is the mark as the reader gave it, before the grammar chose between O/0 and I/1.
    confidence is calibrated: of marks at 0.95, 95 in 100 are right. ambiguous: the grammar allows
    more than one reading of the same drawing. standing: whether it is a plate and all of it; None
    where nothing judged that (a mark that was typed, a record from before it was kept).
    """

    vrm: str
    raw: str
    family: Family
    confidence: float
    characters: tuple[CharacterGuess, ...]
    ambiguous: bool = False
    standing: Standing | None = None


class Direction(StrEnum):
    """How the plate moved in the picture during its pass."""

    APPROACHING = "approaching"
    RECEDING = "receding"
    UNKNOWN = "unknown"


class Role(IntEnum):
    """Which picture of a read."""

    PATCH = 1
    OVERVIEW = 2

    @property
    def label(self) -> str:
        """The role in words."""
        return self.name.lower()


Pictures = Mapping[Role, bytes]
"""JPEGs by their role: they travel beside the read that names them."""
NO_PICTURES: Pictures = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """A picture as a read names it: its role, its length in bytes, its SHA-256 in hex."""

    role: Role
    length: int
    sha256: str

    @classmethod
    def of(cls, role: Role, data: bytes) -> Self:
        """Return the facts of a JPEG."""
        return cls(role, len(data), hashlib.sha256(data).hexdigest())

    def is_of(self, data: bytes) -> bool:
        """Whether the bytes are the picture that is named."""
        return self == PictureFacts.of(self.role, data)


def facts_of(pictures: Pictures) -> tuple[PictureFacts, ...]:
    """Return what a read says of its pictures, in the order of their roles."""
    return tuple(PictureFacts.of(role, pictures[role]) for role in sorted(pictures))


@dataclass(frozen=True, slots=True)
class PassResult:
    """What a pass of one plate has given so far, or (final) in the end.

    pass_id is unique within the run of the tracker. mono_ns is the exposure of the best frame,
    which the pictures are of.
    """

    pass_id: int
    text: PlateText
    mono_ns: int
    first_mono_ns: int
    last_mono_ns: int
    direction: Direction
    frames_fused: int
    corners: Corners
    pictures: Pictures
    final: bool


class FixQuality(StrEnum):
    """What a position rests on."""

    NONE = "none"
    FIX_2D = "2d"
    FIX_3D = "3d"
    SURVEYED = "surveyed"


@dataclass(frozen=True, slots=True)
class Fix:
    """One position report. mono_ns: when it was true (not when it came) on the unit's clock.

    Degrees WGS 84; metres a second over ground; heading degrees from true north; error_m at 95 %.
    """

    mono_ns: int
    utc_ns: int
    latitude_deg: float
    longitude_deg: float
    speed_mps: float | None
    heading_deg: float | None
    quality: FixQuality
    error_m: float | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where the unit was at an instant; age_s: how far the instant lies from the nearest fix."""

    latitude_deg: float | None
    longitude_deg: float | None
    speed_mps: float | None
    heading_deg: float | None
    quality: FixQuality
    age_s: float | None
    error_m: float | None


NO_POSITION = Position(None, None, None, None, FixQuality.NONE, None, None)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who read it: unit, source and camera, and with which models (name -> SHA-256)."""

    unit_id: str
    source_id: str
    camera_id: str
    model_digests: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """One passing plate: the one record of it. See DESIGN's "Records".

    sequence number and the previous read's hash are the journal's, added where it is written.
    pictures: what there was to keep, each named once; the bytes travel beside the read, and may be
    given up for want of room. Raises ValueError where one is named twice.
    """

    read_id: uuid.UUID
    text: PlateText
    at: UtcStamp
    mono_ns: int
    position: Position
    origin: Origin
    direction: Direction
    frames_fused: int
    corners: tuple[tuple[float, float], ...]
    pictures: tuple[PictureFacts, ...]
    hotlist_revision: str

    def __post_init__(self) -> None:
        if len({picture.role for picture in self.pictures}) != len(self.pictures):
            raise ValueError("a picture of one role is named twice")

    def picture(self, role: Role) -> PictureFacts | None:
        """Return what it says of its picture of a role."""
        return next((picture for picture in self.pictures if picture.role is role), None)


class Response(StrEnum):
    """What the crew is asked to do about a vehicle of interest."""

    STOP = "stop"
    ASSESS = "assess"
    OBSERVE = "observe"
    SILENT = "silent"


class MatchClass(StrEnum):
    """How a read met an entry, surest first."""

    EXACT = "exact"
    WILDCARD = "wildcard"
    LOOK_ALIKE = "look-alike"


@dataclass(frozen=True, slots=True)
class VehicleOfInterest:
    """A hotlist entry. vrm may hold `?` (one character) and `*` (any number).

    It holds from valid_from to weed_date, both days included, by the calendar of the United
    Kingdom. armed_area: name of a polygon of its list; armed_hours: as `Mon-Fri 07:00-19:00`;
    empty: everywhere, always.
    """

    vrm: str
    reason: str
    response: Response = Response.ASSESS
    priority: int = 3
    make: str = ""
    model: str = ""
    colour: str = ""
    warning_markers: str = ""
    intelligence_grading: str = ""
    instruction: str = ""
    force_area: str = ""
    valid_from: date | None = None
    weed_date: date | None = None
    source_reference: str = ""
    owner: str = ""
    protective_marking: str = ""
    armed_area: str = ""
    armed_hours: str = ""


@dataclass(frozen=True, slots=True)
class CharacterDifference:
    """Where a look-alike differs: place (0 is first), read as, listed as, and the doubt."""

    place: int
    read: str
    listed: str
    probability_listed: float


@dataclass(frozen=True, slots=True)
class Match:
    """A read met an entry: which list, its revision and age in s, the class, and why."""

    list_name: str
    list_revision: str
    list_age_s: float | None
    match_class: MatchClass
    entry: VehicleOfInterest
    differences: tuple[CharacterDifference, ...] = ()

    def is_possible(self, doubtful: bool) -> bool:
        """Whether it is a *possible*: a look-alike, or of a read that is not sure enough."""
        return doubtful or self.match_class is MatchClass.LOOK_ALIKE


@dataclass(frozen=True, slots=True)
class Hit:
    """A match raised to the crew (or, silent, kept from them), with the read as it stood then.

    doubtful: the read's confidence lies under the operating point for an alarm.
    """

    hit_id: uuid.UUID
    read: Read
    match: Match
    look_back: bool = False
    doubtful: bool = False

    @property
    def silent(self) -> bool:
        """Whether nothing may be shown, sounded or sent to the alarm unit."""
        return self.match.entry.response is Response.SILENT

    @property
    def possible(self) -> bool:
        """Whether this is a *possible*: a look-alike, or a read that is not sure enough."""
        return self.match.is_possible(self.doubtful)

    @property
    def response(self) -> Response:
        """What the crew is asked to do; a possible is never a stop."""
        asked = self.match.entry.response
        return Response.ASSESS if self.possible and asked is Response.STOP else asked


class ActionKind(StrEnum):
    """What an officer did about a hit."""

    CORRECT = "correct"
    MISREAD = "misread"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class OfficerAction:
    """What an officer did about a hit, and when; note: the true mark or the reason, if given."""

    hit_id: uuid.UUID
    kind: ActionKind
    at: UtcStamp
    note: str = ""


class Level(StrEnum):
    """How a component is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    OFF = "off"


class Part(StrEnum):
    """The components whose state is told: to `outrider status`, in a log, to the alarm unit."""

    CAMERA = "camera"
    GPS = "gps"
    CLOCK = "clock"
    RECOGNISER = "recogniser"
    PIPELINE = "pipeline"
    HOTLIST = "hotlist"
    HOTLIST_UPDATE = "hotlist-update"
    ALARM = "alarm"
    JOURNAL = "journal"
    SYNC = "sync"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """A component's state, said so that a technician knows what to do; counts are totals.

    hangs: a call into a driver does not return, which only a new process mends.
    """

    name: Part
    level: Level
    detail: str
    counts: dict[str, int] = field(default_factory=dict)
    hangs: bool = False


def uuid7(utc_ns: int, random_bits: int) -> uuid.UUID:
    """Return a version 7 UUID (RFC 9562, 5.7) of an instant and at least 74 random bits.

    The bits are given, not drawn, so that a replay of a recording makes the same identifiers.
    """
    ms = (utc_ns // 1_000_000) & ((1 << 48) - 1)
    rand_a = (random_bits >> 62) & 0xFFF
    rand_b = random_bits & ((1 << 62) - 1)
    return uuid.UUID(int=ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


def uuid7_time(identifier: uuid.UUID) -> datetime:
    """Return the instant that a version 7 UUID was made at, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)
