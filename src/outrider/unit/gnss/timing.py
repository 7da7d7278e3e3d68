"""When a fix was true, on the unit's monotonic clock. Pure: no clock, no device.

A receiver says in UTC when its fix was true, and the report comes some tenths of a second later,
sometimes more. The difference between coming and being true is the clocks' offset plus that delay,
and the delay is never negative: so the least difference seen of late is the best one (as in NTP's
clock filter, RFC 5905, 10).
"""

from collections import deque
from dataclasses import dataclass

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TimedFix:
    """mono_ns: when the fix was true. trusted: fit to set the time of day by."""

    mono_ns: int
    trusted: bool


class FixTiming:
    """Lays the receiver's UTC over the monotonic clock. Not thread-safe: one owner.

    latency_s: least delay from the instant of a fix to its report (receiver and serial line).
    A difference that leaves the last ones by more than step_s is either a late report or a step
    of the receiver's time: it counts as a step once `agreeing` reports in a row say the same.
    """

    def __init__(
        self, latency_s: float = 0.1, step_s: float = 0.5, window: int = 32, agreeing: int = 3
    ) -> None:
        self._latency_ns = round(latency_s * NS_PER_S)
        self._step_ns = round(step_s * NS_PER_S)
        self._recent: deque[int] = deque(maxlen=window)
        self._doubtful: list[int] = []
        self._agreeing = agreeing
        self.steps = 0

    def place(self, utc_ns: int, came_mono_ns: int) -> TimedFix:
        """Return when a fix of utc_ns was true, given when its report came; never after it came."""
        difference_ns = came_mono_ns - utc_ns
        if self._recent and abs(difference_ns - min(self._recent)) > self._step_ns:
            return self._doubt(utc_ns, came_mono_ns, difference_ns)
        self._doubtful.clear()
        self._recent.append(difference_ns)
        return self._placed(utc_ns, came_mono_ns, trusted=True)

    def _doubt(self, utc_ns: int, came_mono_ns: int, difference_ns: int) -> TimedFix:
        if self._doubtful and abs(difference_ns - self._doubtful[-1]) > self._step_ns:
            self._doubtful.clear()
        self._doubtful.append(difference_ns)
        if len(self._doubtful) < self._agreeing:
            return self._placed(utc_ns, came_mono_ns, trusted=False)
        self._recent.clear()
        self._recent.extend(self._doubtful)
        self._doubtful.clear()
        self.steps += 1
        return self._placed(utc_ns, came_mono_ns, trusted=True)

    def _placed(self, utc_ns: int, came_mono_ns: int, *, trusted: bool) -> TimedFix:
        true_ns = utc_ns + min(self._recent)
        return TimedFix(min(true_ns, came_mono_ns) - self._latency_ns, trusted)
