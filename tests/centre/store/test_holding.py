"""A receipt is for content that is held, or was erased in its time under that very hash."""

import dataclasses
import shutil
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.store import journals, open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import ConflictError, SeqRange, UnfitError
from outrider.records import Role
from outrider.wire.chain import SealedRow
from outrider.wire.epoch import Epoch, Past
from outrider.wire.holdings import MARK_BYTES, Claim, Holdings
from tests.centre.store.makers import (
    ARRIVED,
    CENTRE,
    journal,
    open_all,
    receipt,
    send,
    send_pictures,
    upload,
)
from tests.centre.store.test_rows import forged
from tests.unit.journal import makers

LATER = ARRIVED + timedelta(days=400)


def put_back(unit: UnitJournal, kept: int, reads: int, fresh_epoch: bool) -> UnitJournal:
    """Return the journal as it goes on after its card was put back to its first rows."""
    again = UnitJournal(unit.unit_id, CENTRE.public, unit.journal_id)
    again.keys = (*again.keys, *unit.keys)
    again.rows = list(unit.rows[:kept])
    again._seq, again._previous = kept, unit.rows[kept - 1].hash
    if fresh_epoch:
        past = Past(unit.epoch.epoch_id, kept, unit.rows[kept - 1].hash)
        again.epoch = Epoch(uuid.uuid4(), kept + 1, past)
    for number in range(1000, 1000 + reads):
        again.add(*makers.pictured(makers.read(number, patch_bytes=40, overview_bytes=80)))
    return again


def claims(rows: list[SealedRow]) -> list[Claim]:
    return [Claim(row.seq, row.hash[:MARK_BYTES]) for row in rows]


def test_new_rows_under_erased_numbers_get_no_receipt_as_duplicates(store: CentreStore) -> None:
    """A card older than the retention uses numbers again: refused in its epoch, kept in another."""
    unit = journal(6)
    send(store, unit, unit.rows)
    open_all(store)
    assert store.expire(LATER) == 6
    stale = put_back(unit, 2, 3, fresh_epoch=False)
    with pytest.raises(ConflictError, match=r"row 3 .* another hash"):
        send(store, stale, stale.rows[2:], arrived_at=LATER)
    fresh = put_back(unit, 2, 3, fresh_epoch=True)
    assert send(store, fresh, fresh.rows[2:], arrived_at=LATER) == b"3 stored, 0 duplicates"
    assert [s.row for s in store.sealed(9)] == fresh.rows[2:]


def test_rows_erased_in_their_time_are_duplicates(store: CentreStore) -> None:
    """The very rows that were erased, opened or waiting then, are known, and not kept anew."""
    unit = journal(6)
    send(store, unit, unit.rows[:4])
    open_all(store)
    send(store, unit, unit.rows[4:])
    store.expire(LATER)
    assert send(store, unit, unit.rows, arrived_at=LATER) == b"0 stored, 6 duplicates"
    assert store.holdings(unit.unit_id, unit.journal_id, claims(unit.rows)).over == {
        1,
        2,
        3,
        4,
        5,
        6,
    }


def test_rows_of_a_lost_day_are_stored_again(tmp_path: Path) -> None:
    """Where a day's file is gone, its rows and pictures come again and no receipt lies."""
    store = open_store(f"sqlite:{tmp_path / 'store'}")
    unit = journal(3)
    send(store, unit, unit.rows)
    send_pictures(store, unit, unit.rows)
    open_all(store)
    shutil.rmtree(tmp_path / "store" / "opened")
    shutil.rmtree(tmp_path / "store" / "pictures")
    assert store.holdings(unit.unit_id, unit.journal_id, claims(unit.rows)).rows == frozenset()
    assert send(store, unit, unit.rows) == b"3 stored, 0 duplicates"
    assert store.journals()[0].pictures_due == 6
    assert send_pictures(store, unit, unit.rows) == b"6 stored, 0 duplicates"
    assert len(open_all(store)) == 3
    assert store.holdings(unit.unit_id, unit.journal_id, claims(unit.rows)).whole == {1, 2, 3}
    shutil.rmtree(tmp_path / "store" / "pictures")
    assert send_pictures(store, unit, unit.rows[:1]) == b"2 stored, 0 duplicates"
    assert store.picture(unit.epoch.epoch_id, 1, Role.PATCH) is not None
    assert store.journals()[0].pictures_due == 0
    store.close()


def test_two_histories_of_one_journal_stand_side_by_side(store: CentreStore) -> None:
    """The same numbers in two epochs: both kept with their pictures, each whole, opened apart."""
    unit = journal(5)
    send(store, unit, unit.rows)
    send_pictures(store, unit, unit.rows)
    other = put_back(unit, 2, 4, fresh_epoch=True)
    assert send(store, other, other.rows[2:]) == b"4 stored, 0 duplicates"
    assert send_pictures(store, other, other.rows[2:]) == b"8 stored, 0 duplicates"
    assert len(open_all(store)) == 9
    for one, first in ((unit, 1), (other, 3)):
        found = store.records(one.epoch.epoch_id, 1, 99)
        assert [o.sealed.row for o in found] == one.rows[first - 1 :]
        picture = store.picture(one.epoch.epoch_id, 3, Role.PATCH)
        assert picture is not None
        assert picture.data == one.pictures[3, Role.PATCH]
        kept = store.holdings(one.unit_id, one.journal_id, claims(one.rows))
        assert kept.whole == {row.seq for row in one.rows}
    states = store.journals()
    assert [state.present for state in states] == [(SeqRange(1, 5),), (SeqRange(3, 6),)]
    assert {(s.missing, s.chain_breaks, s.pictures_due) for s in states} == {((), (), 0)}


def test_a_row_that_moved_to_another_epoch_is_not_doubled(store: CentreStore) -> None:
    """What is held already is known in whatever epoch it comes again; only new rows are kept."""
    unit = journal(5)
    send(store, unit, unit.rows[:4])
    moved = journal()
    moved.journal_id, moved.keys, moved.rows = unit.journal_id, unit.keys, unit.rows
    moved.epoch = Epoch(uuid.uuid4(), 3, Past(unit.epoch.epoch_id, 2, unit.rows[1].hash))
    assert send(store, moved, unit.rows[2:]) == b"1 stored, 2 duplicates"
    assert len(open_all(store)) == 5
    assert store.journals()[1].missing == ()


def test_what_is_claimed_is_answered_by_hash(store: CentreStore) -> None:
    """Another hash, a number that never came, another journal: not held; pictures count apart."""
    unit = journal(4)
    send(store, unit, unit.rows[:3])
    send_pictures(store, unit, unit.rows[:1])
    store.set_aside(unit.epoch.epoch_id, 2, "no key")
    wrong = forged(unit.journal_id, unit.rows[2])
    found = store.holdings(
        unit.unit_id, unit.journal_id, claims([*unit.rows[:2], wrong, unit.rows[3]])
    )
    assert found == Holdings(frozenset({1}), frozenset({1}), frozenset(), frozenset({2}))
    assert store.holdings(unit.unit_id, uuid.uuid4(), claims(unit.rows)).rows == frozenset()
    assert store.holdings(unit.unit_id, unit.journal_id, []).rows == frozenset()


def test_missing_numbers_are_counted_to_the_end_that_is_known(store: CentreStore) -> None:
    """That rows at an epoch's end have not come is seen from the epoch that goes on from there."""
    unit = journal(5)
    send(store, unit, unit.rows[:3])
    assert store.journals()[0].missing == ()
    after = put_back(unit, 5, 2, fresh_epoch=True)
    send(store, after, after.rows[5:])
    assert [state.missing for state in store.journals()] == [(SeqRange(4, 5),), ()]


def test_an_epoch_of_another_unit_is_refused(store: CentreStore) -> None:
    """One unit's epoch is not taken from another; its journal may go on under another's name."""
    unit = journal(2)
    send(store, unit, unit.rows)
    thief = journal(unit_id="unit-8")
    batch = dataclasses.replace(unit.batch(unit.rows), unit_id="unit-8")
    with pytest.raises(ConflictError, match="is not unit unit-8's"):
        store.take_rows(upload(thief.unit_id), batch, receipt)
    own = dataclasses.replace(batch, epoch=Epoch(uuid.uuid4()))
    assert store.take_rows(upload("unit-8"), own, receipt) == b"2 stored, 0 duplicates"


def test_rows_that_another_sent_first_are_not_taken_for_duplicates(store: CentreStore) -> None:
    """A copy of the card in another car, that docks first, costs the unit no row and no picture."""
    unit = journal(3)
    copy = dataclasses.replace(unit.batch(unit.rows), unit_id="unit-8", epoch=Epoch(uuid.uuid4()))
    store.take_rows(upload("unit-8"), copy, receipt)
    for row in unit.rows:
        store.set_aside(copy.epoch.epoch_id, row.seq, "its read says it is another unit's")
    found = store.holdings(unit.unit_id, unit.journal_id, claims(unit.rows))
    assert found == Holdings()
    assert send(store, unit, unit.rows) == b"3 stored, 0 duplicates"
    assert send_pictures(store, unit, unit.rows) == b"6 stored, 0 duplicates"
    assert {one.sealed.unit_id for one in open_all(store)} == {unit.unit_id}
    found = store.holdings(unit.unit_id, unit.journal_id, claims(unit.rows))
    assert found.whole == {1, 2, 3}


def test_what_opened_in_another_name_is_held_and_what_did_not_is_not(store: CentreStore) -> None:
    """A unit that was enrolled anew under another name sends nothing twice."""
    unit = journal(3)
    send(store, unit, unit.rows[:2])
    send_pictures(store, unit, unit.rows[:2])
    open_all(store)
    send(store, unit, unit.rows[2:])
    found = store.holdings("unit-8", unit.journal_id, claims(unit.rows))
    assert found == Holdings(frozenset({1, 2}), frozenset({1, 2}))


def test_no_unit_begins_epochs_without_end(
    store: CentreStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is looked at for every row of its journal: so many a day, and other units as ever."""
    monkeypatch.setattr(journals, "MOST_EPOCHS_A_DAY", 3)
    liar, honest = journal(2), journal(2, unit_id="unit-8")

    def begin(unit: UnitJournal, hours: int) -> bytes:
        batch = dataclasses.replace(unit.batch(unit.rows), epoch=Epoch(uuid.uuid4()))
        at = ARRIVED + timedelta(hours=hours)
        return store.take_rows(upload(unit.unit_id, arrived_at=at), batch, receipt)

    for hour in range(3):
        begin(liar, hour)
    with pytest.raises(UnfitError, match="unit-7 has begun 3 epochs within a day"):
        begin(liar, 3)
    assert begin(honest, 3) == b"2 stored, 0 duplicates"
    assert len(store.journals("unit-7")) == 3
    begin(liar, 25)
    assert len(store.sealed(9)) == 4
