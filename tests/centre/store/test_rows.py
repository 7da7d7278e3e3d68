"""Taking rows: once each, whole batches only, in any order, from many at once."""

import dataclasses
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.postgresql.sessions import PostgresSession
from outrider.centre.store.records import ConflictError, KnownUpload, SeqRange, StoreError
from outrider.wire.batch import Gap
from outrider.wire.chain import SealedRow, row_hash
from outrider.wire.sealing import SealedKey
from tests.centre.store.makers import (
    ARRIVED,
    journal,
    open_all,
    receipt,
    send,
    upload,
)
from tests.unit.journal import makers


def forged(unit_journal_id: uuid.UUID, row: SealedRow) -> SealedRow:
    """Return another row of the same number, whole in itself."""
    body = row.body + b"\0"
    digest = row_hash(
        unit_journal_id, row.seq, row.kind, row.key_id, row.previous, row.pictures, body
    )
    return dataclasses.replace(row, body=body, hash=digest)


def test_rows_come_back_as_they_were_sent(store: CentreStore) -> None:
    """Sealed rows are handed out as they came, with their keys, hits first, then in order."""
    unit = journal(3)
    hit = unit.add(*makers.pictured(makers.hit(3)))
    assert send(store, unit, unit.rows) == b"4 stored, 0 duplicates"
    found = store.sealed(10)
    assert [sealed.row for sealed in found] == [hit, *unit.rows[:3]]
    assert {sealed.key for sealed in found} == {unit.keys[0]}
    assert {(s.unit_id, s.journal_id, s.arrived_at) for s in found} == {
        ("unit-7", unit.journal_id, ARRIVED)
    }
    assert store.sealed(2) == found[:2]
    assert (store.backlog().waiting, store.backlog().oldest_at) == (4, ARRIVED)


def test_a_whole_batch_of_a_thousand(store: CentreStore) -> None:
    """The largest batch there may be is taken, and known again."""
    unit = journal(1000)
    assert send(store, unit, unit.rows) == b"1000 stored, 0 duplicates"
    assert send(store, unit, unit.rows) == b"0 stored, 1000 duplicates"
    assert store.backlog().waiting == 1000


def test_the_same_upload_gives_the_same_receipt(store: CentreStore) -> None:
    """Sent again under its name it is answered as before; another body under it is refused."""
    unit = journal(2)
    first = upload(body=b"x")
    given = store.take_rows(first, unit.batch(unit.rows), receipt)
    again = upload(body=b"x", upload_id=first.name.upload_id, arrived_at=ARRIVED + timedelta(1))
    assert store.take_rows(again, unit.batch(unit.rows), receipt) == given
    known = store.known_upload("unit-7", first.name.upload_id)
    assert known == KnownUpload(first.sha256, given)
    assert store.known_upload("unit-8", first.name.upload_id) is None
    assert store.journals()[0].last_upload_at == ARRIVED
    other = upload(body=b"y", upload_id=first.name.upload_id)
    with pytest.raises(ConflictError, match="another body"):
        store.take_rows(other, unit.batch(unit.rows), receipt)


def test_duplicates_are_known_after_rows_have_moved(store: CentreStore) -> None:
    """A row is a duplicate, or a conflict, just as well when it is opened or set aside."""
    unit = journal(6)
    send(store, unit, unit.rows[:4])
    store.set_aside(unit.journal_id, 4, "no key")
    open_all(store)
    assert send(store, unit, unit.rows) == b"2 stored, 4 duplicates"
    for row in unit.rows:
        with pytest.raises(ConflictError, match=f"row {row.seq} .* another hash"):
            send(store, unit, [forged(unit.journal_id, row)])
    assert store.journals()[0].present == (SeqRange(1, 6),)


def test_a_conflict_stores_nothing_of_its_batch(store: CentreStore) -> None:
    """A batch with one wrong row leaves no trace: no row, no gap, no upload, no audit event."""
    unit = journal(4)
    send(store, unit, unit.rows[:1])
    bad, events = upload(), len(store.audit())
    rows = [forged(unit.journal_id, unit.rows[0]), *unit.rows[1:]]
    with pytest.raises(ConflictError):
        store.take_rows(bad, unit.batch(rows, [Gap(9, 9, bytes(32), "skipped")]), receipt)
    assert store.known_upload("unit-7", bad.name.upload_id) is None
    assert len(store.audit()) == events
    (state,) = store.journals()
    assert (state.present, state.gaps, state.pictures_due) == ((SeqRange(1, 1),), (), 2)


def test_a_failing_receipt_stores_nothing(store: CentreStore) -> None:
    """Where the receipt cannot be made, the batch has not come; it may be sent again."""
    unit = journal(2)

    def no_receipt(stored: int, duplicates: int) -> bytes:
        raise RuntimeError("the signing key is gone")

    with pytest.raises(RuntimeError, match="signing key"):
        store.take_rows(upload(), unit.batch(unit.rows), no_receipt)
    assert (store.journals(), store.backlog().waiting, store.audit()) == ([], 0, [])
    assert send(store, unit, unit.rows) == b"2 stored, 0 duplicates"


def test_what_contradicts_is_refused(store: CentreStore) -> None:
    """Another unit's journal, another's name over a batch, a data key sealed otherwise: refused."""
    unit = journal(3)
    send(store, unit, unit.rows[:1])
    batch = unit.batch(unit.rows)
    with pytest.raises(ConflictError, match="not unit unit-8's"):
        store.take_rows(upload("unit-8"), dataclasses.replace(batch, unit_id="unit-8"), receipt)
    with pytest.raises(ConflictError, match="unit unit-8 sent"):
        store.take_rows(upload("unit-8"), batch, receipt)
    other = SealedKey(unit.keys[0].key_id, "other", b"other")
    with pytest.raises(ConflictError, match="sealed otherwise"):
        store.take_rows(upload(), dataclasses.replace(batch, keys=(other, *unit.keys[1:])), receipt)
    assert store.backlog().waiting == 1


def test_hits_first_then_the_rest(store: CentreStore) -> None:
    """Numbers come out of order; what is missing shrinks to nothing, and the chain holds."""
    unit = journal(10)
    send(store, unit, unit.rows[4:5])
    send(store, unit, unit.rows[8:9])
    (state,) = store.journals("unit-7")
    assert state.present == (SeqRange(5, 5), SeqRange(9, 9))
    assert state.missing == (SeqRange(1, 4), SeqRange(6, 8))
    send(store, unit, unit.rows[:8])
    send(store, unit, unit.rows)
    (state,) = store.journals()
    assert (state.present, state.missing, state.chain_breaks) == ((SeqRange(1, 10),), (), ())
    assert store.journals("unit-8") == []


def test_gaps_and_breaks_are_told(store: CentreStore) -> None:
    """A declared gap is not missing, and the chain goes on behind it; a broken chain is named."""
    unit = journal(2)
    gap = unit.skip(3)
    for number in range(3):
        unit.add(*makers.pictured(makers.read(number + 10)))
    send(store, unit, unit.rows, [gap])
    (state,) = store.journals()
    assert (state.gaps, state.missing, state.chain_breaks) == ((gap,), (), ())
    broken = journal(3, unit_id="unit-8")
    other = journal(2, unit_id="unit-8")
    alien = other.rows[1]
    digest = row_hash(
        broken.journal_id, 2, alien.kind, alien.key_id, alien.previous, (), alien.body
    )
    alien = dataclasses.replace(alien, pictures=(), hash=digest)
    batch = broken.batch([broken.rows[0], alien, broken.rows[2]])
    batch = dataclasses.replace(batch, keys=(*broken.keys, *other.keys))
    store.take_rows(upload("unit-8"), batch, receipt)
    assert store.journals("unit-8")[0].chain_breaks == (2, 3)


def test_the_units_clock_is_remembered(store: CentreStore) -> None:
    """How far off the unit's clock was at its last upload, and what it rested on."""
    unit = journal(1)
    sent = upload(skew_s=-90.25)
    store.take_rows(sent, unit.batch(unit.rows), receipt)
    (state,) = store.journals()
    assert (state.last_skew_s, state.last_clock_quality) == (-90.25, "gps")
    assert state.last_upload_at == ARRIVED


def test_empty_batch_with_a_gap(store: CentreStore) -> None:
    """A batch may hold no row and still tell of a loss."""
    unit = journal()
    assert send(store, unit, [], [Gap(1, 5, bytes(32), "damaged")]) == b"0 stored, 0 duplicates"
    assert store.journals()[0].gaps == (Gap(1, 5, bytes(32), "damaged"),)


def at_once(calls: list[Callable[[], bytes]]) -> list[bytes]:
    """Return what calls gave that began at the same time, each in a thread of its own."""
    begin = threading.Barrier(len(calls))

    def one(call: Callable[[], bytes]) -> bytes:
        begin.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_the_same_upload_at_once(store: CentreStore) -> None:
    """An upload that comes through two connections at once is stored once, receipted alike."""
    unit = journal(50)
    sent = upload()
    found = at_once([lambda: store.take_rows(sent, unit.batch(unit.rows), receipt)] * 4)
    assert set(found) == {b"50 stored, 0 duplicates"}
    assert (store.backlog().waiting, len(store.audit())) == (50, 1)


def test_overlapping_uploads_at_once(url: str) -> None:
    """However uploads overlap and meet, in two programs' stores, each row is stored once."""
    first, second = open_store(url), open_store(url)
    units = [journal(70, unit_id=f"unit-{n}") for n in range(2)]
    calls: list[Callable[[], bytes]] = []
    for number in range(12):
        unit, rows = units[number % 2], units[number % 2].rows[number * 3 : number * 3 + 30]
        store = (first, second)[number % 4 // 2]
        calls.append(lambda store=store, unit=unit, rows=rows: send(store, unit, rows))  # type: ignore[misc]
    counts = [tuple(map(int, text.split()[::2])) for text in at_once(calls)]
    expected = [{row.seq for n in range(k, 12, 2) for row in units[k].rows[n * 3 : n * 3 + 30]}
                for k in range(2)]  # fmt: skip
    assert sum(stored for stored, _ in counts) == sum(map(len, expected))
    assert sum(stored + duplicates for stored, duplicates in counts) == 12 * 30
    found = [(sealed.unit_id, sealed.row.seq) for sealed in first.sealed(1000)]
    assert sorted(found) == sorted((f"unit-{k}", seq) for k in range(2) for seq in expected[k])
    assert [row.number for row in second.audit()] == list(range(1, 13))
    first.close()
    second.close()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_rows_that_are_opened_meanwhile_are_duplicates(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After whatever statement of a second upload an opener moves its rows, none comes again."""
    taking, opening = open_store(url), open_store(url)
    countdown = [0]

    def then_open(ask: Callable[..., object]) -> Callable[..., object]:
        def asked(session: PostgresSession, sql: str, *values: object) -> object:
            found = ask(session, sql, *values)
            countdown[0] -= 1
            if countdown[0] == 0:
                open_all(opening)
            return found

        return asked

    for name in ("rows", "one", "run"):
        monkeypatch.setattr(PostgresSession, name, then_open(getattr(PostgresSession, name)))
    for statement in range(1, 40):
        unit = journal(3)
        send(taking, unit, unit.rows)
        countdown[0] = statement
        assert send(taking, unit, unit.rows) == b"0 stored, 3 duplicates"
        if countdown[0] > 0:
            break
        assert taking.backlog().waiting == 0
    else:
        pytest.fail("an upload of more statements than this test tries")
    assert statement > 5
    taking.close()
    opening.close()


def test_a_closed_store_says_so(url: str) -> None:
    """A store that was closed raises StoreError, not something of the database's own."""
    store = open_store(url)
    store.close()
    with pytest.raises(StoreError, match="cannot store rows"):
        send(store, journal(), [])
