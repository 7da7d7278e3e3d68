"""Erasure to its limit, in every table and file that holds a read; and its certificate."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.retention import certificate, last_row
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us, to_us
from outrider.centre.store.papers import CORRECTION, Paper
from outrider.centre.store.sqlite.expiry import Expiry
from outrider.records import Read, Role
from outrider.wire import erasure
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity
from tests.centre.access import makers
from tests.centre.store.conftest import cluster, shared_database, store, url
from tests.centre.store.makers import CENTRE, EXPOSED, journal, open_all, send, send_pictures
from tests.centre.store.sightings import DAY_US
from tests.unit.journal import makers as makers_of_reads

__all__ = ["cluster", "shared_database", "store", "url"]


def test_no_table_holds_the_mark_of_an_erased_read(
    store: CentreStore, url: str, tmp_path: Path
) -> None:
    """Files, tables and indexes are searched for the bytes of a mark whose time is over."""
    unit = journal(3)
    send(store, unit, unit.rows)
    (mark, *_) = {one.record.text.vrm for one in open_all(store)}  # type: ignore[union-attr]
    assert _held(url, tmp_path, mark)
    store.expire(EXPOSED + timedelta(days=8))
    assert not _held(url, tmp_path, mark)


def _held(url: str, folder: Path, mark: str) -> list[str]:
    """Return where a mark stands: in the files of the folder, or in tables."""
    if url.startswith("sqlite"):
        needle = mark.encode()
        return [
            str(path)
            for path in folder.rglob("*")
            if path.is_file() and needle in path.read_bytes()
        ]
    found = []
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace "
            "WHERE nspname = 'outrider' AND relkind = 'r' AND relname <> 'audit'"
        ).fetchall()
        for (table,) in tables:
            query = f"SELECT count(*) FROM outrider.{table} AS t WHERE t::text LIKE %s"
            row = connection.execute(query, (f"%{mark}%",)).fetchone()
            if row is not None and row[0]:
                found.append(str(table))
    return found


# What stays for ever, and why it may: none of it tells of a read, or of anybody who was read.
ALWAYS = {
    "unit": "which units are enrolled", "ticket": "which tickets were made",
    "certificate": "which certificates were given", "journal": "the journals of units",
    "present": "numbers of rows", "gap": "numbers of rows", "chain_break": "numbers of rows",
    "erased": "half hashes of rows that are gone", "audit": "the trail: who did what",
    "schema_version": "a version", "week": "which weeks there are", "move": "a count",
    "camera": "which cameras there are", "unit_force_since": "whose a unit was",
}  # fmt: skip


def test_whatever_is_kept_in_any_table_has_a_limit_or_a_reason(
    store: CentreStore, url: str, tmp_path: Path
) -> None:
    """Rows of every kind, opened, waiting and aside, with pictures, papers and answers: all go.

    A table that is added and keeps something fails this test until its limit or its reason is here.
    """
    unit = UnitJournal("unit-7", CENTRE.public)
    for number in range(4):
        unit.add(*makers_of_reads.pictured(makers_of_reads.read(number, patch_bytes=40)))
        unit.add(makers_of_reads.hit(number))
        unit.add(makers_of_reads.action(number))
    send(store, unit, unit.rows[:6])
    send_pictures(store, unit, unit.rows[:1])
    open_all(store)
    store.set_force("unit-7", "northshire")
    send(store, unit, unit.rows[6:])
    aside = unit.rows[-1]
    store.set_aside(unit.epoch.epoch_id, aside.seq, "it did not open")
    at_us = to_us(EXPOSED)
    store.put_paper(
        Paper(CORRECTION, "read", 1, "dc-1", "AB12CDE", "corrected", at_us, at_us, b"{}")
    )
    filled = _tables(url, tmp_path)
    assert {"sighting", "hit", "answer", "activity", "mark", "opened", "picture", "paper",
            "waiting", "set_aside", "due", "upload", "data_key"} <= filled  # fmt: skip
    store.expire(EXPOSED + timedelta(days=30))
    assert _tables(url, tmp_path) - set(ALWAYS) == set()
    marks = {makers_of_reads.mark(number) for number in range(4)} | {"KX21ABD", "AB12CDE"}
    assert [mark for mark in sorted(marks) if _held(url, tmp_path, mark)] == []


def _tables(url: str, folder: Path) -> set[str]:
    """Return the tables that hold anything; those in parts by the name of the whole."""
    found = set()
    if url.startswith("sqlite"):
        for path in folder.rglob("*.sqlite3"):
            with closing(sqlite3.connect(path)) as db:
                names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                found |= {
                    n for (n,) in names if db.execute(f"SELECT 1 FROM {n} LIMIT 1").fetchone()
                }
        return found
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace WHERE "
            "nspname = 'outrider' AND relkind IN ('r', 'p') AND NOT relispartition"
        ).fetchall()
        for (name,) in names:
            query = f"SELECT 1 FROM outrider.{name} LIMIT 1"
            if connection.execute(query.encode()).fetchone():
                found.add(str(name))
    return found


def test_a_certificate_says_what_was_erased_and_is_signed(store: CentreStore) -> None:
    """With where the trail stood after it; changed, it is refused."""
    unit = journal(3)
    send(store, unit, unit.rows)
    open_all(store)
    before = from_us(to_us(EXPOSED) + 8 * DAY_US)
    rows = store.expire(before)
    identity = SigningIdentity.generate()
    data = certificate(store, makers.clock(), before, 12, rows, identity)
    found = erasure.decode(data, identity.public)
    last = last_row(store)
    assert last is not None
    assert (found.rows, found.trail_row) == (rows, last.number)
    assert found.rows == 3
    with pytest.raises(WireError):
        erasure.decode(data.replace(b'"rows":3', b'"rows":2'), identity.public)


def _spread(count: int) -> UnitJournal:
    """Return so many reads with pictures, a minute apart: days, and the middle of one."""
    unit = UnitJournal("unit-7", CENTRE.public)
    for number in range(count):
        read = makers_of_reads.read(number, patch_bytes=40, overview_bytes=80)
        at = replace(read.at, utc_ns=read.at.utc_ns + number * 1_800_000_000_000)
        unit.add(*makers_of_reads.pictured(replace(read, at=at)))
    return unit


def test_nothing_is_kept_past_its_limit_not_even_within_a_day(
    store: CentreStore, url: str, tmp_path: Path
) -> None:
    """Rows, marks, pictures that came later, counts and corrections go to the microsecond."""
    unit = _spread(150)  # three days, half an hour apart
    later = EXPOSED + timedelta(days=5)
    send(store, unit, unit.rows, arrived_at=later)
    send_pictures(store, unit, unit.rows, later)
    opened = open_all(store)
    reads = [one.record for one in opened if isinstance(one.record, Read)]
    before = EXPOSED + timedelta(days=1, hours=5, minutes=10)
    old = {read.text.vrm for read in reads if read.at.utc < before}
    kept = [read for read in reads if read.at.utc >= before]
    assert (len(old), len(kept)) == (59, 91)
    for read in reads:
        paper = Paper(
            CORRECTION, str(read.read_id), 1, "dc-1", f"C{read.text.vrm}", "corrected",
            to_us(later), to_us(read.at.utc), b"{}",
        )  # fmt: skip
        store.put_paper(paper)
    assert store.expire(before) == 59
    assert [mark for mark in sorted(old) if _held(url, tmp_path, mark)] == []
    for read in kept:
        (found,) = store.find(read.read_id)
        seq = found.sealed.row.seq
        assert store.picture(unit.journal_id, seq, Role.PATCH) is not None
        assert store.paper(CORRECTION, str(read.read_id)) is not None
    assert [
        row.seq for row in unit.rows if store.picture(unit.journal_id, row.seq, Role.PATCH)
    ] == list(range(60, 151))
    event = store.audit(after=len(store.audit()) - 1)[0].event
    assert "59 rows and 118 pictures" in event.subject
    assert store.expire(before) == 0
    assert send(store, unit, unit.rows, arrived_at=later) == b"0 stored, 150 duplicates"


@pytest.mark.parametrize("kind", ["authorisation", "break-glass", "review", "hit-end", "session"])
def test_no_paper_of_any_kind_is_kept_past_its_limit(store: CentreStore, kind: str) -> None:
    """Papers name marks, people and cases: over before the limit they go, the others stay."""
    for name, until in (("over", -1), ("not-yet", 0)):
        at_us = to_us(EXPOSED) - 2 * DAY_US
        made = Paper(kind, name, 1, "dc-1", "AB12CDE", "given", at_us, at_us, b"{}")
        store.put_paper(made)
        store.put_paper(replace(made, revision=2, until_us=to_us(EXPOSED) + until))
    store.expire(EXPOSED)
    assert store.paper(kind, "over") is None
    assert store.paper(kind, "not-yet") is not None


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_erasure_that_was_cut_off_is_finished_by_the_next(
    store: CentreStore, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after it was noted and before anything went: nothing is left afterwards."""
    unit = _spread(60)
    send(store, unit, unit.rows, arrived_at=EXPOSED + timedelta(days=2))
    marks = [one.record.text.vrm for one in open_all(store) if isinstance(one.record, Read)]
    before = EXPOSED + timedelta(hours=20)

    def killed(self: Expiry, before_us: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Expiry, "_trim", killed)
        with pytest.raises(KeyboardInterrupt):
            store.expire(before)
    assert _held(url, tmp_path, marks[5])
    store.expire(before)
    assert [mark for mark in marks[:40] if _held(url, tmp_path, mark)] == []
    assert all(_held(url, tmp_path, mark) for mark in marks[41:])
