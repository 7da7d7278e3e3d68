"""Build a look-up file, from entries or from another one and what has changed."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace

from sqlite_utils import Database

from outrider.unit.hotlist import schema
from outrider.unit.hotlist.schema import ListHeader
from outrider.vrm import fold
from outrider.wire import hotlist_columns
from outrider.wire.hotlist_entry import NumberedRow, digest_of_table
from outrider.wire.hotlist_package import Change


class BuildError(Exception):
    """A look-up file could not be built, or is not what it should be; the message says why."""


@dataclass(frozen=True, slots=True)
class Built:
    """A look-up file, checked and in memory; `Generations.commit` seals it and puts it in force."""

    header: ListHeader
    entries: int
    content_sha256: str
    image: bytes


def build(
    header: ListHeader, rows: Iterable[NumberedRow], expected_digest: str | None = None
) -> Built:
    """Build a file of numbered rows, in any order, in memory. Raises BuildError, sqlite3.Error.

    sqlite-utils makes the file; the rows go in by executemany, because its insert_all makes a
    dictionary and a statement of every batch, at six times the cost.
    """
    with closing(_in_memory()) as connection:
        Database(connection).executescript(schema.DDL)
        hotlist_columns.mark(connection)
        with connection:
            try:
                connection.executemany(schema.INSERT_ROW, ((n, *row) for n, row in rows))
            except sqlite3.IntegrityError as error:
                raise BuildError(f"list {header.name}: {error}") from error
            connection.execute(schema.FILL_PLATES)
        return _finish(connection, header, expected_digest)


def rebuild(
    base: sqlite3.Connection,
    header: ListHeader,
    changes: Iterable[Change],
    expected_digest: str,
) -> Built:
    """Build a file from the base and its changes; the base stays as it is.

    Raises BuildError where the outcome is not what expected_digest says.
    """
    with closing(_in_memory()) as connection:
        base.backup(connection)
        with connection:
            for number, row in changes:
                _delete(connection, number)
                if row is not None:
                    connection.execute(schema.INSERT_ROW, (number, *row))
                    key = fold(str(row[0]))
                    connection.execute("INSERT INTO plate VALUES (?, ?)", (key, number))
        return _finish(connection, header, expected_digest)


def _delete(connection: sqlite3.Connection, number: int) -> None:
    for (vrm,) in connection.execute("SELECT vrm FROM entry WHERE id = ?", (number,)).fetchall():
        connection.execute("DELETE FROM plate WHERE key = ? AND entry = ?", (fold(vrm), number))
        connection.execute("DELETE FROM entry WHERE id = ?", (number,))


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"PRAGMA page_size={schema.PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode=OFF")
    # What is sorted must not go to a temporary file either: that would lie on the card in clear.
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
    return connection


def _finish(connection: sqlite3.Connection, header: ListHeader, expected: str | None) -> Built:
    """Complete and check a file."""
    with connection:
        schema.fill_shapes(connection)
        digest = digest_of_table(connection)
        if expected is not None and digest != expected:
            raise BuildError(f"list {header.name}: content digest {digest}, expected {expected}")
        entries, plates = (
            int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in ("entry", "plate")
        )
        header = replace(header, revision=header.revision or digest[:12])
        schema.write_meta(connection, header, digest, entries)
    if plates != entries:
        raise BuildError(f"list {header.name}: {plates} keys for {entries} entries")
    fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if fault != "ok":
        raise BuildError(f"list {header.name}: {fault}")
    return Built(header, entries, digest, connection.serialize())


def header_of(meta: dict[str, str]) -> ListHeader:
    """Return the header that a file's meta table holds. Raises KeyError, ValueError."""
    return ListHeader(meta["name"], meta["revision"], int(meta["published_utc_ns"]), meta["policy"])
