"""Whether the unit knows where it is and what time it is."""

import threading
import time
from collections.abc import Iterator

from outrider.clock import Clock, ClockQuality, said_duration
from outrider.records import FixQuality, Level
from outrider.unit.commissioning.finding import Finding, failed, judged, not_tried, passed
from outrider.unit.ports import PositionSource

_LOOK_AGAIN_S = 0.1
_FIXED = (FixQuality.FIX_2D, FixQuality.FIX_3D, FixQuality.SURVEYED)
_REMEDY = (
    "does the aerial see the sky, does `cgps` show satellites, is the port in /etc/default/gpsd?"
)


def check_position(positions: PositionSource, wait_s: float, stop: threading.Event) -> Finding:
    """Wait so long for a fix; say how long it took."""
    began_s = time.monotonic()
    while not stop.is_set():
        fix = positions.latest()
        took_s = time.monotonic() - began_s
        if fix is not None and fix.quality in _FIXED:
            error = "error not told" if fix.error_m is None else f"within {fix.error_m:.0f} m"
            return passed("GPS", f"{fix.quality.value} fix after {said_duration(took_s)}, {error}")
        if took_s >= wait_s:
            break
        stop.wait(_LOOK_AGAIN_S)
    health = positions.health()
    if health.level is Level.OFF:
        return not_tried("GPS", health.detail)
    return failed("GPS", f"no fix within {said_duration(wait_s)}: {health.detail}", _REMEDY)


def check_clock(clock: Clock) -> Iterator[Finding]:
    """Yield whether the time of day may be believed."""
    stamp = clock.stamp(clock.mono_ns())
    yield judged(
        "clock",
        stamp.quality is not ClockQuality.FREE_RUNNING,
        f"{stamp.quality.value}, within {said_duration(stamp.error_s)}",
        "give it GPS or a network for some minutes (`chronyc sources`)",
    )
