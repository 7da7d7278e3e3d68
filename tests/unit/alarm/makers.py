"""Hits for the tests of the alarm side."""

import itertools
import uuid
from dataclasses import replace

from outrider.clock import ClockQuality, UtcStamp
from outrider.records import (
    NO_POSITION,
    CharacterGuess,
    Direction,
    Hit,
    Match,
    MatchClass,
    Origin,
    PlateText,
    Read,
    Response,
    VehicleOfInterest,
    uuid7,
)
from outrider.vrm import Family

_NUMBERS = itertools.count(1)
_UTC_NS = 1_795_000_000 * 1_000_000_000


def new_id() -> uuid.UUID:
    """Return a new identifier, the same in every run of the tests."""
    return uuid7(_UTC_NS, next(_NUMBERS) * 0x9E37_79B9_7F4A_7C15 % (1 << 74))


def read(vrm: str = "AB12CDE") -> Read:
    """Return a sure read of a mark."""
    characters = tuple(CharacterGuess(char, 0.99) for char in vrm)
    text = PlateText(vrm, vrm, Family.CURRENT, 0.99, characters)
    return Read(
        new_id(),
        text,
        UtcStamp(_UTC_NS, ClockQuality.GPS, 0.0),
        0,
        NO_POSITION,
        Origin("unit-1", "test", "camera-1", ()),
        Direction.APPROACHING,
        3,
        ((0.0, 0.0),) * 4,
        (),
        "r1",
    )


def entry(**changes: object) -> VehicleOfInterest:
    """Return a stolen blue Ford Focus to be stopped, or something else."""
    made = VehicleOfInterest(
        "AB12CDE", "stolen", Response.STOP, 1, make="FORD", model="FOCUS", colour="BLUE"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def hit(
    response: Response = Response.STOP,
    priority: int = 1,
    match_class: MatchClass = MatchClass.EXACT,
    *,
    look_back: bool = False,
    doubtful: bool = False,
    **changes: object,
) -> Hit:
    """Return a new hit of its own identifier."""
    listed = entry(response=response, priority=priority, **changes)
    match = Match("test", "r1", 60.0, match_class, listed)
    return Hit(new_id(), read(listed.vrm), match, look_back=look_back, doubtful=doubtful)
