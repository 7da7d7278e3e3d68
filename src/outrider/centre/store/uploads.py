"""What every upload has: its journal held, the receipt that it was given, its audit event."""

import uuid

from outrider.centre.store import journals, trail
from outrider.centre.store.columns import to_us
from outrider.centre.store.records import ConflictError, KnownUpload, ReceivedUpload
from outrider.centre.store.session import Backend, Session
from outrider.clock import UtcStamp
from outrider.wire.audit import AuditKind
from outrider.wire.batch import Batch


def known(session: Session, unit_id: str, upload_id: uuid.UUID) -> KnownUpload | None:
    """Return what came under an upload's name before."""
    found = session.one(
        "SELECT sha256, receipt FROM upload WHERE unit_id = ? AND upload_id = ?",
        unit_id,
        upload_id.bytes,
    )
    return None if found is None else KnownUpload(*found)


def begin(backend: Backend, session: Session, upload: ReceivedUpload, batch: Batch) -> int:
    """Hold the journal of a batch; return the number of its epoch here. Raises ConflictError."""
    check_unit(upload, batch.unit_id)
    at_us = to_us(upload.arrived_at)
    return journals.claim(
        session, backend.for_update, batch.unit_id, batch.journal_id, batch.epoch, at_us
    )


def check_unit(upload: ReceivedUpload, unit_id: str) -> None:
    """Check that what came is the sender's own. Raises ConflictError."""
    if unit_id != upload.name.unit_id:
        raise ConflictError(f"unit {upload.name.unit_id} sent what unit {unit_id} made")


def receipt_of(session: Session, upload: ReceivedUpload) -> bytes | None:
    """Return the receipt that this very upload was given. Raises ConflictError."""
    name = upload.name
    found = known(session, name.unit_id, name.upload_id)
    if found is None:
        return None
    if found.sha256 != upload.sha256:
        raise ConflictError(f"upload {name.upload_id} of {name.unit_id} came with another body")
    return found.receipt


def end(
    backend: Backend,
    session: Session,
    upload: ReceivedUpload,
    receipt: bytes,
    what: str,
    now: UtcStamp,
) -> None:
    """Keep the receipt, and log the collection."""
    name = upload.name
    session.run(
        "INSERT INTO upload (unit_id, upload_id, kind, sha256, receipt, arrived_us) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        name.unit_id,
        name.upload_id.bytes,
        str(name.kind),
        upload.sha256,
        receipt,
        to_us(upload.arrived_at),
    )
    subject = f"{what} from unit {name.unit_id} (upload {name.upload_id})"
    at = trail.stamp_of(upload.arrived_at, now)
    event = trail.centre_event(AuditKind.COLLECTION, at, "centre intake", subject)
    trail.append(backend, session, [event])
