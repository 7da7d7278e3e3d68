"""Direction of travel, from how the plate's size in the picture changes over its pass."""

import math
from dataclasses import dataclass

from outrider.records import Direction

_LEAST_CHANGE = math.log(1.12)  # of the plate's size over the pass
_LEAST_T = 3.0  # of the slope against its own error
_NS_PER_S = 1e9


@dataclass(slots=True)
class SizeTrend:
    """A straight line through the logarithm of the plate's size over time, from sums alone."""

    _first_ns: int | None = None
    _last_s: float = 0.0
    _n: int = 0
    _t: float = 0.0
    _y: float = 0.0
    _tt: float = 0.0
    _ty: float = 0.0
    _yy: float = 0.0

    def add(self, mono_ns: int, size_px: float) -> None:
        """Take in the plate's size (> 0) in a frame exposed at mono_ns."""
        if self._first_ns is None:
            self._first_ns = mono_ns
        t, y = (mono_ns - self._first_ns) / _NS_PER_S, math.log(size_px)
        self._last_s = max(self._last_s, t)
        self._n += 1
        self._t += t
        self._y += y
        self._tt += t * t
        self._ty += t * y
        self._yy += y * y

    def direction(self) -> Direction:
        """Return the direction, unknown where the size changes too little to tell."""
        var_t = self._tt - self._t**2 / self._n if self._n else 0.0
        if self._n < 3 or var_t <= 0:
            return Direction.UNKNOWN
        cov = self._ty - self._t * self._y / self._n
        slope = cov / var_t
        residual = max(0.0, self._yy - self._y**2 / self._n - slope * cov)
        error = math.sqrt(residual / (self._n - 2) / var_t) + 1e-9
        if abs(slope) * self._last_s < _LEAST_CHANGE or abs(slope) < _LEAST_T * error:
            return Direction.UNKNOWN
        return Direction.APPROACHING if slope > 0 else Direction.RECEDING
