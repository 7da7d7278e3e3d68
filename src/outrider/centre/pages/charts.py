"""A map and a time line of reads as figures to be drawn (SVG): places on a plane, no outside map.

The table beside them says the same in words and is never left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from outrider.centre.search.answers import FoundRead

WIDTH, HEIGHT = 640, 400
_EDGE = 40
_KM_PER_DEGREE = 111.32
_LEAST_KM = 0.5
_STEPS_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_COARSE_DEGREES = 0.1


@dataclass(frozen=True, slots=True)
class Point:
    """A read on the map: where, its numbers in the table; wide, high: of a coarse square."""

    x: float
    y: float
    numbers: str
    wide: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class Chart:
    """The map. grid: lines each step; scale_px: how long a step is, scale: in words."""

    points: tuple[Point, ...]
    way: str
    columns: tuple[float, ...]
    rows: tuple[float, ...]
    scale_px: float
    scale: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A read on the time line."""

    x: float
    number: int


@dataclass(frozen=True, slots=True)
class TimeLine:
    """The time line from first to last."""

    ticks: tuple[Tick, ...]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """What has a place: its number in the table, degrees, whether told as a square alone."""

    number: int
    latitude_deg: float
    longitude_deg: float
    coarse: bool


def chart_of(reads: Sequence[FoundRead], way: bool) -> Chart | None:
    """Return the map of what has a position; None where nothing has. way: joined in order."""
    return map_of(
        [
            Placed(n, read.latitude_deg, read.longitude_deg, read.position_precision == "coarse")
            for n, read in enumerate(reads, 1)
            if read.latitude_deg is not None and read.longitude_deg is not None
        ],
        way,
    )


def map_of(some: Sequence[Placed], way: bool = False) -> Chart | None:
    """Return the map of what is placed; None where nothing is."""
    placed = [(one.number, one.latitude_deg, one.longitude_deg, one.coarse) for one in some]
    if not placed:
        return None
    plane = _Plane([(lat, lon) for _, lat, lon, _ in placed])
    by_place: dict[tuple[float, float, bool], list[int]] = {}
    for number, lat, lon, coarse in placed:
        x, y = plane.at(lat, lon)
        by_place.setdefault((round(x, 1), round(y, 1), coarse), []).append(number)
    points = tuple(
        Point(x, y, _numbers(some), *(plane.square() if coarse else (0.0, 0.0)))
        for (x, y, coarse), some in by_place.items()
    )
    path = ""
    if way:
        path = " ".join("{:.1f},{:.1f}".format(*plane.at(lat, lon)) for _, lat, lon, _ in placed)
    step = plane.step_km * plane.px_per_km
    scale = f"{plane.step_km:g} km" if plane.step_km >= 1 else f"{plane.step_km * 1000:g} m"
    return Chart(points, path, _lines(WIDTH, step), _lines(HEIGHT, step), round(step, 1), scale)


class _Plane:
    """Degrees onto the drawing: a plane around the middle."""

    def __init__(self, places: Sequence[tuple[float, float]]) -> None:
        latitudes, longitudes = zip(*places, strict=True)
        self._lat = (min(latitudes) + max(latitudes)) / 2
        self._lon = (min(longitudes) + max(longitudes)) / 2
        self._shrink = math.cos(math.radians(self._lat))
        high = max((max(latitudes) - min(latitudes)) * _KM_PER_DEGREE, _LEAST_KM)
        wide = (max(longitudes) - min(longitudes)) * _KM_PER_DEGREE * self._shrink
        wide = max(wide, _LEAST_KM)
        self.px_per_km = min((WIDTH - 2 * _EDGE) / wide, (HEIGHT - 2 * _EDGE) / high)
        fits = [step for step in _STEPS_KM if step * self.px_per_km >= 60]
        self.step_km = fits[0] if fits else _STEPS_KM[-1]

    def at(self, latitude: float, longitude: float) -> tuple[float, float]:
        x = (longitude - self._lon) * _KM_PER_DEGREE * self._shrink * self.px_per_km
        y = (self._lat - latitude) * _KM_PER_DEGREE * self.px_per_km
        return WIDTH / 2 + x, HEIGHT / 2 + y

    def square(self) -> tuple[float, float]:
        high = _COARSE_DEGREES * _KM_PER_DEGREE * self.px_per_km
        return round(high * self._shrink, 1), round(high, 1)


def _lines(length: int, step: float) -> tuple[float, ...]:
    return tuple(round(number * step, 1) for number in range(1, math.ceil(length / step)))


def _numbers(some: Sequence[int]) -> str:
    shown = ", ".join(map(str, some[:3]))
    return shown if len(some) <= 3 else f"{shown} and {len(some) - 3} more"


def line_of(reads: Sequence[FoundRead]) -> TimeLine | None:
    """Return the time line; None where there is no span to draw."""
    times = [read.at for read in reads]
    if len(times) < 2 or min(times) == max(times):
        return None
    since, until = min(times), max(times)
    length = (until - since).total_seconds()
    ticks = tuple(
        Tick(round(10 + (WIDTH - 20) * (at - since).total_seconds() / length, 1), number)
        for number, at in enumerate(times, 1)
    )
    return TimeLine(ticks, since, until)
