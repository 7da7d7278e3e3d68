"""What is damaged on the centre's own disk is held no more: a unit that still has it sends it."""

from collections.abc import Callable

import pytest

from outrider.centre.store.bounds import Bounds
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import day_of, to_us
from outrider.centre.store.sqlite.backend import SqliteBackend
from outrider.records import Read
from outrider.wire.holdings import Holdings
from tests.centre.store.makers import EXPOSED, journal, open_all, send, send_pictures
from tests.centre.store.test_holding import claims

HARM = {
    "body": "UPDATE {table} SET body = {flipped} WHERE seq = 2",
    "pictures": "UPDATE {table} SET pictures = {short} WHERE seq = 2",
    "hash": "UPDATE {table} SET hash = previous WHERE seq = 2",
    "previous": "UPDATE {table} SET previous = hash WHERE seq = 2",
}


def harm(store: CentreStore, table: str, what: str) -> None:
    """Change a row behind the store's back, as a disk does."""
    assert isinstance(store, CentreStore)
    backend = store._backend
    if isinstance(backend, SqliteBackend):
        said = HARM[what].format(table=table, flipped="zeroblob(40)", short="x'00'")
        opened = backend._opened.writing(day_of(to_us(EXPOSED)))
        with opened if table == "opened" else backend.writing("harm") as session:
            assert session.run(said) == 1
    else:
        said = HARM[what].format(table=table, flipped="previous", short=r"'\x00'::bytea")
        with backend.writing("harm") as session:
            assert session.run(said) == 1


def left_waiting(store: CentreStore) -> None:
    """Leave rows as they came."""


def set_second_aside(store: CentreStore) -> None:
    """Set the second row aside."""
    second = next(one for one in store.sealed(9) if one.row.seq == 2)
    store.set_aside(second.epoch_id, 2, "a key that was missing for a while")


STATES: dict[str, Callable[[CentreStore], object]] = {
    "waiting": left_waiting,
    "set_aside": set_second_aside,
    "opened": open_all,
}


@pytest.mark.parametrize("what", HARM)
@pytest.mark.parametrize("table", STATES)
def test_a_damaged_row_is_lacking_and_is_replaced_when_it_comes_again(
    store: CentreStore, table: str, what: str
) -> None:
    """Waiting, aside or opened: not held, stored anew and not receipted as a duplicate, once."""
    unit = journal(3)
    send(store, unit, unit.rows)
    send_pictures(store, unit, unit.rows)
    STATES[table](store)
    harm(store, table, what)
    found = store.holdings(unit.unit_id, unit.journal_id, claims(unit.rows))
    assert found == Holdings(frozenset({1, 3}), frozenset({1, 3}))
    assert send(store, unit, unit.rows) == b"1 stored, 2 duplicates"
    send_pictures(store, unit, unit.rows)
    found = store.holdings(unit.unit_id, unit.journal_id, claims(unit.rows))
    assert found.whole == {1, 2, 3}
    open_all(store)
    assert [one.sealed.row for one in store.records(unit.epoch.epoch_id, 1, 9)] == unit.rows
    assert store.backlog().waiting == store.backlog().set_aside == 0
    assert send(store, unit, unit.rows) == b"0 stored, 3 duplicates"


def test_nothing_that_is_whole_goes_with_what_is_damaged(store: CentreStore) -> None:
    """A damaged row that did not come again stays where it is, and so does every whole one."""
    unit = journal(4)
    send(store, unit, unit.rows)
    open_all(store)
    harm(store, "opened", "body")
    assert send(store, unit, [unit.rows[0], unit.rows[3]]) == b"0 stored, 2 duplicates"
    assert len(store.records(unit.epoch.epoch_id, 1, 9)) == 4


def test_a_replaced_read_is_found_once(store: CentreStore) -> None:
    """Opened, damaged, sent and opened again: searches find one read, not two."""
    unit = journal(3)
    send(store, unit, unit.rows)
    read = open_all(store)[1].record
    assert isinstance(read, Read)
    harm(store, "opened", "body")
    send(store, unit, unit.rows)
    open_all(store)
    assert len(store.find(read.read_id)) == 1
    everything = Bounds(0, 2**62, None, None, None, coarse=False)
    with store.searching(everything) as session:
        assert session.one("SELECT count(*) FROM sighting") == (3,)
