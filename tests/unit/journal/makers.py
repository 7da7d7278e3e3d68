"""Reads, hits and actions made up for tests; pictures are JPEG-like bytes of realistic size."""

import random
import uuid
from typing import TypeVar

from outrider.clock import ClockQuality, UtcStamp
from outrider.records import (
    ActionKind,
    CharacterGuess,
    Direction,
    FixQuality,
    Hit,
    Match,
    MatchClass,
    OfficerAction,
    Origin,
    Pictures,
    PlateText,
    Position,
    Read,
    Response,
    Role,
    VehicleOfInterest,
    facts_of,
    uuid7,
)
from outrider.vrm import Family
from outrider.wire.read_record import Record, read_in

R = TypeVar("R", bound=Record)
BASE_UTC_NS = 1_795_000_000_000_000_000
JPEG_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF"
JPEG_TAIL = b"\xff\xd9"


def picture(rng: random.Random, size: int) -> bytes:
    """Return bytes that begin and end as a JPEG does."""
    return JPEG_HEAD + rng.randbytes(size) + JPEG_TAIL


def _pictures(read_id: uuid.UUID, sizes: dict[Role, int]) -> Pictures:
    return {role: picture(random.Random(f"{read_id} {role}"), sizes[role]) for role in sizes}


def pictured(record: R) -> tuple[R, Pictures]:
    """Return a record made here with its pictures beside it."""
    return record, pictures_of(record)


def pictures_of(record: Record) -> Pictures:
    """Return the pictures that a read made here names: they follow from its id and their sizes."""
    made = read_in(record)
    if made is None:
        return {}
    frame = len(JPEG_HEAD) + len(JPEG_TAIL)
    return _pictures(made.read_id, {one.role: one.length - frame for one in made.pictures})


def mark(number: int) -> str:
    """Return a mark of the current form that is the number's own."""
    letters = "ABCDEFGHJKLMNOPRSTUVWXY"
    tail = "".join(letters[(number // len(letters) ** i) % len(letters)] for i in range(3))
    return f"KX21{tail}"


def read(
    number: int, *, patch_bytes: int = 2_000, overview_bytes: int = 9_000, vrm: str | None = None
) -> Read:
    """Return the read that the number stands for; the same number gives the same read."""
    rng = random.Random(number)
    vrm = vrm or mark(number)
    guesses = tuple(CharacterGuess(c, 0.99, (("8", 0.006), ("3", 0.002))) for c in vrm)
    read_id = uuid7(BASE_UTC_NS + number * 10**8, rng.getrandbits(74))
    sizes = {Role.PATCH: patch_bytes, Role.OVERVIEW: overview_bytes}
    return Read(
        read_id=read_id,
        text=PlateText(vrm, vrm, Family.CURRENT, 0.97, guesses),
        at=UtcStamp(BASE_UTC_NS + number * 10**8, ClockQuality.GPS, 0.001),
        mono_ns=number * 10**8,
        position=Position(52.1, -1.5, 13.0, 90.0, FixQuality.FIX_3D, 0.2, 4.0),
        origin=Origin("unit-7", "rendered", "camera-1", (("detector", "aa" * 32),)),
        direction=Direction.APPROACHING,
        frames_fused=7,
        corners=((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0)),
        pictures=facts_of(_pictures(read_id, sizes)),
        hotlist_revision="2026-11-20T06:00Z",
    )


def hit(number: int, response: Response = Response.STOP) -> Hit:
    """Return a hit on the read that the number stands for."""
    seen = read(number)
    entry = VehicleOfInterest(seen.text.vrm, "stolen vehicle", response, 1)
    match = Match("PNC", "r1", 60.0, MatchClass.EXACT, entry)
    return Hit(uuid.UUID(int=number), seen, match)


def action(number: int) -> OfficerAction:
    """Return what an officer did about the hit of the number."""
    at = UtcStamp(BASE_UTC_NS, ClockQuality.GPS, 0.001)
    return OfficerAction(uuid.UUID(int=number), ActionKind.MISREAD, at, "KX21ABD")
