"""Audit trails made up for tests, hashed as the store hashes them."""

from outrider.centre.store.audit_chain import audit_hash
from outrider.centre.store.records import AuditRow
from outrider.clock import ClockQuality, UtcStamp
from outrider.wire.audit import AuditEvent, AuditKind, new_event
from outrider.wire.hash_chain import GENESIS

AT = UtcStamp(1_795_000_000_000_000_000, ClockQuality.NTP, 0.1)


def event(number: int, kind: AuditKind = AuditKind.COLLECTION) -> AuditEvent:
    """Return an event of a kind."""
    return new_event(kind, AT, "intake", f"upload {number}", "because", "somebody")


def chained(events: list[AuditEvent]) -> list[AuditRow]:
    """Return events as rows of a trail."""
    rows: list[AuditRow] = []
    previous = GENESIS
    for number, one in enumerate(events, start=1):
        digest = audit_hash(number, one, previous)
        rows.append(AuditRow(number, one, previous, digest))
        previous = digest
    return rows


def trail(length: int) -> list[AuditRow]:
    """Return a sound trail."""
    return chained([event(number) for number in range(length)])
