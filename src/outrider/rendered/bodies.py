"""Measures of the vehicles: silhouette, profile, where the plates sit.

Local axes, metres, as the viewer sees the end that carries the plate: x right, y up from the
road, z away from the viewer (0 at the foremost point). A profile gives z for heights y; widths
give the half width.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a vehicle: half width and depth by height, and the plate's centre (x, y)."""

    widths: Curve
    depths: Curve
    plate_x_m: float
    plate_y_m: float

    def depth_m(self, y_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return z of the surface at heights."""
        ys, zs = zip(*self.depths, strict=True)
        return np.interp(y_m, ys, zs)

    def half_width_m(self, y_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the half width at heights."""
        ys, xs = zip(*self.widths, strict=True)
        return np.interp(y_m, ys, xs)


@dataclass(frozen=True, slots=True)
class Body:
    """A vehicle's measures, m. style: which painter draws it."""

    name: str
    style: str
    width_m: float
    height_m: float
    length_m: float
    wheel_m: float
    front: End
    rear: End

    def end(self, rear: bool) -> End:
        """Return the end that shows."""
        return self.rear if rear else self.front


def _car(name: str, style: str, width: float, height: float, length: float, bonnet: float) -> Body:
    """Return a passenger car; bonnet: height of the bonnet's leading edge."""
    half, shoulder, roof = width / 2, bonnet + 0.22, height - 0.07
    widths = (
        (0.16, half * 0.90), (0.30, half * 0.965), (0.50, half * 0.995), (bonnet, half * 0.985),
        (shoulder, half * 0.945), (shoulder + 0.05, half * 0.90), (roof, half * 0.68),
        (height, half * 0.56),
    )  # fmt: skip
    front_depths = (
        (0.16, 0.12), (0.30, 0.03), (0.50, 0.0), (bonnet - 0.10, 0.02), (bonnet, 0.12),
        (bonnet + 0.09, 0.45), (shoulder, 1.05), (roof, 1.80), (height, 2.30),
    )  # fmt: skip
    rear_depths = (
        (0.16, 0.12), (0.30, 0.02), (0.55, 0.0), (0.72, 0.06), (shoulder, 0.14),
        (roof, 0.48), (height, 0.80),
    )  # fmt: skip
    return Body(
        name, style, width, height, length, 0.32,
        End(widths, front_depths, 0.0, 0.42), End(widths, rear_depths, 0.0, bonnet + 0.035),
    )  # fmt: skip


def _box(name: str, style: str, size: tuple[float, float, float], front: End, rear: End) -> Body:
    width, height, length = size
    return Body(name, style, width, height, length, 0.36 if style == "van" else 0.50, front, rear)


_VAN_WIDTHS: Curve = (
    (0.20, 0.90), (0.45, 0.98), (1.05, 0.99), (1.30, 0.96), (2.2, 0.84), (2.35, 0.74),
)  # fmt: skip
_VAN_NOSE: Curve = (
    (0.20, 0.10), (0.45, 0.0), (0.85, 0.03), (1.02, 0.18), (1.26, 0.75), (2.15, 1.55), (2.35, 2.1),
)  # fmt: skip
_VAN_TAIL_WIDTHS: Curve = ((0.25, 0.92), (0.45, 0.98), (1.3, 0.98), (2.2, 0.88), (2.35, 0.80))
_VAN_TAIL: Curve = ((0.25, 0.05), (0.5, 0.0), (2.25, 0.08), (2.35, 0.3))
_VAN = _box(
    "van", "van", (1.99, 2.35, 5.2),
    End(_VAN_WIDTHS, _VAN_NOSE, 0.0, 0.50), End(_VAN_TAIL_WIDTHS, _VAN_TAIL, -0.36, 0.78),
)  # fmt: skip
_CAB_WIDTHS: Curve = (
    (0.28, 1.10), (0.6, 1.20), (2.7, 1.18), (2.9, 1.05), (3.0, 1.2), (3.45, 1.2),
)  # fmt: skip
_CAB: Curve = (
    (0.28, 0.06), (0.6, 0.0), (1.3, 0.03), (2.6, 0.28), (2.9, 0.6), (2.95, 1.3), (3.45, 1.35),
)  # fmt: skip
_DOOR_WIDTHS: Curve = ((0.45, 1.18), (1.0, 1.225), (3.45, 1.225))
_DOORS: Curve = ((0.45, 0.02), (1.0, 0.0), (3.45, 0.0))
_LORRY = _box(
    "lorry", "lorry", (2.45, 3.45, 8.5),
    End(_CAB_WIDTHS, _CAB, 0.0, 0.56), End(_DOOR_WIDTHS, _DOORS, -0.30, 0.72),
)  # fmt: skip
_BIKE_WIDTHS: Curve = (
    (0.0, 0.09), (0.6, 0.13), (0.75, 0.30), (1.05, 0.36), (1.35, 0.30), (1.72, 0.15),
)  # fmt: skip
_BIKE: Curve = ((0.0, 0.15), (0.6, 0.0), (0.9, 0.2), (1.3, 0.5), (1.72, 0.55))
_BIKE_END = End(_BIKE_WIDTHS, _BIKE, 0.0, 0.60)
_MOTORCYCLE = Body("motorcycle", "motorcycle", 0.78, 1.74, 2.1, 0.31, _BIKE_END, _BIKE_END)

BODIES = {
    body.name: body
    for body in (
        _car("hatchback", "modern", 1.78, 1.47, 4.1, 0.74),
        _car("saloon", "modern", 1.83, 1.42, 4.7, 0.73),
        _car("suv", "modern", 1.88, 1.68, 4.5, 0.88),
        _car("classic", "classic", 1.62, 1.38, 3.9, 0.76),
        _VAN,
        _LORRY,
        _MOTORCYCLE,
    )
}
