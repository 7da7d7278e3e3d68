"""From sealed to searchable: each row once, with its events, and found again."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from outrider.centre.opening.rows import open_row, open_text
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import OpenedRecord, SealedRecord, SetAside, StoreError
from outrider.records import Hit, Read
from outrider.wire.audit import AuditKind
from outrider.wire.batch import Gap
from outrider.wire.read_record import decode
from tests.centre.store.makers import ARRIVED, KEYS, journal, open_all, send
from tests.unit.journal import makers


def test_opened_rows_leave_the_sealed(store: CentreStore) -> None:
    """What is opened no longer waits, and is found by number and by identifier, as it was."""
    unit = journal(5)
    unit.add(*makers.pictured(makers.hit(5)))
    unit.add(makers.action(5))
    send(store, unit, unit.rows)
    opened = sorted(open_all(store), key=lambda record: record.sealed.row.seq)
    assert (store.backlog().waiting, store.sealed(9)) == (0, [])
    found = store.records(unit.journal_id, 1, 99)
    assert [(o.sealed, o.record, o.text) for o in found] == [
        (o.sealed, o.record, o.text) for o in opened
    ]
    assert [o.sealed.row.seq for o in store.records(unit.journal_id, 2, 3)] == [2, 3]
    assert store.records(uuid.uuid4(), 1, 99) == []
    for record in (opened[2].record, opened[5].record):
        assert isinstance(record, Read | Hit)
        name = record.read_id if isinstance(record, Read) else record.hit_id
        assert [o.record for o in store.find(name)] == [record]
    assert store.find(uuid.uuid4()) == []


def test_an_identifier_that_came_twice_is_found_twice(store: CentreStore) -> None:
    """Two reads of one identifier are a fault that is seen, not one hidden behind the other."""
    for unit_id in ("unit-7", "unit-8"):
        unit = journal(unit_id=unit_id)
        unit.add(*makers.pictured(makers.read(1)))
        send(store, unit, unit.rows)
    store.opened([_as_it_is(sealed) for sealed in store.sealed(9)])
    name = makers.read(1).read_id
    assert sorted(o.sealed.unit_id for o in store.find(name)) == ["unit-7", "unit-8"]


def _as_it_is(sealed: SealedRecord) -> OpenedRecord:
    """Open a row without holding its unit against the read's."""
    text = open_text(sealed, KEYS)
    return OpenedRecord(sealed, decode(text), text)


def test_opening_twice_moves_once(store: CentreStore) -> None:
    """Rows that another opener has moved, in this call or another, are left alone."""
    unit = journal(4)
    send(store, unit, unit.rows)
    opened = [open_row(sealed, KEYS) for sealed in store.sealed(3)]
    store.opened(opened + opened)
    store.opened(opened)
    store.opened([])
    assert len(store.records(unit.journal_id, 1, 9)) == 3
    assert store.backlog().waiting == 1
    with store.snapshot() as rows:
        assert len(list(rows)) == 3


def test_events_come_once_however_openers_meet(url: str) -> None:
    """What a unit logged stands in the trail once, though four openers take the same rows."""
    stores = [open_store(url) for _ in range(2)]
    unit = journal()
    for number in range(20):
        unit.add(makers.action(number))
    send(stores[0], unit, unit.rows)
    opened = [open_row(sealed, KEYS) for sealed in stores[0].sealed(99)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: stores[n % 2].opened(opened[n:] + opened[:n]), range(4)))
    events = [row.event for row in stores[1].audit()]
    made = [event for event in events if event.kind is AuditKind.ALTERATION]
    assert len({event.event_id for event in made}) == len(made) == 20
    assert len(stores[0].records(unit.journal_id, 1, 99)) == 20
    for store in stores:
        store.close()


def test_rows_set_aside_stay(store: CentreStore) -> None:
    """A row that does not open is out of the way, counted, told with why, and may wait again."""
    unit = journal(3)
    send(store, unit, unit.rows)
    store.set_aside(unit.journal_id, 2, "no key\0")
    store.set_aside(unit.journal_id, 2, "again")
    store.set_aside(unit.journal_id, 9, "not here")
    assert store.rows_set_aside(9) == [SetAside("unit-7", unit.journal_id, 2, "no key?")]
    assert (store.backlog().waiting, store.backlog().set_aside) == (2, 1)
    assert [sealed.row.seq for sealed in store.sealed(9)] == [1, 3]
    assert store.retry_set_aside() == 1
    assert store.retry_set_aside() == 0
    assert [sealed.row.seq for sealed in store.sealed(9)] == [1, 3, 2]
    assert store.rows_set_aside(9) == []
    with pytest.raises(StoreError, match="is not here"):
        store.set_aside(uuid.uuid4(), 1, "no such journal")


def test_a_row_set_aside_by_another_is_opened(store: CentreStore) -> None:
    """Of two openers the one that has the key wins."""
    unit = journal(1)
    send(store, unit, unit.rows)
    opened = [open_row(sealed, KEYS) for sealed in store.sealed(9)]
    store.set_aside(unit.journal_id, 1, "the other has no key")
    store.opened(opened)
    assert (store.backlog().waiting, store.backlog().set_aside) == (0, 0)
    assert len(store.records(unit.journal_id, 1, 1)) == 1


def test_rows_of_an_unknown_journal_are_refused(store: CentreStore) -> None:
    """What never came cannot be opened."""
    unit = journal(1)
    send(store, unit, unit.rows)
    opened = [open_row(sealed, KEYS) for sealed in store.sealed(9)]
    alien = journal(1)
    sealed = type(opened[0].sealed)(
        "unit-7", alien.journal_id, alien.rows[0], alien.keys[0], ARRIVED, alien.journal_id
    )
    with pytest.raises(StoreError, match="is not here"):
        store.opened([*opened, open_row(sealed, KEYS)])
    assert store.backlog().waiting == 1


def test_a_snapshot_does_not_move(store: CentreStore) -> None:
    """An export sees what was there when it began, over days and weeks, whatever comes."""
    unit = journal(3)
    for days in (1, 10, 20):
        unit.add(*makers.pictured(makers.read(days * 864_000)))
    unit.add(
        *makers.pictured(makers.read(10 * 864_000 + 1))
    )  # comes later, into a day that is there
    late = ARRIVED + timedelta(days=20)
    send(store, unit, unit.rows[:5], arrived_at=late)
    open_all(store)
    with store.snapshot() as rows:
        first = next(rows)
        send(store, unit, unit.rows, [Gap(9, 9, bytes(32), "skipped")], arrived_at=late)
        open_all(store)
        found = [first, *rows]
    assert sorted(o.sealed.row.seq for o in found) == [1, 2, 3, 4, 5]
    with store.snapshot() as rows:
        assert sorted(o.sealed.row.seq for o in rows) == [1, 2, 3, 4, 5, 6, 7]
