"""The searchable as the centre's search sees it: a transaction within bounds, and what files it."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from outrider.centre.store import filing
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.filed import Filed
from outrider.centre.store.part import Part
from outrider.centre.store.queries import SearchSession


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

    def set_force(self, unit_id: str, force: str) -> None:
        """Say whose a unit is, for what it reads from now on."""
        with self._backend.filing() as session:
            filing.set_force(session, unit_id, force)
