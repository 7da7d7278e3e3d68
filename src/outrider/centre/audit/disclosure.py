"""Handing opened records on: to whom and why is in the trail before the first byte is written."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from outrider import durable
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import OpenedRecord, StoreError
from outrider.clock import Clock
from outrider.records import Hit
from outrider.wire import canonical
from outrider.wire.audit import AuditEvent, AuditKind, new_event
from outrider.wire.crew_entry import CrewRecord
from outrider.wire.read_record import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Who hands what on, to whom, and why; from since (included) to until (not): aware times."""

    officer: str
    recipient: str
    reason: str
    since: datetime
    until: datetime

    def event(self, clock: Clock, outcome: str) -> AuditEvent:
        """Return the audit event, now. Raises ValueError where a part is missing."""
        at = clock.stamp(clock.mono_ns())
        span = f"records from {self.since.isoformat()} until {self.until.isoformat()}"
        subject = f"{span}: {outcome}"
        kind = AuditKind.DISCLOSURE
        return new_event(kind, at, self.officer, subject, self.reason, self.recipient)


def disclose(
    store: CentreStore,
    path: Path,
    disclosure: Disclosure,
    clock: Clock,
    progress: Callable[[int], None] = lambda count: None,
) -> int:
    """Write the records of a span, as they stand at one instant, to a file; return how many.

    A line each: `{"unit", "journal", "seq", "arrived_at", "hash", "pictures", "schema", "kind",
    "record"}`; pictures stay sealed, and are named by the digests of their bytes, sealed and clear.
    The file has its name only when it is whole. Raises StoreError, OSError, ValueError.
    """
    store.append_audit([disclosure.event(clock, "asked for")])
    try:
        count = _write(store, path, disclosure, progress)
    except (OSError, StoreError) as error:
        store.append_audit([disclosure.event(clock, f"not handed on: {error}")])
        raise
    written = f"{count} written, file of SHA-256 {durable.sha256_of(path)}"
    store.append_audit([disclosure.event(clock, written)])
    return count


def _write(
    store: CentreStore, path: Path, disclosure: Disclosure, progress: Callable[[int], None]
) -> int:
    count, first_ns, end_ns = 0, _ns(disclosure.since), _ns(disclosure.until)
    with durable.whole_file(path) as write, store.snapshot() as rows:
        for opened in rows:
            if first_ns <= utc_ns_of(opened.record) < end_ns:
                write(as_line(opened))
                count += 1
                progress(count)
    return count


def utc_ns_of(record: Record) -> int:
    """Return the time that a record speaks of, ns since 1970."""
    if isinstance(record, CrewRecord):
        return record.event.utc_ns
    return (record.read if isinstance(record, Hit) else record).at.utc_ns


def _ns(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def as_line(opened: OpenedRecord) -> bytes:
    """Return a record as a line of an export."""
    sealed = opened.sealed
    facts = {
        "unit": sealed.unit_id,
        "journal": str(sealed.journal_id),
        "seq": sealed.row.seq,
        "arrived_at": sealed.arrived_at.isoformat(),
        "hash": sealed.row.hash.hex(),
        "pictures": [
            {"role": picture.role.label, "sealed_sha256": picture.digest.hex()}
            for picture in sealed.row.pictures
        ],
    }
    return canonical.dumps(facts | json.loads(opened.text)) + b"\n"
