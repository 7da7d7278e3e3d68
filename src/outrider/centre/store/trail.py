"""The centre's audit trail in the database: each event hashed with the row before it."""

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime

from outrider.centre.store.audit_chain import audit_hash
from outrider.centre.store.columns import to_us
from outrider.centre.store.part import Part
from outrider.centre.store.records import AuditRow, DamagedRow
from outrider.centre.store.session import Backend, Session
from outrider.clock import ClockQuality, UtcStamp
from outrider.records import uuid7
from outrider.wire import canonical
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.canonical import WireError
from outrider.wire.hash_chain import GENESIS

_MAX_BYTES = 64 * 1024


def append(backend: Backend, session: Session, events: Sequence[AuditEvent]) -> None:
    """Add events to the chain. Everybody else waits from here to the commit: call it last."""
    if not events:
        return
    backend.lock_audit(session)
    last = session.one("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
    number, previous = last if last is not None else (0, GENESIS)
    rows = []
    for event in events:
        number += 1
        digest = audit_hash(number, event, previous)
        rows.append((number, canonical.dumps(event), previous, digest))
        previous = digest
    session.each("INSERT INTO audit (number, event, previous, hash) VALUES (?, ?, ?, ?)", rows)


class AuditStore(Part):
    """The centre's own audit trail: a hash chain, only ever added to."""

    def append_audit(self, events: Sequence[AuditEvent]) -> None:
        """Add events to the chain."""
        with self._backend.writing("add to the audit trail") as session:
            append(self._backend, session, events)

    def audit(self, after: int = 0, limit: int = 1000) -> list[AuditRow]:
        """Return rows in order from the number after `after`, while others are written.

        Raises DamagedRow.
        """
        with self._backend.reading("read the audit trail") as session:
            found = session.rows(
                "SELECT number, event, previous, hash FROM audit "
                "WHERE number > ? ORDER BY number LIMIT ?",
                after,
                limit,
            )
        return [
            AuditRow(number, _event(number, text), previous, digest)
            for number, text, previous, digest in found
        ]


def _event(number: int, text: bytes) -> AuditEvent:
    """Return the event that a text is, to the byte: what else it held, no hash would cover."""
    try:
        event = _parsed(text)
        same = canonical.dumps(event) == bytes(text)
    except (WireError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedRow(f"row {number} of the audit trail cannot be read: changed") from error
    if not same:
        raise DamagedRow(f"row {number} of the audit trail holds more than was written: changed")
    return event


def _parsed(text: bytes) -> AuditEvent:
    body = canonical.loads(text, _MAX_BYTES)
    at = UtcStamp(body["at"]["utc_ns"], ClockQuality(body["at"]["quality"]), body["at"]["error_s"])
    return AuditEvent(
        uuid.UUID(body["event_id"]), AuditKind(body["kind"]), at, body["actor"], body["subject"],
        body["justification"], body["recipient"],
    )  # fmt: skip


def centre_event(kind: AuditKind, at: UtcStamp, actor: str, subject: str) -> AuditEvent:
    """Return an event of the centre's own."""
    return AuditEvent(uuid7(at.utc_ns, secrets.randbits(74)), kind, at, actor, subject)


def stamp_of(at: datetime, now: UtcStamp) -> UtcStamp:
    """Return an instant that was read from the clock that says `now`."""
    return UtcStamp(to_us(at) * 1000, now.quality, now.error_s)
