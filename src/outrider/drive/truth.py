"""What a drive really showed, and how well its reads meet that: shared by all drives.

A rendered drive knows its truth exactly; a recorded one keeps what people saw in `truth.json`.
Rates are per *vehicle pass*: one vehicle's plate, from its first frame in sight to its last.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from outrider.records import Direction, Read
from outrider.vrm import Family, fold

NS_PER_S = 1_000_000_000
_STRICT = ConfigDict(extra="forbid")
_GUESS_EDITS = 3  # a read without a place belongs to a pass in sight that differs by no more

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]


class TruthError(ValueError):
    """A truth file cannot be used: what is wrong, where in it, and what to do."""


class PlateColour(StrEnum):
    """Ground of the plate."""

    WHITE = "white"
    YELLOW = "yellow"
    BLACK = "black"


@dataclass(frozen=True, slots=True)
class PlateSighting:
    """One plate in one frame.

    corners: px in order TL, TR, BR, BL of the plate as the viewer sees it, (0, 0) the centre of
    the top left pixel. height_px: mean of the plate's two upright edges. hidden: part of the
    plate's area behind nearer vehicles or off the picture, 0..1. readable: by the truth's rule.
    """

    __pydantic_config__ = _STRICT
    frame: Annotated[int, Field(ge=0)]
    corners: Quad
    height_px: Annotated[float, Field(ge=0)]
    hidden: Annotated[float, Field(ge=0, le=1)]
    readable: bool


@dataclass(frozen=True, slots=True)
class VehiclePass:
    """One vehicle's plate while it is in sight.

    readable_frames: how many frames show it readably. sightings may be empty where nobody marked
    the frames one by one.
    """

    __pydantic_config__ = _STRICT
    number: int
    vrm: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,9}$")]
    family: Family
    colour: PlateColour
    two_line: bool
    vehicle: str
    direction: Direction
    first_frame: Annotated[int, Field(ge=0)]
    last_frame: Annotated[int, Field(ge=0)]
    first_mono_ns: int
    last_mono_ns: int
    max_height_px: float
    readable_frames: Annotated[int, Field(ge=0)]
    sightings: tuple[PlateSighting, ...] = ()

    def sighting(self, mono_ns: int) -> PlateSighting | None:
        """Return the sighting nearest an instant, by even spacing of the pass's frames."""
        if not self.sightings:
            return None
        span_ns = max(1, self.last_mono_ns - self.first_mono_ns)
        span_frames = self.last_frame - self.first_frame
        frame = self.first_frame + (mono_ns - self.first_mono_ns) / span_ns * span_frames
        return min(self.sightings, key=lambda seen: abs(seen.frame - frame))


@dataclass(frozen=True, slots=True)
class DriveTruth:
    """Every pass of a drive, and the rule by which a pass is due to be read.

    A sighting is readable from readable_height_px up, with no more hidden than hidden_limit; a
    pass is due when it has at least min_readable_frames such sightings.
    """

    __pydantic_config__ = _STRICT
    source_id: str
    note: str
    width_px: int
    height_px: int
    rate_hz: float
    frame_count: int
    readable_height_px: float
    hidden_limit: float
    min_readable_frames: int
    passes: tuple[VehiclePass, ...]

    def due(self, vehicle_pass: VehiclePass) -> bool:
        """Return whether the pass can fairly be asked of a reader."""
        return vehicle_pass.readable_frames >= self.min_readable_frames


_CODEC: TypeAdapter[DriveTruth] = TypeAdapter(DriveTruth)


def to_json(truth: DriveTruth) -> str:
    """Return the truth as JSON, one pass a line so that a changed golden drive can be reviewed."""
    whole = _CODEC.dump_python(truth, mode="json")
    adapter: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])
    passes = [adapter.dump_json(one).decode() for one in whole.pop("passes")]
    head = adapter.dump_json(whole, indent=1).decode().rstrip("}\n")
    return head + ',\n "passes": [\n' + ",\n".join(passes) + "\n]}\n"


def from_json(text: str | bytes, where: str = "truth.json") -> DriveTruth:
    """Return the truth that a JSON text holds.

    Raises TruthError naming each place that is wrong; `where` is the file's name for the message.
    """
    try:
        return _CODEC.validate_json(text)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}"
            for fault in error.errors()[:5]
        )
        raise TruthError(
            f"{where} is no truth of a drive: {faults}. Mend it or write the drive again"
        ) from error


@dataclass(frozen=True, slots=True)
class DriveRead:
    """One read as scored: the mark, when its best frame was exposed, where (None: not known)."""

    vrm: str
    mono_ns: int
    direction: Direction = Direction.UNKNOWN
    corners: tuple[Point, ...] | None = None

    @classmethod
    def of(cls, read: Read) -> "DriveRead":
        """Return what scoring needs of a read."""
        return cls(read.text.vrm, read.mono_ns, read.direction, read.corners)


class Outcome(StrEnum):
    """What became of a pass."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class PassScore:
    """One pass and the reads that it gave, first to last; due: counted in the rates."""

    vehicle_pass: VehiclePass
    due: bool
    reads: tuple[DriveRead, ...]

    @property
    def right_reads(self) -> int:
        """How many of its reads give its mark (folded: O as 0, I as 1)."""
        key = fold(self.vehicle_pass.vrm)
        return sum(fold(read.vrm) == key for read in self.reads)

    @property
    def outcome(self) -> Outcome:
        """Right if any read gave the mark, wrong if all gave another, missed without a read."""
        if not self.reads:
            return Outcome.MISSED
        return Outcome.RIGHT if self.right_reads else Outcome.WRONG

    @property
    def direction_right(self) -> bool | None:
        """Whether the first read's direction is the true one; None where it names none."""
        named = [r.direction for r in self.reads if r.direction is not Direction.UNKNOWN]
        return named[0] is self.vehicle_pass.direction if named else None


@dataclass(frozen=True, slots=True)
class DriveScore:
    """How the reads of a drive meet its truth. Rates are None where nothing was due.

    capture_rate: due passes with any read, of due passes. read_rate: those read right, of those
    captured. wrong_reads and doubled_reads count over all passes, due or not; false_reads belong
    to no pass at all.
    """

    passes: tuple[PassScore, ...]
    false_reads: tuple[DriveRead, ...]

    @property
    def due(self) -> int:
        """Passes that can fairly be asked of a reader."""
        return sum(one.due for one in self.passes)

    @property
    def captured(self) -> int:
        """Due passes with at least one read, right or wrong."""
        return sum(one.due and one.outcome is not Outcome.MISSED for one in self.passes)

    @property
    def right(self) -> int:
        """Due passes with a right read."""
        return sum(one.due and one.outcome is Outcome.RIGHT for one in self.passes)

    @property
    def missed(self) -> int:
        """Due passes without a read."""
        return self.due - self.captured

    @property
    def right_beyond_due(self) -> int:
        """Passes read right although too small or too hidden to be due."""
        return sum(not one.due and one.outcome is Outcome.RIGHT for one in self.passes)

    @property
    def wrong_reads(self) -> int:
        """Reads of a vehicle that give another mark than its own."""
        return sum(len(one.reads) - one.right_reads for one in self.passes)

    @property
    def doubled_reads(self) -> int:
        """Reads beyond the first of their pass."""
        return sum(max(0, len(one.reads) - 1) for one in self.passes)

    @property
    def capture_rate(self) -> float | None:
        """Captured of due."""
        return self.captured / self.due if self.due else None

    @property
    def read_rate(self) -> float | None:
        """Right of captured."""
        return self.right / self.captured if self.captured else None


def score(truth: DriveTruth, reads: Iterable[DriveRead], tolerance_s: float = 1.0) -> DriveScore:
    """Give each read to the pass that it belongs to, and score.

    A read that gives a mark in sight within tolerance_s is that pass's. Any other belongs to the
    plate that it was read from: the one that its corners overlap or, without corners, the one in
    sight whose mark is nearest (3 edits at most). What is left over was read from no plate.
    """
    tolerance_ns = round(tolerance_s * NS_PER_S)
    given: dict[int, list[DriveRead]] = {one.number: [] for one in truth.passes}
    false_reads: list[DriveRead] = []
    for read in sorted(reads, key=lambda one: (one.mono_ns, one.vrm)):
        owner = _owner_by_mark(truth, read, tolerance_ns) or _owner_by_place(truth, read)
        if owner is None:
            false_reads.append(read)
        else:
            given[owner.number].append(read)
    scores = (PassScore(one, truth.due(one), tuple(given[one.number])) for one in truth.passes)
    return DriveScore(tuple(scores), tuple(false_reads))


def _distance_ns(vehicle_pass: VehiclePass, mono_ns: int) -> int:
    return max(vehicle_pass.first_mono_ns - mono_ns, mono_ns - vehicle_pass.last_mono_ns, 0)


def _owner_by_mark(truth: DriveTruth, read: DriveRead, tolerance_ns: int) -> VehiclePass | None:
    key = fold(read.vrm)
    near = [
        (_distance_ns(one, read.mono_ns), one.number, one)
        for one in truth.passes
        if fold(one.vrm) == key and _distance_ns(one, read.mono_ns) <= tolerance_ns
    ]
    return min(near)[2] if near else None


def _owner_by_place(truth: DriveTruth, read: DriveRead) -> VehiclePass | None:
    in_sight = [one for one in truth.passes if _distance_ns(one, read.mono_ns) == 0]
    if read.corners is not None and all(one.sightings for one in in_sight):
        return _most_overlapped(in_sight, read, read.corners)
    near = [(_edits(fold(one.vrm), fold(read.vrm)), one.number, one) for one in in_sight]
    edits, _, owner = min(near, default=(_GUESS_EDITS + 1, 0, None))
    return owner if edits <= _GUESS_EDITS else None


def _most_overlapped(
    passes: list[VehiclePass], read: DriveRead, corners: tuple[Point, ...]
) -> VehiclePass | None:
    best: tuple[float, VehiclePass | None] = (0.0, None)
    for one in passes:
        seen = one.sighting(read.mono_ns)
        overlap = _box_overlap(seen.corners, corners) if seen else 0.0
        if overlap > best[0]:
            best = (overlap, one)
    return best[1]


def _box_overlap(first: tuple[Point, ...], second: tuple[Point, ...]) -> float:
    """Return the intersection over union of the upright boxes around two shapes."""
    ax, ay = [x for x, _ in first], [y for _, y in first]
    bx, by = [x for x, _ in second], [y for _, y in second]
    width = min(max(ax), max(bx)) - max(min(ax), min(bx))
    height = min(max(ay), max(by)) - max(min(ay), min(by))
    if width <= 0 or height <= 0:
        return 0.0
    area_a = (max(ax) - min(ax)) * (max(ay) - min(ay))
    area_b = (max(bx) - min(bx)) * (max(by) - min(by))
    return width * height / (area_a + area_b - width * height)


def _edits(first: str, second: str) -> int:
    """Return the Levenshtein distance of two marks."""
    row = list(range(len(second) + 1))
    for i, char in enumerate(first, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(second, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (char != other)),
            )
    return row[-1]
