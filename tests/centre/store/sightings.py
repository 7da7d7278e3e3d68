"""Sightings made up for the tests of searching: a few marks, cameras, forces and places."""

import random
import uuid

from outrider.centre.store.filed import Camera, FiledRead
from outrider.records import uuid7

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
BASE_US = 1_795_262_800_000_000  # 21 November 2026
FORCES = ("northshire", "eastshire", "westshire")
MARKS = ("AB12CDE", "AB12CDF", "K7OXO", "LL65LLL", "X1", "RE24DER", "OO01OOO")


def sighting(number: int, at_us: int, **changes: object) -> FiledRead:
    """Return a sighting of its own key."""
    values: dict[str, object] = {
        "row_key": number - 2**40,
        "camera": Camera("unit-1", "front", False, FORCES[0]),
        "at_us": at_us,
        "mark": MARKS[0],
        "latitude_e7": 515_000_000,
        "longitude_e7": -1_200_000,
        "read_id": uuid7(at_us * 1000, number).bytes,
        "confidence": 970,
        "heading": 90,
        "speed": 1_340,
    }
    return FiledRead(**(values | changes))  # type: ignore[arg-type]


def some(count: int, seed: int = 1, days: int = 400) -> list[FiledRead]:
    """Return sightings of the last so many days before BASE_US, here and there."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        force = rng.choice(FORCES)
        placed = rng.random() > 0.1
        found.append(
            sighting(
                number,
                BASE_US - rng.randrange(days * DAY_US),
                camera=Camera(f"unit-{force[0]}{rng.randrange(3)}", "front", False, force),
                mark=rng.choice(MARKS),
                latitude_e7=rng.randrange(513_000_000, 517_000_000) if placed else None,
                longitude_e7=rng.randrange(-3_000_000, 2_000_000) if placed else None,
            )
        )
    return found


def ids(rows: list[FiledRead]) -> set[uuid.UUID]:
    return {uuid.UUID(bytes=row.read_id) for row in rows}
