"""Which columns a table of hotlist entries has, by version: an old file is read, never guessed at.

A unit's card and a centre's disk hold files of an older version than the program. What a version
added is added to such a file with its default when it is opened. A file whose columns are not those
of its version is refused: an answer from it could be "not listed" for a mark that is.
"""

from collections.abc import Sequence
from sqlite3 import Connection

from outrider.wire.hotlist_entry import DEFAULTS, FIELDS, Cell

# One line a version, never an edit of one that was released: CONTRIBUTING, "A column of a hotlist".
COLUMNS: dict[int, tuple[str, ...]] = {
    1: (
        "vrm", "reason", "response", "priority", "make", "model", "colour", "warning_markers",
        "intelligence_grading", "instruction", "force_area", "valid_from", "weed_date",
        "source_reference", "owner", "protective_marking", "armed_area", "armed_hours",
    ),
}  # fmt: skip


class ColumnsError(Exception):
    """A file's columns are not those that it should have; the message says which."""


def declared(name: str, default: Cell | None = None) -> str:
    """Return how a column is declared; default: where rows are there already."""
    kind = "INTEGER" if name == "priority" else "TEXT"
    given = (
        ""
        if default is None
        else f" DEFAULT {default if isinstance(default, int) else repr(default)}"
    )
    return f"{name} {kind} NOT NULL{given}"


def newest() -> int:
    """Return the version that is written."""
    return max(COLUMNS)


def mark(db: Connection) -> None:
    """Write into a new file that it is of the newest version."""
    db.execute(f"PRAGMA user_version = {newest():d}")


def bring_up(db: Connection, tables: Sequence[str] = ("entry",)) -> None:
    """Give the tables of an older file the columns that came since. Raises ColumnsError.

    The first column of each table is the entry's number.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0]) or 1  # 0: of before it was noted
    if version > newest():
        raise ColumnsError(
            f"made by a newer outrider: version {version}, this one reads up to {newest()}"
        )
    for table in tables:
        found = tuple(row[1] for row in db.execute(f"PRAGMA table_info({table})"))[1:]
        if found != COLUMNS[version]:
            raise ColumnsError(f"table {table}: {_difference(found, COLUMNS[version])}")
        for name in COLUMNS[newest()][len(found) :]:
            default = DEFAULTS[FIELDS.index(name)]
            db.execute(f"ALTER TABLE {table} ADD COLUMN {declared(name, default)}")
    if version != newest():
        mark(db)


def _difference(found: Sequence[str], wanted: Sequence[str]) -> str:
    more = [name for name in found if name not in wanted]
    less = [name for name in wanted if name not in found]
    if not more and not less:
        return "its columns stand in another order"
    said = [f"column {name} is not known" for name in more[:3]]
    return "; ".join(said + [f"column {name} is missing" for name in less[:3]])
