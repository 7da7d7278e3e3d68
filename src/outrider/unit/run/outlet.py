"""Standard output of a run, which is never in the way of a read.

Whoever tells an event puts its text into a bounded queue and goes on; one thread writes. A reader
that has gone (`outrider run | head`), a terminal that is stopped, a full disk: what cannot be
written, or finds the queue full, is counted, shown in the unit's health, and left out.
"""

import io
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, cast

from outrider.records import ComponentHealth, Level, Part
from outrider.shown import STANDARD_OUTPUT

_log = logging.getLogger(__name__)
_QUEUE_TEXTS = 1024
_LAST_TEXTS_S = 2.0


class Outlet(io.TextIOBase):
    """A text stream that never blocks and never raises."""

    def __init__(self, out: TextIO) -> None:
        """Write to out, on a daemon thread named outlet."""
        self._out = out
        self._put = _sink(out)
        self._texts: queue.Queue[str | None] = queue.Queue(_QUEUE_TEXTS)
        self._fault = ""
        self._refused: OSError | None = None
        self._not_shown = 0
        self._thread = threading.Thread(target=self._serve, name="outlet", daemon=True)
        self._thread.start()

    @property
    def stream(self) -> TextIO:
        """The outlet, as those that write to a text stream want it."""
        return cast(TextIO, self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of what is written to."""
        return self._out.encoding

    def isatty(self) -> bool:
        """Return whether a terminal is written to."""
        return self._out.isatty()

    def fileno(self) -> int:
        """Return the descriptor, by which the terminal's size is found."""
        return self._out.fileno()

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def write(self, text: str) -> int:
        """Queue a text; return its length. One that finds no room is counted as not shown."""
        if self._fault:
            self._not_shown += 1
            return len(text)
        try:
            self._texts.put_nowait(text)
        except queue.Full:
            self._not_shown += 1
        return len(text)

    def flush(self) -> None:
        """Do nothing: the thread flushes."""

    def health(self) -> ComponentHealth:
        """Return a warning where something could not be shown."""
        counts = {"not_shown": self._not_shown}
        if self._fault:
            detail = f"standard output: {self._fault}; reads are made and kept all the same"
            return ComponentHealth(Part.SCREEN, Level.WARNING, detail, counts)
        level = Level.WARNING if self._not_shown else Level.OK
        return ComponentHealth(Part.SCREEN, level, "standard output", counts)

    @property
    def refused(self) -> OSError | None:
        """The error by which something was not shown, but for a reader that has gone."""
        return self._refused

    def end(self) -> None:
        """Write what is queued, for 2 s at most; may be called twice."""
        try:
            self._texts.put(None, timeout=_LAST_TEXTS_S)
        except queue.Full:
            return
        self._thread.join(_LAST_TEXTS_S)

    def _serve(self) -> None:
        while (text := self._texts.get()) is not None:
            if self._fault:
                self._not_shown += 1
                continue
            try:
                self._put(text)
            except (OSError, ValueError) as error:  # ValueError: it has been closed
                self._not_shown += 1
                self._fault = getattr(error, "strerror", None) or str(error)
                self._refused = _named(error)
                _log.warning("standard output: %s: what happens is no longer shown", self._fault)


def _named(error: OSError | ValueError) -> OSError | None:
    if isinstance(error, BrokenPipeError) or not isinstance(error, OSError):
        return None
    return OSError(error.errno, error.strerror, STANDARD_OUTPUT)


def _sink(out: TextIO) -> Callable[[str], None]:
    """Return what writes a text: straight to the descriptor, where there is one.

    A thread that hangs in a stream's own write holds that stream's lock, and so the process's end.
    """
    try:
        descriptor = out.fileno()
    except OSError:
        return lambda text: (out.write(text), out.flush())[1]
    encoding = out.encoding

    def put(text: str) -> None:
        rest = text.encode(encoding, "backslashreplace")
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    return put


@contextmanager
def outlet_on(out: TextIO) -> Iterator[Outlet]:
    """Give an outlet over a stream, and end it."""
    outlet = Outlet(out)
    try:
        yield outlet
    finally:
        outlet.end()
