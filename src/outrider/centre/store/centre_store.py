"""The store as the centre's services see it; `tests/centre/store` holds both back ends to it.

Every call is one transaction: when it returns, what it took is on the disk; when it raises, nothing
of it is kept. Calls may come from several threads and processes at once. Datetimes are aware, UTC.
"""

from datetime import datetime

from outrider.centre.store import papers, trail
from outrider.centre.store.columns import to_us
from outrider.centre.store.intake import IntakeStore
from outrider.centre.store.opened import OpenedRows
from outrider.centre.store.papers import PaperStore
from outrider.centre.store.part import Part
from outrider.centre.store.register import UnitRegister
from outrider.centre.store.search_ports import SearchStore
from outrider.centre.store.session import Session
from outrider.centre.store.trail import AuditStore
from outrider.centre.store.waiting import WaitingRows
from outrider.wire.audit import AuditKind


class OpeningStore(WaitingRows, OpenedRows):
    """Gives sealed rows to the service that has the key, and takes them opened."""


class RetentionStore(Part):
    """Lets go of what may not be kept longer."""

    def expire(self, before: datetime) -> int:
        """Erase reads, hits, pictures and papers of before an instant, to the microsecond.

        Returns how many rows went; one audit event (erasure) goes with it.
        """

        def note(session: Session, rows: int, pictures: int) -> None:
            what = f"{rows} rows and {pictures} pictures of before {before.isoformat()}"
            event = trail.centre_event(AuditKind.ERASURE, self._now(), "centre retention", what)
            trail.append(self._backend, session, [event])

        rows = self._backend.expire(to_us(before), note)
        with self._backend.erasing("erase papers that were over before") as session:
            papers.forget(session, to_us(before))
        return rows


class CentreStore(
    UnitRegister, IntakeStore, OpeningStore, AuditStore, RetentionStore, SearchStore, PaperStore
):
    """All of it; each service is handed only its part."""

    def close(self) -> None:
        """Let go of files and connections."""
        self._backend.close()
