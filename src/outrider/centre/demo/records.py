"""Planned reads as the records that units make, with rendered plates for pictures."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import cv2
import numpy as np

from outrider.centre.demo.world import Planned
from outrider.clock import ClockQuality, UtcStamp
from outrider.plates.draw import draw_plate
from outrider.plates.style import random_spec
from outrider.records import (
    NO_PICTURES,
    ActionKind,
    CharacterGuess,
    Direction,
    FixQuality,
    Hit,
    Match,
    OfficerAction,
    Origin,
    Pictures,
    PlateText,
    Position,
    Read,
    Role,
    VehicleOfInterest,
    facts_of,
    uuid7,
)
from outrider.vrm import family
from outrider.wire.read_record import Record

_MODELS = (("detector", "d0" * 32), ("reader", "4e" * 32))


def records_of(planned: Planned, rng: random.Random) -> Iterator[tuple[Record, Pictures]]:
    """Yield the read, the hit that it is, and what the crew did about it; pictures beside each."""
    read, pictures = _read(planned, rng)
    yield read, pictures
    if planned.listed is None:
        return
    listed = planned.listed
    entry = VehicleOfInterest(listed.vrm, listed.reason, listed.response, owner=planned.unit.force)
    match = Match(listed.list_name, "1", 3600.0, listed.match_class, entry)
    hit = Hit(_identifier(planned.at_us, rng), read, match)
    yield hit, pictures
    if planned.answer is not None:
        kind, note = planned.answer
        at = UtcStamp(read.at.utc_ns + 90 * 10**9, ClockQuality.GPS, 0.001)
        yield OfficerAction(hit.hit_id, ActionKind(kind), at, note), NO_PICTURES


def _read(planned: Planned, rng: random.Random) -> tuple[Read, Pictures]:
    unit, mark, sure = planned.unit, planned.mark, planned.confidence
    on = datetime.fromtimestamp(planned.at_us // 1_000_000, tz=UTC).date()
    guesses = tuple(CharacterGuess(char, sure) for char in mark)
    quality = FixQuality.SURVEYED if unit.fixed else FixQuality.FIX_3D
    read_id = _identifier(planned.at_us, rng)
    speed_mps, heading_deg = rng.uniform(0, 30), rng.uniform(0, 359)
    frames_fused = rng.randrange(3, 20)
    pictures = pictures_of(mark, rng) if planned.pictured else NO_PICTURES
    read = Read(
        read_id=read_id,
        text=PlateText(mark, mark, family(mark, on), sure, guesses),
        at=UtcStamp(planned.at_us * 1000, ClockQuality.GPS, 0.001),
        mono_ns=planned.at_us * 1000,
        position=Position(
            planned.latitude, planned.longitude, speed_mps, heading_deg, quality, 0.1, 4.0
        ),
        origin=Origin(unit.unit_id, "rendered", "front", _MODELS),
        direction=Direction.APPROACHING,
        frames_fused=frames_fused,
        corners=((0.4, 0.6), (0.5, 0.6), (0.5, 0.65), (0.4, 0.65)),
        pictures=facts_of(pictures),
        hotlist_revision="stolen:1",
    )
    return read, pictures


def _identifier(at_us: int, rng: random.Random) -> uuid.UUID:
    return uuid7(at_us * 1000, rng.getrandbits(74))


def pictures_of(mark: str, rng: random.Random) -> Pictures:
    """Return a plate as it was drawn, and a view that it stands in."""
    spec = random_spec(np.random.default_rng(rng.getrandbits(32)), mark=mark, family="current")
    plate = np.ascontiguousarray(draw_plate(spec, 0.5).rgb[:, :, ::-1])
    view = np.full((240, 320, 3), rng.randrange(60, 120), np.uint8)
    view[120:] = 45
    view[150:166, 128:192] = cv2.resize(plate, (64, 16), interpolation=cv2.INTER_AREA)
    return {Role.PATCH: _jpeg(plate), Role.OVERVIEW: _jpeg(view)}


def _jpeg(image: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise ValueError("OpenCV writes no JPEG")
    return data.tobytes()
