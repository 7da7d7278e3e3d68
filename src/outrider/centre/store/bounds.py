"""Which rows of the searchable one transaction may see: what the second lock is set to."""

from dataclasses import dataclass, field

E7 = 10_000_000
COARSE_E7 = 1_000_000  # a tenth of a degree: 11 km by 6 or 7 km in Britain


@dataclass(frozen=True, slots=True)
class Box:
    """South, west, north and east in 1e-7 degrees, all included; it does not cross 180 degrees."""

    south: int
    west: int
    north: int
    east: int

    def __post_init__(self) -> None:
        in_order = self.south <= self.north and self.west <= self.east
        if not in_order or abs(self.south) > 90 * E7 or abs(self.west) > 180 * E7:
            raise ValueError("an area is south, west, north, east in degrees, in this order")
        if abs(self.north) > 90 * E7 or abs(self.east) > 180 * E7:
            raise ValueError("an area is south, west, north, east in degrees, in this order")

    @classmethod
    def of_degrees(cls, south: float, west: float, north: float, east: float) -> "Box":
        """Return the box of these degrees. Raises ValueError."""
        return cls(*(round(value * E7) for value in (south, west, north, east)))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Rows from not_before to not_after (both included, microseconds), and no others.

    forces: of these only; None: of all. marks: these only, folded; None: any. area: with a position
    in it only; None: anywhere, without a position too. coarse: every position is the middle of its
    coarse square, in what is asked as in what is answered. A Bounds of no argument sees nothing.
    """

    not_before_us: int = 1
    not_after_us: int = 0
    forces: frozenset[str] | None = field(default_factory=frozenset)
    marks: frozenset[str] | None = field(default_factory=frozenset)
    area: Box | None = None
    coarse: bool = True


def coarse_e7(value: int) -> int:
    """Return the middle of the coarse square that a latitude or longitude lies in."""
    return value // COARSE_E7 * COARSE_E7 + COARSE_E7 // 2
