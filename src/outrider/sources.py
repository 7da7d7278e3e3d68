"""What gives frames: a camera, a recording, a rendered road."""

import threading
from collections.abc import Iterator
from typing import Protocol

from outrider.records import ComponentHealth, Frame


class Component(Protocol):
    """Anything whose state `outrider status` shows."""

    def health(self) -> ComponentHealth:
        """Return the state now; called from any thread, never blocks."""
        ...


class FrameSource(Component, Protocol):
    """Where pictures come from.

    A live source (a camera) goes on without end and drops what is not taken in time; another (a
    file) waits for its reader and ends.
    """

    @property
    def live(self) -> bool:
        """Whether frames come at their own pace, so that the newest wins."""
        ...

    @property
    def source_id(self) -> str:
        """Name of the source, as it stands on every read."""
        ...

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yield frames, oldest first, until the source ends or stop is set.

        A live source that fails reports a fault in its health and tries again; it does not raise.
        Raises SourceError where a source that ends cannot be read at all.
        """
        ...

    def close(self) -> None:
        """Let go of the device or file; may be called twice."""
        ...


class SourceError(Exception):
    """A source cannot be used: what, where, and what to do about it."""
