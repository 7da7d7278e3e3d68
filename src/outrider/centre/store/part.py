"""What every part of the store has: the database, and the time for audit events of its own."""

from outrider.centre.store.session import Backend
from outrider.clock import Clock, UtcStamp


class Part:
    """A part of the store. Every call is one transaction: see centre_store.py."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        """Take over an open database. clock: the time in audit events of the store's own."""
        self._backend = backend
        self._clock = clock

    def _now(self) -> UtcStamp:
        return self._clock.stamp(self._clock.mono_ns())
