"""What passes between the centre's services and its store."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from outrider.records import Role
from outrider.wire.audit import AuditEvent
from outrider.wire.batch import Gap
from outrider.wire.chain import SealedRow
from outrider.wire.epoch import Epoch
from outrider.wire.read_record import Record
from outrider.wire.sealing import SealedKey
from outrider.wire.signing import VerifyingKey
from outrider.wire.upload import Sent, UploadName

MakeReceipt = Callable[[int, int], bytes]
"""Makes the signed receipt from how many things were new and how many were here already."""


class StoreError(Exception):
    """The store cannot do what was asked: what, and why. Trying again later may help."""


class DamagedRow(StoreError):
    """A row of the audit trail is not what was written: it cannot be read, or says more."""


class UnfitError(Exception):
    """A value that no database takes: nothing was stored, and trying again cannot help."""


class ConflictError(Exception):
    """What came contradicts what is kept; nothing of it was stored. Trying again cannot help."""


class EnrolmentRefused(Exception):
    """A unit may not enrol with this code: unknown, expired, or used with other keys."""


@dataclass(frozen=True, slots=True)
class EnrolledUnit:
    """An enrolled unit. revoked_at: since when nothing of it is taken; None while it is trusted."""

    unit_id: str
    signing_key: VerifyingKey
    enrolled_at: datetime
    revoked_at: datetime | None = None
    revoked_why: str = ""


@dataclass(frozen=True, slots=True)
class TicketUse:
    """What a ticket was used for: when, the signing key, and SHA-256 of the certificate's key."""

    at: datetime
    signing_key: bytes
    tls_key: bytes


@dataclass(frozen=True, slots=True)
class EnrolmentTicket:
    """A ticket, by SHA-256 of its code; use: None while nobody has enrolled with it."""

    code_digest: bytes
    unit_id: str
    expires_at: datetime
    use: TicketUse | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that the centre has given to a unit. serial: its serial number, positive."""

    serial: int
    unit_id: str
    not_after: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceivedUpload:
    """An upload that is whole and signed. sha256: of its body. arrived_at: the centre's clock."""

    name: UploadName
    sha256: bytes
    sent: Sent
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class KnownUpload:
    """An upload that was taken before: the digest of its body, and the receipt as it was sent."""

    sha256: bytes
    receipt: bytes


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A row that waits to be opened, with the data key that it was sealed with.

    epoch_id: the store knows the row by its epoch and number; it is sealed for journal and number.
    """

    unit_id: str
    journal_id: uuid.UUID
    row: SealedRow
    key: SealedKey
    arrived_at: datetime
    epoch_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A row that has been opened; it leaves the sealed ones for the searchable.

    record: without pictures, which stay sealed until somebody who may see them asks. text: the
    canonical JSON that it was sealed as, kept as it is: the digests of its pictures stand there
    only, and encoding `record` anew would put those of empty ones in their place. events: what goes
    into the centre's audit trail with it, in the same transaction and only where the row is
    moved by it; empty in what is read back.
    """

    sealed: SealedRecord
    record: Record
    text: bytes
    events: tuple[AuditEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that did not open: which, and why."""

    unit_id: str
    epoch_id: uuid.UUID
    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture as it came, sealed, with the data key that opens it."""

    journal_id: uuid.UUID
    seq: int
    role: Role
    key: SealedKey
    data: bytes


@dataclass(frozen=True, slots=True)
class SeqRange:
    """Sequence numbers first to last, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class JournalState:
    """How whole one epoch of a unit's journal is here.

    begun_at, grown_at: when rows at its end came first and last (1970 where none has).
    present: what has come. missing: numbers below the highest that neither came nor were declared
    as gone. gaps: what the unit declared. chain_breaks: numbers whose `previous` is not the hash of
    the row before. pictures_due: named by rows and not yet come. last_skew_s: the unit's clock
    less ours at its last upload, s; and what its clock rested on.
    """

    unit_id: str
    journal_id: uuid.UUID
    epoch: Epoch
    present: tuple[SeqRange, ...]
    missing: tuple[SeqRange, ...]
    gaps: tuple[Gap, ...]
    chain_breaks: tuple[int, ...]
    pictures_due: int
    last_upload_at: datetime
    last_skew_s: float
    last_clock_quality: str
    begun_at: datetime
    grown_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be opened, what could not be, and since when the oldest waits."""

    waiting: int
    set_aside: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An audit event of the centre's own as it stands in its chain; hashes are SHA-256."""

    number: int
    event: AuditEvent
    previous: bytes
    hash: bytes
