"""Plays a recording at its own pace, as a live camera would give it."""

import threading
from collections.abc import Iterator
from dataclasses import replace

from outrider.clock import NS_PER_S, Clock
from outrider.records import ComponentHealth, Frame
from outrider.sources import FrameSource


class PacedSource:
    """Gives each frame of a source that ends when it is due, counted from the first one.

    clock: the run's monotonic clock, onto which exposure instants are moved, so that a recording
    meets a live GPS. late_is_dropped: be like a camera (the newest frame wins) and not like a
    file (the reader is waited for).
    """

    def __init__(self, source: FrameSource, clock: Clock, *, late_is_dropped: bool = False) -> None:
        self._source = source
        self._clock = clock
        self._late_is_dropped = late_is_dropped
        self.offset_ns: int | None = None
        """What was added to the recording's instants; None before the first frame."""
        self.given_ns = 0
        """The recording's own instant of the last frame that was given."""
        self.late_ns = 0
        """How long after its instant the last frame was given: much, where the machine is slow."""

    @property
    def live(self) -> bool:
        """Whether the newest frame wins."""
        return self._late_is_dropped

    @property
    def source_id(self) -> str:
        """Name of the source that is played."""
        return self._source.source_id

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield the frames, each no sooner than it is due."""
        for frame in self._source.frames(stop):
            if self.offset_ns is None:
                self.offset_ns = self._clock.mono_ns() - frame.mono_ns
            due_ns = frame.mono_ns + self.offset_ns
            if stop.wait(max(0.0, (due_ns - self._clock.mono_ns()) / NS_PER_S)):
                return
            self.given_ns = frame.mono_ns
            self.late_ns = self._clock.mono_ns() - due_ns
            yield replace(frame, mono_ns=due_ns)

    def health(self) -> ComponentHealth:
        """Return the health of the source that is played."""
        return self._source.health()

    def close(self) -> None:
        """Close the source that is played."""
        self._source.close()
