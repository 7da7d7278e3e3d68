"""Where: squares of a grid, circles and polygons, in whole 1e-7 degrees, and as SQL.

Plane geometry around the place asked for: within the 50 km that a search may span it is off by
less than a metre in a thousand.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from outrider.centre.store.bounds import COARSE_E7, E7, Box

CELL_E7 = 100_000  # a hundredth of a degree: 1.1 km by about 0.7 km in Britain
METRES_PER_E7 = 0.011132
MOST_CELLS = 4096
MOST_CORNERS = 64
MOST_RADIUS_M = 50_000.0


class PlaceFault(ValueError):
    """A place that cannot be searched: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle: its middle in 1e-7 degrees, its radius in metres."""

    latitude_e7: int
    longitude_e7: int
    radius_m: float

    def __post_init__(self) -> None:
        if not 1 <= self.radius_m <= MOST_RADIUS_M:
            raise PlaceFault(f"radius: 1 to {MOST_RADIUS_M:.0f} m")
        Box(self.latitude_e7, self.longitude_e7, self.latitude_e7, self.longitude_e7)

    @property
    def box(self) -> Box:
        """The smallest box around it."""
        high = math.ceil(self.radius_m / METRES_PER_E7)
        wide = math.ceil(high / _shrink(self.latitude_e7))
        return Box(
            max(self.latitude_e7 - high, -90 * E7),
            max(self.longitude_e7 - wide, -180 * E7),
            min(self.latitude_e7 + high, 90 * E7),
            min(self.longitude_e7 + wide, 180 * E7),
        )

    def sql(self, latitude: str, longitude: str) -> tuple[str, tuple[object, ...]]:
        """Return the condition that a position lies in it, and its values."""
        x = f"(({longitude} - ?) * ?)"
        y = f"(({latitude} - ?) * ?)"
        scale = METRES_PER_E7 * _shrink(self.latitude_e7)
        values = (self.longitude_e7, scale) * 2 + (self.latitude_e7, METRES_PER_E7) * 2
        return f"({x} * {x} + {y} * {y} <= ?)", (*values, float(self.radius_m) ** 2)


@dataclass(frozen=True, slots=True)
class Polygon:
    """A polygon as it was drawn: corners as latitude and longitude in 1e-7 degrees, not closed."""

    corners: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not len(set(self.corners)) >= 3 or len(self.corners) > MOST_CORNERS:
            raise PlaceFault(f"a polygon has 3 to {MOST_CORNERS} corners")
        box = self.box
        most = 2 * MOST_RADIUS_M / METRES_PER_E7
        if box.north - box.south > most or (box.east - box.west) * _shrink(box.south) > most:
            raise PlaceFault(f"a polygon spans at most {2 * MOST_RADIUS_M / 1000:.0f} km")

    @property
    def box(self) -> Box:
        """The smallest box around it."""
        latitudes, longitudes = zip(*self.corners, strict=True)
        return Box(min(latitudes), min(longitudes), max(latitudes), max(longitudes))

    def sql(self, latitude: str, longitude: str) -> tuple[str, tuple[object, ...]]:
        """Return the condition: a line from the position northwards meets an odd count of edges."""
        parts: list[str] = []
        values: list[object] = []
        for (y1, x1), (y2, x2) in zip(
            self.corners, (*self.corners[1:], self.corners[0]), strict=True
        ):
            if x1 == x2:
                continue
            low, high = min(x1, x2), max(x1, x2)
            parts.append(
                f"CASE WHEN {longitude} >= ? AND {longitude} < ? "
                f"AND {latitude} < ? + ({longitude} - ?) * ? THEN 1 ELSE 0 END"
            )
            values += [low, high, float(y1), x1, (y2 - y1) / (x2 - x1)]
        if not parts:
            raise PlaceFault("a polygon has an inside")
        return f"(({' + '.join(parts)}) & 1 = 1)", tuple(values)


Place = Circle | Polygon


def _shrink(latitude_e7: int) -> float:
    """Return how much shorter a degree of longitude is than one of latitude."""
    return max(0.01, math.cos(math.radians(latitude_e7 / E7)))


def cell_of(latitude_e7: int, longitude_e7: int) -> int:
    """Return the number of the square that a position lies in."""
    return _cell(latitude_e7 // CELL_E7, longitude_e7 // CELL_E7)


def _cell(row: int, column: int) -> int:
    return (row + 9_000) * 36_001 + column + 18_000


def coarse_cell_of(latitude_e7: int, longitude_e7: int) -> int:
    """Return the number of the coarse square that a position lies in."""
    return (latitude_e7 // COARSE_E7 + 900) * 3_601 + longitude_e7 // COARSE_E7 + 1_800


def cells_of(box: Box, *, coarse: bool) -> list[int] | None:
    """Return the squares that a box touches; None where they are too many to name.

    coarse: all squares of every coarse square whose middle the box holds.
    """
    if coarse:
        box = Box(
            _down(box.south), _down(box.west), _up(box.north, 90 * E7), _up(box.east, 180 * E7)
        )
    rows = range(box.south // CELL_E7, box.north // CELL_E7 + 1)
    columns = range(box.west // CELL_E7, box.east // CELL_E7 + 1)
    if len(rows) * len(columns) > MOST_CELLS:
        return None
    return [_cell(row, column) for row in rows for column in columns]


def coarse_cells_of(box: Box) -> Iterator[int]:
    """Yield the coarse squares that a box touches."""
    for row in range(box.south // COARSE_E7, box.north // COARSE_E7 + 1):
        for column in range(box.west // COARSE_E7, box.east // COARSE_E7 + 1):
            yield coarse_cell_of(row * COARSE_E7, column * COARSE_E7)


def _down(value: int) -> int:
    return value // COARSE_E7 * COARSE_E7


def _up(value: int, most: int) -> int:
    return min(value // COARSE_E7 * COARSE_E7 + COARSE_E7 - 1, most)


def metres_between(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Return the distance of two positions in 1e-7 degrees, on a sphere, in metres."""
    la1, lo1, la2, lo2 = (math.radians(value / E7) for value in (*a, *b))
    h = (
        math.sin((la2 - la1) / 2) ** 2
        + math.cos(la1) * math.cos(la2) * math.sin((lo2 - lo1) / 2) ** 2
    )
    return 2 * 6_371_000 * math.asin(min(1.0, math.sqrt(h)))
