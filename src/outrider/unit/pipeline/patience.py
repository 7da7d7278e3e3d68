"""How long a doubtful read waits for its own pass to become sure: one vehicle, one alert.

A plate is read doubtfully while it is far away and surely when it is near, some 0.5 s later on the
mean and up to 3 s, whatever the frame rate. So it is not the clock alone that ends the wait, but
what the pass does: it becomes sure (one alert, the sure one), it ends, its plate is out of sight
for some frames (told at once: more will not come), or it has been watched for long enough, in time
and in frames, for a slow machine sees few. A sure read never waits.
"""

from dataclasses import dataclass

from outrider.clock import NS_PER_S

LEAST_FRAMES = 3
"""Frames that must have been looked at before the time counts."""
GONE_AFTER_FRAMES = 3
"""Frames without the plate after which it has left the picture."""


@dataclass(slots=True)
class Patience:
    """One pass's wait. since_ns: of the frame in which it was first read doubtfully."""

    since_ns: int
    frames: int = 0
    missed: int = 0

    def look(self, in_sight: bool) -> None:
        """Count a further frame, which showed the plate or not."""
        self.frames += 1
        self.missed = 0 if in_sight else self.missed + 1

    def is_over(self, now_ns: int, waits_s: float) -> bool:
        """Return whether the read is to be told now, doubtful as it is; waits_s 0: no waiting."""
        if not waits_s or self.missed >= GONE_AFTER_FRAMES:
            return True
        waited_ns = now_ns - self.since_ns
        return self.frames >= LEAST_FRAMES and waited_ns >= round(waits_s * NS_PER_S)
