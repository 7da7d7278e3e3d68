"""Every read and hit of one mark, for somebody who says who, for which case and why; logged first.

It looks at all that is opened, one by one: for a centre of some units. No pictures are opened.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from outrider.centre.opening.consult import Consultation
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import OpenedRecord
from outrider.clock import Clock
from outrider.records import Hit, Read
from outrider.vrm import fold, normalise

MOST = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """One read of a mark. record_id: of its row, as `outrider centre picture` takes it."""

    unit_id: str
    record_id: uuid.UUID
    read: Read
    hit: bool


def find(store: CentreStore, mark: str, by: Consultation, clock: Clock) -> list[Found]:
    """Return the reads of a mark, O and 0, I and 1 alike, by time; at most 1,000.

    That it was asked, and how many were shown, is in the audit trail. Raises ValueError for what
    is no mark; StoreError where it could not even be logged: nothing is looked at then.
    """
    name = normalise(mark)
    subject = f"reads of {name}"
    store.append_audit([by.event(clock, f"{subject}: asked for")])
    with store.snapshot() as opened:
        found = _of(fold(name), opened)
    store.append_audit([by.event(clock, f"{subject}: {len(found)} shown")])
    return sorted(found, key=lambda one: one.read.at.utc_ns)


def _of(key: str, opened: Iterable[OpenedRecord]) -> list[Found]:
    """Return a mark's reads, each once: a read that is a hit stands in two rows."""
    found: dict[uuid.UUID, Found] = {}
    for one in opened:
        record, unit_id = one.record, one.sealed.unit_id
        read = record.read if isinstance(record, Hit) else record
        if not isinstance(read, Read) or fold(read.text.vrm) != key:
            continue
        if isinstance(record, Hit):
            found[read.read_id] = Found(unit_id, record.hit_id, read, True)
        else:
            found.setdefault(read.read_id, Found(unit_id, read.read_id, read, False))
        if len(found) >= MOST:
            break
    return list(found.values())
