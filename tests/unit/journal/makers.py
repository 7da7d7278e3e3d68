"""Reads, hits and actions made up for tests; pictures are JPEG-like bytes of realistic size."""

import random
import uuid

from outrider.clock import ClockQuality, UtcStamp
from outrider.records import (
    ActionKind,
    CharacterGuess,
    Direction,
    Evidence,
    FixQuality,
    Hit,
    Match,
    MatchClass,
    OfficerAction,
    Origin,
    PlateText,
    Position,
    Read,
    Response,
    VehicleOfInterest,
    uuid7,
)
from outrider.vrm import Family

BASE_UTC_NS = 1_795_000_000_000_000_000
JPEG_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF"


def picture(rng: random.Random, size: int) -> bytes:
    """Return bytes that begin and end as a JPEG does."""
    return JPEG_HEAD + rng.randbytes(size) + b"\xff\xd9"


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
    return Read(
        read_id=uuid7(BASE_UTC_NS + number * 10**8, rng.getrandbits(74)),
        text=PlateText(vrm, vrm, Family.CURRENT, 0.97, guesses),
        at=UtcStamp(BASE_UTC_NS + number * 10**8, ClockQuality.GPS, 0.001),
        mono_ns=number * 10**8,
        position=Position(52.1, -1.5, 13.0, 90.0, FixQuality.FIX_3D, 0.2, 4.0),
        origin=Origin("unit-7", "rendered", "camera-1", (("detector", "aa" * 32),)),
        direction=Direction.APPROACHING,
        frames_fused=7,
        corners=((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0)),
        evidence=Evidence(picture(rng, patch_bytes), picture(rng, overview_bytes)),
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
