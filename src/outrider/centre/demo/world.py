"""The made-up country: three forces, their units, the traffic of every day."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from outrider.records import MatchClass, Response

FORCES = ("northshire", "eastshire", "westshire")
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXY"
_TOWNS = {"northshire": (53.40, -1.50), "eastshire": (52.60, 0.40), "westshire": (52.10, -2.70)}
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class DemoUnit:
    """A unit: mobile ones drive about their town, fixed ones stand at one place."""

    unit_id: str
    force: str
    fixed: bool
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Listed:
    """What a planned read is a hit of."""

    list_name: str
    vrm: str
    response: Response
    reason: str
    match_class: MatchClass = MatchClass.EXACT


@dataclass(frozen=True, slots=True)
class Planned:
    """A read to be made. listed: it is a hit; answer: what the crew did about it, with its note."""

    at_us: int
    unit: DemoUnit
    mark: str
    latitude: float
    longitude: float
    confidence: float = 0.97
    pictured: bool = False
    listed: Listed | None = None
    answer: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class World:
    """The units, and the vehicles of every day with the hours and streets of each."""

    units: tuple[DemoUnit, ...]
    vehicles: tuple[str, ...] = field(repr=False)

    def unit(self, unit_id: str) -> DemoUnit:
        """Return a unit by its name."""
        return next(unit for unit in self.units if unit.unit_id == unit_id)


def make_world(rng: random.Random, vehicles: int) -> World:
    """Return a world of four units a force."""
    units = []
    for force, (latitude, longitude) in _TOWNS.items():
        for number in range(1, 5):
            fixed = number > 2
            kind = "mast" if fixed else "car"
            place = latitude + rng.uniform(-0.05, 0.05), longitude + rng.uniform(-0.08, 0.08)
            units.append(DemoUnit(f"{force}-{kind}-{number}", force, fixed, *place))
    marks: set[str] = set()
    while len(marks) < vehicles:
        marks.add(_mark(rng))
    return World(tuple(units), tuple(sorted(marks)))


def _mark(rng: random.Random) -> str:
    age = rng.choice([*range(10, 26), *range(60, 76)])
    ends = "".join(rng.choices(_LETTERS, k=5))
    return f"{ends[:2]}{age:02d}{ends[2:]}"


def everyday(
    rng: random.Random, world: World, first_us: int, last_us: int, a_day: float
) -> Iterator[Planned]:
    """Yield the traffic of a span: commuters mostly, by day mostly."""
    count = round((last_us - first_us) / DAY_US * a_day)
    for _ in range(count):
        unit = rng.choice(world.units)
        # A vehicle has its own town: a third of all marks is a force's.
        own = FORCES.index(unit.force)
        pick = int(rng.random() ** 2 * (len(world.vehicles) // 3)) * 3 + own
        day_us = first_us + rng.randrange(max(1, (last_us - first_us) // DAY_US)) * DAY_US
        at_us = day_us + int(min(23.99, max(0.0, rng.gauss(13.0, 4.5))) * HOUR_US)
        if at_us >= last_us:
            continue
        yield Planned(at_us, unit, world.vehicles[pick], *near(rng, unit), _sure(rng))


def near(rng: random.Random, unit: DemoUnit) -> tuple[float, float]:
    """Return where a unit may be: a fixed one at its mast, a car in its town."""
    if unit.fixed:
        return unit.latitude, unit.longitude
    return unit.latitude + rng.gauss(0, 0.015), unit.longitude + rng.gauss(0, 0.025)


def _sure(rng: random.Random) -> float:
    return min(0.999, max(0.5, rng.gauss(0.97, 0.03)))
