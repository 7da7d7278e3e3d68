"""The look-up file: one SQLite file a generation of a list, never changed once it is in force.

`plate` is narrow and in key order, so that a cold look-up reads a few pages of 4 KB; wildcards
stand in it under their own text (`?` and `*` cannot be in a mark), and `shape` says which places
of a read to mask to find them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from sqlite3 import Connection

from outrider.vrm import fold
from outrider.wire.hotlist_columns import declared
from outrider.wire.hotlist_entry import FIELDS, NumberedRow

APPLICATION_ID = 0x4F48_4C31  # "OHL1"
PAGE_BYTES = 4096

_COLUMNS = ", ".join(map(declared, FIELDS))
DDL = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entry (id INTEGER PRIMARY KEY, {_COLUMNS});
CREATE TABLE plate (key TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (key, entry))
    WITHOUT ROWID;
CREATE TABLE shape (shape TEXT PRIMARY KEY) WITHOUT ROWID;
"""

SELECT_ROWS = f"SELECT id, {', '.join(FIELDS)} FROM entry ORDER BY id"
SELECT_ROW = f"SELECT {', '.join(FIELDS)} FROM entry WHERE id = ?"
INSERT_ROW = f"INSERT INTO entry VALUES ({', '.join('?' * (len(FIELDS) + 1))})"
_KEY = "replace(replace(vrm, 'O', '0'), 'I', '1')"
FILL_PLATES = f"INSERT INTO plate SELECT {_KEY}, id FROM entry ORDER BY 1, 2"


@dataclass(frozen=True, slots=True)
class ListHeader:
    """What a list says of itself. policy: the ListPolicy as JSON.

    revision: the publisher's; where it is empty, the builder puts the content's digest.
    """

    name: str
    revision: str
    published_utc_ns: int
    policy: str = "{}"


def shape_of(pattern: str) -> str:
    """Return a wildcard's shape: every letter and digit as `x`."""
    return "".join(char if char in "?*" else "x" for char in pattern)


def fill_shapes(connection: Connection) -> None:
    """Write the shapes of the wildcards that the file now holds."""
    patterns = connection.execute(
        "SELECT DISTINCT vrm FROM entry WHERE instr(vrm, '?') OR instr(vrm, '*')"
    )
    shapes = sorted({shape_of(fold(vrm)) for (vrm,) in patterns})
    connection.execute("DELETE FROM shape")
    connection.executemany("INSERT INTO shape VALUES (?)", ((shape,) for shape in shapes))


def write_meta(connection: Connection, header: ListHeader, digest: str, entries: int) -> None:
    """Write what the list says of itself, last of all."""
    connection.execute("DELETE FROM meta")
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?)",
        {
            "name": header.name,
            "revision": header.revision,
            "published_utc_ns": str(header.published_utc_ns),
            "policy": header.policy,
            "content_sha256": digest,
            "entries": str(entries),
        }.items(),
    )


def numbered(rows: Iterable[tuple[int | str, ...]]) -> Iterator[NumberedRow]:
    """Part each row of SELECT_ROWS into number and row."""
    for number, *row in rows:
        yield int(number), tuple(row)
