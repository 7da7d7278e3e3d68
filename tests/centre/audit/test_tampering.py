"""Whoever owns the database can write anything into it: what the trail shows all the same.

Whatever is edited, dropped, put in another order, cut off or set back up to the last checkpoint
outside is found, in both stores; behind it a trail that is chained anew is not, until the next.
"""

import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from outrider.centre.checkpoints.verify import Verdict, rows_after, verify
from outrider.centre.store.audit_chain import audit_hash
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import AuditRow
from outrider.wire import canonical
from outrider.wire.checkpoint import Checkpoint
from tests.centre.audit import makers
from tests.centre.store.conftest import cluster, shared_database, store, url

__all__ = ["cluster", "shared_database", "store", "url"]
ROWS, AT, TRIALS = 12, 9, 25
_Row = tuple[int, bytes, bytes, bytes]
_Harm = Callable[[random.Random, list[AuditRow]], Sequence[_Row]]


def _raw(row: AuditRow) -> _Row:
    return row.number, canonical.dumps(row.event), row.previous, row.hash


def _chained_anew(rows: Sequence[AuditRow], first: int) -> list[_Row]:
    """Return rows whose hashes are made again from a row on: sound as a chain."""
    found, previous = [_raw(row) for row in rows[: first - 1]], rows[first - 1].previous
    for number, row in enumerate(rows[first - 1 :], start=first):
        digest = audit_hash(number, row.event, previous)
        found.append((number, canonical.dumps(row.event), previous, digest))
        previous = digest
    return found


def _edited(rng: random.Random, rows: list[AuditRow]) -> Sequence[_Row]:
    """One byte of one column of one row."""
    found = [_raw(row) for row in rows]
    place, column = rng.randrange(AT), rng.randrange(3)
    number, *columns = found[place]
    text = bytearray(columns[column])
    text[rng.randrange(len(text))] ^= 1 << rng.randrange(8)
    columns[column] = bytes(text)
    found[place] = number, columns[0], columns[1], columns[2]
    return found


def _edited_and_chained(rng: random.Random, rows: list[AuditRow]) -> Sequence[_Row]:
    """Another actor, subject or reason; every hash behind it made again."""
    place = rng.randrange(AT)
    event, other = rows[place].event, f"somebody else {rng.random()}"
    changed = (
        replace(event, actor=other), replace(event, subject=other),
        replace(event, justification=other), replace(event, recipient=other),
    )  # fmt: skip
    rows[place] = replace(rows[place], event=rng.choice(changed))
    return _chained_anew(rows, place + 1)


def _dropped(rng: random.Random, rows: list[AuditRow]) -> Sequence[_Row]:
    """One row, the others left as they are."""
    del rows[rng.randrange(AT)]
    return [_raw(row) for row in rows]


def _dropped_and_chained(rng: random.Random, rows: list[AuditRow]) -> Sequence[_Row]:
    """One row, the others moved up and hashed again."""
    place = rng.randrange(AT)
    del rows[place]
    return _chained_anew([replace(row, number=n) for n, row in enumerate(rows, 1)], place + 1)


def _reordered(rng: random.Random, rows: list[AuditRow]) -> Sequence[_Row]:
    """Two rows change places, under each other's numbers, and all is hashed again or not."""
    one, two = sorted(rng.sample(range(AT), 2))
    rows[one], rows[two] = (
        replace(rows[one], event=rows[two].event), replace(rows[two], event=rows[one].event),
    )  # fmt: skip
    return _chained_anew(rows, one + 1) if rng.random() < 0.5 else [_raw(row) for row in rows]


def _cut(rng: random.Random, rows: list[AuditRow]) -> Sequence[_Row]:
    """The end is gone."""
    return [_raw(row) for row in rows[: rng.randrange(AT)]]


def _set_back(rng: random.Random, rows: list[AuditRow]) -> Sequence[_Row]:
    """Put back to an earlier day, and written on: as many rows as before, or more."""
    kept = rng.randrange(AT)
    events = [row.event for row in rows[:kept]]
    events += [makers.event(100 + n) for n in range(ROWS - kept + rng.randrange(3))]
    return [_raw(row) for row in makers.chained(events)]


HARMS: tuple[_Harm, ...] = (
    _edited, _edited_and_chained, _dropped, _dropped_and_chained, _reordered, _cut, _set_back,
)  # fmt: skip


def _write(store: CentreStore, url: str, rows: Sequence[_Row]) -> None:
    """Put rows in the place of the trail, as the owner of the database can."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:") + "/intake.sqlite3"
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("DROP TRIGGER IF EXISTS audit_is_not_changed")
            db.execute("DROP TRIGGER IF EXISTS audit_is_not_erased")
            db.execute("DELETE FROM audit")
            db.executemany("INSERT INTO audit VALUES (?, ?, ?, ?)", rows)
        return
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role TO replica")  # no trigger runs
        connection.execute("DELETE FROM outrider.audit")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO outrider.audit VALUES (%s, %s, %s, %s)", rows)


def _verified(store: CentreStore, rows: list[AuditRow]) -> Verdict:
    outside = Checkpoint(AT, rows[AT - 1].hash.hex(), "2026-11-21T08:00:00.000Z")
    return verify(rows_after(store, 0), [outside])


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__.strip("_"))
def test_what_is_harmed_up_to_the_last_checkpoint_outside_is_found(
    store: CentreStore, url: str, harm: _Harm
) -> None:
    """Each way many times, wherever it may be; and the trail as it was is sound again."""
    store.append_audit([makers.event(number) for number in range(ROWS)])
    rows = store.audit()
    assert _verified(store, rows).sound
    rng = random.Random(harm.__name__)
    for trial in range(TRIALS):
        changed = harm(rng, list(rows))
        assert list(changed) != [_raw(row) for row in rows]
        _write(store, url, changed)
        assert not _verified(store, rows).sound, f"trial {trial}"
    _write(store, url, [_raw(row) for row in rows])
    assert _verified(store, rows).sound


def test_behind_the_last_checkpoint_only_the_next_one_can_tell(
    store: CentreStore, url: str
) -> None:
    """What nobody outside has seen yet can be chained anew: so one goes out each day."""
    store.append_audit([makers.event(number) for number in range(ROWS)])
    rows = store.audit()
    changed = replace(rows[AT], event=replace(rows[AT].event, actor="somebody else"))
    _write(store, url, _chained_anew([*rows[:AT], changed, *rows[AT + 1 :]], AT + 1))
    assert _verified(store, rows).sound
    next_one = Checkpoint(ROWS, rows[-1].hash.hex(), "2026-11-22T08:00:00.000Z")
    assert "written anew" in verify(rows_after(store, 0), [next_one]).first_break
