"""One picture, opened because somebody who says who and why has asked; logged before it is shown.

Pictures stay sealed at the centre. Section 62 of the Data Protection Act 2018 asks for the
justification of a consultation, and as far as possible who: both are committed to the audit trail
before a byte is opened, and afterwards what came of it.
"""

import uuid
from dataclasses import dataclass

from outrider.centre.opening.keys import DataKeys
from outrider.centre.opening.rows import open_text
from outrider.centre.store.centre_store import OpeningStore
from outrider.centre.store.records import OpenedRecord
from outrider.centre.store.trail import AuditStore
from outrider.clock import Clock
from outrider.records import PictureFacts, Role
from outrider.wire.audit import AuditEvent, AuditKind, new_event
from outrider.wire.canonical import WireError
from outrider.wire.read_record import decode, read_in
from outrider.wire.sealing import PICTURE_PART, Place, SealingError


class ConsultationError(Exception):
    """The picture cannot be shown: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Consultation:
    """Who asks, for which case, and why; none of them empty. Raises ValueError."""

    officer: str
    case: str
    reason: str

    def __post_init__(self) -> None:
        for name in ("officer", "case", "reason"):
            if not getattr(self, name).strip():
                raise ValueError(f"a consultation needs its {name}: s. 62 asks who and why")

    def event(self, clock: Clock, subject: str) -> AuditEvent:
        """Return the audit event of this consultation, now."""
        at = clock.stamp(clock.mono_ns())
        why = f"case {self.case}: {self.reason}"
        return new_event(AuditKind.CONSULTATION, at, self.officer, subject, why)


class Viewer:
    """Opens single pictures of a store."""

    def __init__(
        self, store: OpeningStore, trail: AuditStore, keys: DataKeys, clock: Clock
    ) -> None:
        self._store = store
        self._trail = trail
        self._keys = keys
        self._clock = clock

    def picture(self, record_id: uuid.UUID, role: Role, by: Consultation) -> bytes:
        """Return the JPEG of a read or hit, logged as consulted.

        Raises ConsultationError, and then the trail says that nothing was shown; StoreError where
        it could not even be logged: nothing is opened then.
        """
        subject = f"{role.label} of {record_id}"
        self._log(by, f"{subject}: asked for")
        try:
            data, what = self._open(record_id, role)
        except (ConsultationError, SealingError, WireError) as error:
            self._log(by, f"{subject}: not shown: {error}")
            raise ConsultationError(f"{subject}: {error}") from error
        self._log(by, f"{subject}: opened for the officer: {what}")
        return data

    def _log(self, by: Consultation, subject: str) -> None:
        self._trail.append_audit([by.event(self._clock, subject)])

    def _open(self, record_id: uuid.UUID, role: Role) -> tuple[bytes, str]:
        opened = self._row(record_id)
        sealed = opened.sealed
        place = f"row {sealed.row.seq} of journal {sealed.journal_id}"
        read = read_in(decode(open_text(sealed, self._keys)))
        named = read.picture(role) if read is not None else None
        stored = self._store.picture(sealed.epoch_id, sealed.row.seq, role)
        if named is None or not any(picture.role is role for picture in sealed.row.pictures):
            raise ConsultationError(f"{place} has no {role.label}")
        if stored is None:
            raise ConsultationError(
                f"it has not come from unit {sealed.unit_id} yet, or has expired"
            )
        key = self._keys.open(stored.key, stored.journal_id)
        at = Place(sealed.journal_id, sealed.row.seq, PICTURE_PART + role)
        return _checked(key.open(stored.data, at), named), place

    def _row(self, record_id: uuid.UUID) -> OpenedRecord:
        found = self._store.find(record_id)
        if not found:
            raise ConsultationError("no opened read or hit here has this identifier")
        if len(found) > 1:
            units = ", ".join(f"{o.sealed.unit_id} row {o.sealed.row.seq}" for o in found)
            raise ConsultationError(f"the identifier is not the only one of its name: {units}")
        return found[0]


def _checked(data: bytes, named: PictureFacts) -> bytes:
    if not named.is_of(data):
        raise ConsultationError("it opens, but is not the picture that the read was made with")
    return data
