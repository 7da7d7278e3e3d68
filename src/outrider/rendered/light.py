"""The light of a scene: sky, sun, haze, headlamps; and how it changes over a drive."""

from dataclasses import dataclass, fields
from itertools import pairwise
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outrider.rendered.settings import LightPlan

Colour = tuple[float, float, float]
Floats = NDArray[np.floating[Any]]
STEP_S = 0.5
"""The light is held for this long, so that what depends on it is worked out once a step."""


@dataclass(frozen=True, slots=True)
class Light:
    """Colours are parts of full scale. beam: own headlamps; lamps: those of others."""

    sky_top: Colour
    sky_low: Colour
    cloud: Colour
    cloudiness: float
    ambient: Colour
    sun: Colour
    haze: Colour
    haze_m: float
    beam: float
    lamps: float
    noise: float
    exposure_s: float

    def haze_at(self, depth_m: float) -> float:
        """Return the part of a thing's colour that haze replaces at a distance."""
        return 1.0 - exp(-depth_m / self.haze_m)

    def on_face(self, depth_m: float, facing: float, side_m: float = 0.0) -> Colour:
        """Return the light on a surface; facing: how far it turns to the sun (0..1)."""
        beam = self.beam * beam_at(depth_m, side_m)
        r, g, b = (a + s * facing for a, s in zip(self.ambient, self.sun, strict=True))
        return r + beam, g + 0.97 * beam, b + 0.90 * beam

    def on_plate(self, depth_m: float, side_m: float) -> Colour:
        """Return the light that a plate gives back: by night its beads return the headlamps."""
        back = self.beam * min(1.0, 0.30 + 30.0 / (depth_m + 8.0)) * max(0.45, 1 - abs(side_m) / 14)
        r, g, b = (a + 0.55 * s for a, s in zip(self.ambient, self.sun, strict=True))
        return min(1.0, r + back), min(1.0, g + back), min(1.0, b + 0.96 * back)


BEAM_M = 30.0
BEAM_LEFT_M, BEAM_LEFT_PER_M = 0.3, 0.05
"""The beam lies left of the camera's axis, which is turned to the oncoming side."""
BEAM_HALF_M, BEAM_HALF_PER_M = 2.6, 0.17


def beam_at(depth_m: float, side_m: float) -> float:
    """Return how strongly dipped headlamps light one place ahead."""
    return float(beam_on(np.array(depth_m), np.array(side_m)))


def beam_on(depth_m: Floats, side_m: Floats) -> Floats:
    """Return how strongly dipped headlamps light places ahead: near, narrow, left of centre."""
    far = 1.25 / (1.0 + (depth_m / BEAM_M) ** 2)
    aside = side_m + BEAM_LEFT_M + BEAM_LEFT_PER_M * depth_m
    return np.asarray(far * np.exp(-((aside / (BEAM_HALF_M + BEAM_HALF_PER_M * depth_m)) ** 2)))


_SUN = Light(
    (0.25, 0.49, 0.86), (0.80, 0.90, 0.98), (1.0, 1.0, 0.99), 0.85, (0.62, 0.66, 0.72),
    (0.64, 0.60, 0.50), (0.76, 0.82, 0.88), 900.0, 0.0, 0.12, 1.6, 1 / 1000,
)  # fmt: skip
_OVERCAST = Light(
    (0.60, 0.65, 0.71), (0.86, 0.88, 0.90), (0.78, 0.80, 0.83), 1.0, (0.86, 0.88, 0.90),
    (0.12, 0.12, 0.12), (0.78, 0.80, 0.82), 480.0, 0.0, 0.20, 2.2, 1 / 700,
)  # fmt: skip
_DUSK = Light(
    (0.15, 0.21, 0.42), (0.96, 0.60, 0.38), (0.80, 0.47, 0.42), 0.6, (0.33, 0.33, 0.43),
    (0.22, 0.14, 0.09), (0.58, 0.44, 0.42), 420.0, 0.35, 0.65, 4.0, 1 / 500,
)  # fmt: skip
_NIGHT = Light(
    (0.022, 0.032, 0.075), (0.10, 0.12, 0.19), (0.09, 0.10, 0.15), 0.6, (0.050, 0.056, 0.082),
    (0.01, 0.01, 0.015), (0.04, 0.045, 0.07), 380.0, 0.95, 1.0, 5.5, 1 / 400,
)  # fmt: skip
_INFRARED = Light(
    (0.02, 0.02, 0.02), (0.05, 0.05, 0.05), (0.05, 0.05, 0.05), 0.3, (0.04, 0.04, 0.04),
    (0.0, 0.0, 0.0), (0.03, 0.03, 0.03), 500.0, 0.8, 0.35, 4.0, 1 / 1000,
)  # fmt: skip
_FIXED = {
    LightPlan.SUN: _SUN,
    LightPlan.OVERCAST: _OVERCAST,
    LightPlan.DUSK: _DUSK,
    LightPlan.NIGHT: _NIGHT,
    LightPlan.INFRARED: _INFRARED,
}
_PASSING = ((0.0, _SUN), (0.30, _SUN), (0.42, _OVERCAST), (0.55, _OVERCAST), (0.70, _DUSK),
            (0.78, _DUSK), (0.90, _NIGHT), (1.0, _NIGHT))  # fmt: skip


def light_at(plan: LightPlan, t_s: float, duration_s: float) -> Light:
    """Return the light of the step that a time falls in."""
    if plan in _FIXED:
        return _FIXED[plan]
    part = min(1.0, int(t_s / STEP_S) * STEP_S / duration_s)
    for (start, first), (end, second) in pairwise(_PASSING):
        if part <= end:
            return _mixed(first, second, (part - start) / (end - start))
    return _NIGHT


def _mixed(first: Light, second: Light, part: float) -> Light:
    mixed: list[Any] = []
    for field in fields(Light):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if isinstance(a, tuple):
            mixed.append(tuple(x + (y - x) * part for x, y in zip(a, b, strict=True)))
        else:
            mixed.append(a + (b - a) * part)
    return Light(*mixed)


def as_levels(colour: Colour) -> NDArray[np.float32]:
    """Return a colour in levels 0..255."""
    return np.asarray(colour, np.float32) * 255.0
