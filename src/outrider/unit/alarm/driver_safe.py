"""While the car moves its driver may be shown a symbol at most, no text.

Road Vehicles (Construction and Use) Regulations 1986, regulation 109: nothing that the driver can
see may display anything but information about the vehicle, its journey or its surroundings to help
him drive.
"""

_WALKING_PACE_MPS = 1.8
_CALM_S = 3.0  # so long below it: a car that creeps in a queue does not get its text back


class DriverSafe:
    """Whether text may be shown. Starts as if the car moved."""

    def __init__(self, on: bool = True) -> None:
        self.on = on
        self._slow_since_s: float | None = None

    def update(self, speed_mps: float | None, now_s: float) -> None:
        """Take in the speed; None (unknown) counts as moving."""
        if speed_mps is None or speed_mps > _WALKING_PACE_MPS:
            self._slow_since_s = None
        elif self._slow_since_s is None:
            self._slow_since_s = now_s

    def text_allowed(self, now_s: float) -> bool:
        """Return whether text may be shown now."""
        if not self.on:
            return True
        return self._slow_since_s is not None and now_s - self._slow_since_s >= _CALM_S
