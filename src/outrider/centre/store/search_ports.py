"""The searchable as the centre's search sees it: a transaction within bounds, and what files it."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from outrider.centre.store import filing, trail
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.columns import from_us, to_us
from outrider.centre.store.filed import Filed
from outrider.centre.store.part import Part
from outrider.centre.store.queries import SearchSession
from outrider.wire.audit import AuditKind, new_event


class Cancel:
    """Lets another thread break off what a search is waiting for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._breakers: list[Callable[[], object]] = []
        self.cancelled = False

    def cancel(self) -> None:
        """Break off what runs now, and whatever would run after."""
        with self._lock:
            self.cancelled = True
            breakers = tuple(self._breakers)
            for breaker in breakers:
                breaker()

    def watch(self, breaker: Callable[[], object]) -> None:
        """Call breaker when this is cancelled; at once where it is already."""
        with self._lock:
            self._breakers.append(breaker)
            if self.cancelled:
                breaker()

    def forget(self, breaker: Callable[[], object]) -> None:
        """Call breaker no longer: what it would break is somebody else's by now."""
        with self._lock:
            self._breakers.remove(breaker)


class Cancelled(Exception):
    """The search was broken off: whoever asked has gone away."""


class SearchStore(Part):
    """What is searched, and how it is filed."""

    def searching(
        self, bounds: Bounds, cancel: Cancel | None = None
    ) -> AbstractContextManager[SearchSession]:
        """Begin a transaction that sees what lies in the bounds. Raises StoreError, Cancelled."""
        return self._backend.searching(bounds, cancel)

    def file(self, rows: Sequence[Filed]) -> None:
        """File rows for searches. Raises StoreError."""
        with self._backend.filing() as session:
            filing.file_rows(session, rows)

    def set_force(
        self, unit_id: str, force: str, since: datetime | None = None, by: str = "centre"
    ) -> datetime:
        """Say whose a unit is from an instant on, which is logged before; return that instant.

        It is the start of an hour; the first who has a unit has all that it ever read. Raises
        ConflictError where a later change is on record, StoreError.
        """
        at = "its first read" if since is None else since.isoformat()
        said = f"unit {unit_id}: {force}'s from {at} on"
        event = new_event(AuditKind.ALTERATION, self._now(), by, said)
        with self._backend.writing("log whose a unit is") as session:
            trail.append(self._backend, session, [event])
        with self._backend.filing() as session:
            from_us_ = filing.set_force(
                session, unit_id, force, None if since is None else to_us(since)
            )
        return from_us(from_us_)

    def forces_of(self, unit_id: str) -> list[tuple[datetime, str]]:
        """Return whose a unit was from when on, in order."""
        with self._backend.filing() as session:
            return [(from_us(at), force) for at, force in filing.forces_of(session, unit_id)]
