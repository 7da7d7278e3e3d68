"""A surveyed mount: the unit does not move."""

import threading

from outrider.clock import Clock
from outrider.records import ComponentHealth, Fix, FixQuality, Level, Part, Position
from outrider.unit.ports import PositionSource

_SURVEY_ERROR_M = 1.0


class FixedPosition(PositionSource):
    """The place that was surveyed, at every instant."""

    def __init__(self, latitude_deg: float, longitude_deg: float, clock: Clock) -> None:
        self._clock = clock
        self._position = Position(
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            speed_mps=0.0,
            heading_deg=None,
            quality=FixQuality.SURVEYED,
            age_s=0.0,
            error_m=_SURVEY_ERROR_M,
        )

    def start(self, stop: threading.Event) -> None:
        """Do nothing: there is nothing to wait for."""

    def at(self, mono_ns: int) -> Position:
        """Return the surveyed place."""
        return self._position

    def latest(self) -> Fix:
        """Return the surveyed place as a fix of now."""
        mono_ns = self._clock.mono_ns()
        return Fix(
            mono_ns=mono_ns,
            utc_ns=self._clock.stamp(mono_ns).utc_ns,
            latitude_deg=self._position.latitude_deg or 0.0,
            longitude_deg=self._position.longitude_deg or 0.0,
            speed_mps=0.0,
            heading_deg=None,
            quality=FixQuality.SURVEYED,
            error_m=_SURVEY_ERROR_M,
        )

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def health(self) -> ComponentHealth:
        """Return OK, with the place."""
        place = f"{self._position.latitude_deg:.6f}, {self._position.longitude_deg:.6f}"
        return ComponentHealth(Part.GPS, Level.OK, f"fixed at {place}")
