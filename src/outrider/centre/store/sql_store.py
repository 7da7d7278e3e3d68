"""The store over a database: each call is one transaction of it."""

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

from outrider.centre.store import (
    filing,
    holding,
    journals,
    opened,
    papers,
    pictures_in,
    register,
    rows_in,
    trail,
    uploads,
    waiting,
)
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.columns import to_us
from outrider.centre.store.filed import Filed
from outrider.centre.store.papers import Paper
from outrider.centre.store.ports import MakeReceipt
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.records import (
    AuditRow,
    Backlog,
    Certificate,
    EnrolledUnit,
    EnrolmentTicket,
    JournalState,
    KnownUpload,
    OpenedRecord,
    ReceivedUpload,
    SealedRecord,
    SetAside,
    StoredPicture,
    TicketUse,
)
from outrider.centre.store.search_ports import Cancel
from outrider.centre.store.session import Backend, Session
from outrider.clock import Clock, UtcStamp
from outrider.records import Role
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.batch import Batch
from outrider.wire.holdings import Claim, Holdings
from outrider.wire.picture_bundle import PictureBundle
from outrider.wire.signing import VerifyingKey


class SqlStore:
    """A CentreStore; see ports.py for what each call does."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        """Take over an open database. clock: the time in audit events of the store's own."""
        self._backend = backend
        self._clock = clock

    def close(self) -> None:
        """Let go of files and connections."""
        self._backend.close()

    def _now(self) -> UtcStamp:
        return self._clock.stamp(self._clock.mono_ns())

    # UnitRegister

    def add_ticket(self, unit_id: str, code_digest: bytes, expires_at: datetime) -> None:
        """Let a unit enrol once."""
        with self._backend.writing("add an enrolment ticket") as session:
            register.add_ticket(session, unit_id, code_digest, expires_at)

    def tickets(self) -> list[EnrolmentTicket]:
        """Return all tickets."""
        with self._backend.reading("list tickets") as session:
            return register.tickets(session)

    def use_ticket(self, code_digest: bytes, use: TicketUse) -> None:
        """Use a ticket up without enrolling anybody."""
        with self._backend.writing("use up a ticket") as session:
            register.use_ticket(session, code_digest, use)

    def drop_ticket(self, code_digest: bytes) -> None:
        """Let a ticket that nobody used be void."""
        with self._backend.writing("drop a ticket") as session:
            register.drop_ticket(session, code_digest)

    def enrol(
        self, unit_id: str, code_digest: bytes, key: VerifyingKey, tls_key: bytes, at: datetime
    ) -> EnrolledUnit:
        """Use up a ticket."""
        asked = EnrolledUnit(unit_id, key, at)
        with self._backend.writing("enrol a unit") as session:
            return register.enrol(session, self._backend.for_update, asked, code_digest, tls_key)

    def unit(self, unit_id: str) -> EnrolledUnit | None:
        """Return a unit."""
        with self._backend.reading("look up a unit") as session:
            return register.find_unit(session, unit_id)

    def units(self) -> list[EnrolledUnit]:
        """Return all units."""
        with self._backend.reading("list units") as session:
            return register.units(session)

    def add_certificate(self, certificate: Certificate) -> None:
        """Note a certificate."""
        with self._backend.writing("add a certificate") as session:
            register.add_certificate(session, certificate)

    def revoke(self, unit_id: str, why: str, at: datetime) -> EnrolledUnit:
        """Trust a unit no longer."""
        with self._backend.writing("revoke a unit") as session:
            return register.revoke(session, unit_id, why, at)

    def certificates(self, unit_id: str) -> list[Certificate]:
        """Return a unit's certificates."""
        with self._backend.reading("list certificates") as session:
            return register.certificates(session, unit_id)

    def revoked_certificates(self) -> list[Certificate]:
        """Return revoked certificates."""
        with self._backend.reading("list revoked certificates") as session:
            return register.revoked_certificates(session, to_us(self._now().utc))

    # IntakeStore

    def known_upload(self, unit_id: str, upload_id: uuid.UUID) -> KnownUpload | None:
        """Return what came under an upload's name before."""
        with self._backend.reading("look up an upload") as session:
            return uploads.known(session, unit_id, upload_id)

    def take_rows(self, upload: ReceivedUpload, batch: Batch, receipt: MakeReceipt) -> bytes:
        """Store the rows that are new."""
        with self._backend.writing("store rows") as session:
            return rows_in.take(self._backend, session, upload, batch, receipt, self._now())

    def take_pictures(
        self, upload: ReceivedUpload, bundle: PictureBundle, receipt: MakeReceipt
    ) -> bytes:
        """Store the pictures that are new."""
        with self._backend.writing("store pictures") as session:
            return pictures_in.take(self._backend, session, upload, bundle, receipt, self._now())

    def holdings(self, unit_id: str, journal_id: uuid.UUID, claims: Sequence[Claim]) -> Holdings:
        """Return what is held of rows that a unit names."""
        with self._backend.reading("look up what is held") as session:
            return holding.confirm(self._backend, session, unit_id, journal_id, claims)

    def journals(self, unit_id: str | None = None) -> list[JournalState]:
        """Return how whole each journal is."""
        with self._backend.reading("look at journals") as session:
            return journals.states(session, unit_id)

    # OpeningStore

    def sealed(self, limit: int) -> list[SealedRecord]:
        """Return rows that wait to be opened."""
        with self._backend.reading("fetch sealed rows") as session:
            return waiting.sealed(session, limit)

    def opened(self, records: Sequence[OpenedRecord]) -> None:
        """Move rows from the sealed to the searchable."""
        opened.move(self._backend, records)

    def set_aside(self, epoch_id: uuid.UUID, seq: int, why: str) -> None:
        """Keep a row that does not open out of the way."""
        with self._backend.writing("set a row aside") as session:
            waiting.set_aside(session, epoch_id, seq, why)

    def retry_set_aside(self) -> int:
        """Let rows that did not open wait again."""
        with self._backend.writing("let rows wait again") as session:
            return waiting.retry(session)

    def backlog(self) -> Backlog:
        """Return what waits and what was set aside."""
        with self._backend.reading("count what waits") as session:
            return waiting.backlog(session)

    def rows_set_aside(self, limit: int) -> list[SetAside]:
        """Return rows that did not open."""
        with self._backend.reading("list rows set aside") as session:
            return waiting.aside(session, limit)

    def set_aside_by_unit(self) -> dict[str, int]:
        """Return how many rows did not open, of each unit that has such."""
        with self._backend.reading("count rows set aside") as session:
            return waiting.aside_by_unit(session)

    def find(self, record_id: uuid.UUID) -> list[OpenedRecord]:
        """Return the opened rows of a read or hit."""
        with self._backend.reading("find a record") as session:
            return list(opened.records(session, self._backend.find(session, record_id)))

    def records(self, epoch_id: uuid.UUID, first_seq: int, last_seq: int) -> list[OpenedRecord]:
        """Return opened rows by number."""
        with self._backend.reading("fetch opened rows") as session:
            journal = journals.number_of(session, epoch_id)
            if journal is None:
                return []
            rows = self._backend.opened_rows(session, journal, first_seq, last_seq)
            return list(opened.records(session, rows))

    def picture(self, epoch_id: uuid.UUID, seq: int, role: Role) -> StoredPicture | None:
        """Return a sealed picture."""
        with self._backend.reading("fetch a picture") as session:
            return opened.picture(self._backend, session, epoch_id, seq, role)

    # AuditStore

    def append_audit(self, events: Sequence[AuditEvent]) -> None:
        """Add events to the chain."""
        with self._backend.writing("add to the audit trail") as session:
            trail.append(self._backend, session, events)

    def audit(self, after: int = 0, limit: int = 1000) -> list[AuditRow]:
        """Return rows of the audit trail."""
        with self._backend.reading("read the audit trail") as session:
            return trail.read(session, after, limit)

    # SearchStore

    def searching(
        self, bounds: Bounds, cancel: Cancel | None = None
    ) -> contextlib.AbstractContextManager[SearchSession]:
        """Begin a transaction that sees what lies in the bounds."""
        return self._backend.searching(bounds, cancel)

    def file(self, rows: Sequence[Filed]) -> None:
        """File rows for searches."""
        with self._backend.filing() as session:
            filing.file_rows(session, rows)

    def set_force(self, unit_id: str, force: str) -> None:
        """Say whose a unit is."""
        with self._backend.filing() as session:
            filing.set_force(session, unit_id, force)

    # PaperStore

    def put_paper(self, paper: Paper, events: Sequence[AuditEvent] = ()) -> None:
        """Add a state of a paper."""
        with self._backend.writing("write a paper") as session:
            papers.put(self._backend, session, paper, events)

    def paper(self, kind: str, paper_id: str) -> Paper | None:
        """Return the last state of a paper."""
        with self._backend.reading("read a paper") as session:
            return papers.find(session, kind, paper_id)

    def papers(
        self,
        kind: str,
        holder: str | None = None,
        subject: str | None = None,
        state: str | None = None,
    ) -> list[Paper]:
        """Return the last states of papers that fit."""
        with self._backend.reading("list papers") as session:
            return papers.list_of(session, kind, holder, subject, state)

    def forget_papers(self, kind: str, before_us: int) -> int:
        """Erase papers that were over before an instant."""
        with self._backend.writing("erase papers that are over") as session:
            return papers.forget(session, kind, before_us)

    # RetentionStore

    def expire(self, before: datetime) -> int:
        """Erase what is older than an instant."""

        def note(session: Session, rows: int, pictures: int) -> None:
            what = f"{rows} rows and {pictures} pictures of before {before.isoformat()}"
            event = trail.centre_event(AuditKind.ERASURE, self._now(), "centre retention", what)
            trail.append(self._backend, session, [event])

        return self._backend.expire(to_us(before), note)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Iterator[OpenedRecord]]:
        """Return all opened rows as they stand at one instant."""
        with self._backend.snapshot() as (session, rows):
            yield opened.records(session, rows)
