"""The audit trail, which only grows, and the rest, which goes when its time is over."""

import dataclasses
import threading
import uuid
from datetime import timedelta

import pytest

from outrider.centre.store import open_store
from outrider.centre.store.audit_chain import audit_hash
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import ConflictError
from outrider.clock import ClockQuality, UtcStamp
from outrider.records import Role, uuid7
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.hash_chain import GENESIS
from tests.centre.store.makers import (
    ARRIVED,
    EXPOSED,
    journal,
    open_all,
    send,
    send_pictures,
)
from tests.unit.journal import makers


def an_event(number: int) -> AuditEvent:
    """Return an event of its own."""
    at = UtcStamp(makers.BASE_UTC_NS + number, ClockQuality.NTP, 0.1)
    name = uuid7(at.utc_ns, number << 62)
    return AuditEvent(name, AuditKind.CONSULTATION, at, "pc 1 \ud800", f"read {number}", "case\0 7")


def test_the_trail_is_a_chain(store: CentreStore) -> None:
    """Events come back equal, numbered without gaps, each hashed with the one before."""
    unit = journal(2)
    store.append_audit([an_event(1), an_event(2)])
    send(store, unit, unit.rows)
    store.append_audit([])
    store.append_audit([an_event(3)])
    rows = store.audit()
    assert [row.event for row in rows[:2]] == [an_event(1), an_event(2)]
    previous = GENESIS
    for number, row in enumerate(rows, start=1):
        assert (row.number, row.previous) == (number, previous)
        assert row.hash == audit_hash(number, row.event, previous)
        previous = row.hash
    assert store.audit(after=1, limit=2) == rows[1:3]
    assert store.audit(after=4) == []


def test_collection_is_logged_with_what_came(store: CentreStore) -> None:
    """Each upload leaves one event: how much of which journal came from whom, and when."""
    unit = journal(2)
    send(store, unit, unit.rows)
    send_pictures(store, unit, unit.rows)
    rows, pictures = (row.event for row in store.audit())
    assert (rows.kind, rows.at.utc, rows.actor) == (
        AuditKind.COLLECTION,
        ARRIVED,
        "centre intake",
    )
    assert "2 new rows (1 to 2)" in rows.subject
    assert "unit unit-7" in rows.subject
    assert str(unit.journal_id) in rows.subject
    assert "4 new pictures" in pictures.subject


def test_the_trail_is_read_while_it_grows(url: str) -> None:
    """An export sees no gap and no half-written end while others write."""
    store, writer = open_store(url), open_store(url)

    def write() -> None:
        for number in range(30):
            writer.append_audit([an_event(number), an_event(number)])

    thread = threading.Thread(target=write)
    thread.start()
    seen = 0
    while seen < 60:
        rows = store.audit(after=seen, limit=7)
        assert [row.number for row in rows] == list(range(seen + 1, seen + 1 + len(rows)))
        seen += len(rows)
    thread.join()
    store.close()
    writer.close()


def test_what_is_old_is_erased(store: CentreStore) -> None:
    """Old reads, pictures and rows that never opened go, are logged as gone, and stay known.

    A picture is not: its bytes are held no more, and no row here says that they ever were.
    """
    old = journal(3)
    send(store, old, old.rows)
    send_pictures(store, old, old.rows[:2])
    store.set_aside(old.journal_id, 3, "no key")
    open_all(store)
    later = ARRIVED + timedelta(days=30)
    new = journal(first=30 * 864_000, reads=3, unit_id="unit-8")
    for row in new.rows:
        send(store, new, [row], arrived_at=later)
    send_pictures(store, new, new.rows[:1], later)
    store.set_aside(new.journal_id, 2, "no key")
    name = makers.read(0).read_id
    assert store.expire(EXPOSED) == 0
    assert len(store.find(name)) == 1
    before = ARRIVED + timedelta(days=20)
    assert store.expire(before) == 3
    event = store.audit(after=len(store.audit()) - 1)[0].event
    assert event.kind is AuditKind.ERASURE
    assert "3 rows and 4 pictures" in event.subject
    assert (store.find(name), store.records(old.journal_id, 1, 9)) == ([], [])
    assert store.picture(old.journal_id, 1, Role.PATCH) is None
    assert store.picture(new.journal_id, 1, Role.PATCH) is not None
    assert (store.backlog().waiting, store.backlog().set_aside) == (2, 1)
    assert [state.pictures_due for state in store.journals()] == [0, 4]
    assert store.expire(before) == 0
    assert send(store, old, old.rows, arrived_at=later) == b"0 stored, 3 duplicates"
    with pytest.raises(ConflictError, match="time was over"):
        send_pictures(store, old, old.rows, later)
    assert {state.missing for state in store.journals()} == {()}


def test_uploads_are_forgotten_but_rows_are_not(store: CentreStore) -> None:
    """Long after the receipts are gone, a row that is sent again is a duplicate."""
    unit = journal(2)
    send(store, unit, unit.rows)
    later = ARRIVED + timedelta(days=400)
    store.expire(later)
    assert store.known_upload("unit-7", uuid.uuid4()) is None
    assert send(store, unit, unit.rows, arrived_at=later) == b"0 stored, 2 duplicates"


def test_a_units_wrong_clock_does_not_erase(store: CentreStore) -> None:
    """A read that says 1970 by a clock that rested on nothing is kept as long as its arrival."""
    read = dataclasses.replace(makers.read(1), at=UtcStamp(0, ClockQuality.FREE_RUNNING, 3600.0))
    unit = journal()
    unit.add(*makers.pictured(read))
    send(store, unit, unit.rows)
    open_all(store)
    assert store.expire(ARRIVED - timedelta(days=1)) == 0
    assert [o.sealed.row.seq for o in store.records(unit.journal_id, 1, 1)] == [1]
