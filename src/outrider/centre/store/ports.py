"""The store as the centre's services see it; `tests/centre/store` holds both back ends to it.

Every call is one transaction: when it returns, what it took is on the disk; when it raises, nothing
of it is kept. Calls may come from several threads and processes at once. Datetimes are aware, UTC.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from outrider.centre.store.papers import PaperStore
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
from outrider.centre.store.search_ports import SearchStore
from outrider.records import Role
from outrider.wire.audit import AuditEvent
from outrider.wire.batch import Batch
from outrider.wire.holdings import Claim, Holdings
from outrider.wire.picture_bundle import PictureBundle
from outrider.wire.signing import VerifyingKey

MakeReceipt = Callable[[int, int], bytes]
"""Makes the signed receipt from how many things were new and how many were here already."""


class UnitRegister(Protocol):
    """Who may send."""

    def add_ticket(self, unit_id: str, code_digest: bytes, expires_at: datetime) -> None:
        """Let a unit enrol once; an older unused ticket of the unit is void."""
        ...

    def tickets(self) -> list[EnrolmentTicket]:
        """Return all tickets, used ones too, by unit."""
        ...

    def use_ticket(self, code_digest: bytes, use: TicketUse) -> None:
        """Use a ticket up without enrolling anybody; one that is used already is left alone."""
        ...

    def drop_ticket(self, code_digest: bytes) -> None:
        """Let a ticket that nobody used be void."""
        ...

    def enrol(
        self, unit_id: str, code_digest: bytes, key: VerifyingKey, tls_key: bytes, at: datetime
    ) -> EnrolledUnit:
        """Use up a ticket for these keys; again with the same keys gives the same unit.

        tls_key: SHA-256 of the public key of the certificate request. Enrolling anew replaces the
        unit's signing key and clears a revocation. Raises EnrolmentRefused.
        """
        ...

    def unit(self, unit_id: str) -> EnrolledUnit | None:
        """Return a unit, revoked or not; None where it never enrolled."""
        ...

    def units(self) -> list[EnrolledUnit]:
        """Return all units, by name."""
        ...

    def add_certificate(self, certificate: Certificate) -> None:
        """Note a certificate that is about to be handed out."""
        ...

    def revoke(self, unit_id: str, why: str, at: datetime) -> EnrolledUnit:
        """Trust a unit no longer, and revoke its certificates. Raises StoreError if unknown."""
        ...

    def certificates(self, unit_id: str) -> list[Certificate]:
        """Return a unit's certificates, revoked ones too, the one that expires last first."""
        ...

    def revoked_certificates(self) -> list[Certificate]:
        """Return every revoked certificate that has not expired long since."""
        ...


class IntakeStore(Protocol):
    """Takes what units send, and cannot read it."""

    def known_upload(self, unit_id: str, upload_id: uuid.UUID) -> KnownUpload | None:
        """Return what came under an upload's name before."""
        ...

    def take_rows(self, upload: ReceivedUpload, batch: Batch, receipt: MakeReceipt) -> bytes:
        """Store the rows that are new, with their keys and gaps; return the receipt.

        A row is a duplicate if its content is held now under the same hash, in whatever epoch of
        its journal, or was erased in its time under that hash; one that came before and is held no
        more is stored again. The same upload again gives the receipt that was given then. One
        audit event (collection) goes with it. Raises ConflictError for another body under the same
        name, a row held with another hash in the same epoch, or an epoch of another unit;
        StoreError.
        """
        ...

    def take_pictures(
        self, upload: ReceivedUpload, bundle: PictureBundle, receipt: MakeReceipt
    ) -> bytes:
        """Store the pictures that are new; return the receipt. Raises as take_rows.

        ConflictError too where a picture's row is not held, or names other bytes.
        """
        ...

    def holdings(self, unit_id: str, journal_id: uuid.UUID, claims: Sequence[Claim]) -> Holdings:
        """Return what is held now of the rows of a journal that a unit names, in any epoch."""
        ...

    def journals(self, unit_id: str | None = None) -> list[JournalState]:
        """Return how whole each epoch of each journal is, of one unit or of all."""
        ...


class OpeningStore(Protocol):
    """Gives sealed rows to the service that has the key, and takes them opened."""

    def sealed(self, limit: int) -> list[SealedRecord]:
        """Return rows that wait to be opened, hits first, then the longest waiting."""
        ...

    def opened(self, records: Sequence[OpenedRecord]) -> None:
        """Move rows from the sealed to the searchable; those moved before are left alone.

        The audit events of the rows that are moved go with them, in the same transaction, so that
        an event stands in the trail once, however often openers are killed or meet.
        """
        ...

    def set_aside(self, epoch_id: uuid.UUID, seq: int, why: str) -> None:
        """Keep a row that does not open out of the way; it stays, and is counted."""
        ...

    def retry_set_aside(self) -> int:
        """Let rows that did not open wait again (a key has been added); return how many."""
        ...

    def backlog(self) -> Backlog:
        """Return what waits and what was set aside."""
        ...

    def rows_set_aside(self, limit: int) -> list[SetAside]:
        """Return rows that did not open, with why, by journal and number."""
        ...

    def set_aside_by_unit(self) -> dict[str, int]:
        """Return how many rows did not open, of each unit that has such."""
        ...

    def find(self, record_id: uuid.UUID) -> list[OpenedRecord]:
        """Return the opened rows of a read or hit by its own identifier; more than one is a fault.

        A version 7 identifier tells its day, which need not be searched for.
        """
        ...

    def records(self, epoch_id: uuid.UUID, first_seq: int, last_seq: int) -> list[OpenedRecord]:
        """Return opened rows of an epoch by number, in order."""
        ...

    def picture(self, epoch_id: uuid.UUID, seq: int, role: Role) -> StoredPicture | None:
        """Return a sealed picture; None where it has not come."""
        ...


class AuditStore(Protocol):
    """The centre's own audit trail: a hash chain, only ever added to."""

    def append_audit(self, events: Sequence[AuditEvent]) -> None:
        """Add events to the chain."""
        ...

    def audit(self, after: int = 0, limit: int = 1000) -> list[AuditRow]:
        """Return rows in order from the number after `after`, while others are written."""
        ...


class RetentionStore(Protocol):
    """Lets go of what may not be kept longer."""

    def expire(self, before: datetime) -> int:
        """Erase reads, hits and pictures older than an instant, whole days or weeks at a time.

        Returns how many rows went; one audit event (erasure) goes with it.
        """
        ...


class CentreStore(
    UnitRegister,
    IntakeStore,
    OpeningStore,
    AuditStore,
    RetentionStore,
    SearchStore,
    PaperStore,
    Protocol,
):
    """All of it; each service is handed only its part."""

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def snapshot(self) -> contextlib.AbstractContextManager[Iterator[OpenedRecord]]:
        """Return all opened rows as they stand at one instant, for an export while running."""
        ...
