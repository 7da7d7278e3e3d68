"""Erasure to its limit, in every table and file that holds a read; and its certificate."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from outrider.centre.retention import certificate, last_row
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us, to_us
from outrider.wire import erasure
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity
from tests.centre.access import makers
from tests.centre.store.conftest import cluster, shared_database, store, url
from tests.centre.store.makers import EXPOSED, journal, open_all, send
from tests.centre.store.sightings import DAY_US

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
