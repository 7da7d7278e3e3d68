"""A hotlist entry as a row: the one order of its columns in files, packages and digests."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256
from sqlite3 import Connection
from typing import TypeAlias

from outrider.outside import OutsideError
from outrider.records import Response, VehicleOfInterest

Cell: TypeAlias = str | int
Row: TypeAlias = tuple[Cell, ...]
NumberedRow: TypeAlias = tuple[int, Row]

FIELDS: tuple[str, ...] = tuple(field.name for field in dataclasses.fields(VehicleOfInterest))
DEFAULTS: Row
_DATES = (FIELDS.index("valid_from"), FIELDS.index("weed_date"))
_RESPONSE = FIELDS.index("response")
_PRIORITY = FIELDS.index("priority")
_ROWS_AT_ONCE = 5000
_UNIT_SEPARATOR = "\x1f"  # importing lets no control character in, so it parts cells safely


class EntryError(OutsideError):
    """A row that is no hotlist entry; the message says which column and why."""


def to_row(entry: VehicleOfInterest) -> Row:
    """Return the entry as a row: text, but for the priority; a date as ISO 8601, none as ''."""
    cells: list[Cell] = [getattr(entry, name) for name in FIELDS]
    for place in _DATES:
        cells[place] = str(cells[place] or "")
    cells[_RESPONSE] = entry.response.value
    return tuple(cells)


def from_row(row: Sequence[Cell]) -> VehicleOfInterest:
    """Return the entry of a row. Raises EntryError where a cell has the wrong type or value."""
    if len(row) != len(FIELDS):
        raise EntryError(f"{len(row)} columns, not {len(FIELDS)}")
    for name, cell in zip(FIELDS, row, strict=True):
        wanted = int if name == "priority" else str
        if type(cell) is not wanted:
            raise EntryError(f"{name} is {type(cell).__name__}, not {wanted.__name__}")
    values = dict(zip(FIELDS, row, strict=True))
    try:
        return VehicleOfInterest(
            **{
                **values,  # type: ignore[arg-type]  # checked above
                "response": Response(str(values["response"])),
                "valid_from": _date(values["valid_from"]),
                "weed_date": _date(values["weed_date"]),
            }
        )
    except ValueError as error:
        raise EntryError("its response, valid_from or weed_date is not one") from error


def _date(cell: Cell) -> date | None:
    return date.fromisoformat(str(cell)) if cell else None


DEFAULTS = to_row(VehicleOfInterest("", ""))


def content_digest(rows: Iterable[NumberedRow]) -> str:
    """Return the SHA-256 of numbered rows, which must come in order of their numbers.

    It depends on what the list says, not on how a file holds it: centre and unit compare it.
    """
    digest = sha256()
    for number, row in rows:
        digest.update(_UNIT_SEPARATOR.join(map(str, (number, *row))).encode() + b"\n")
    return digest.hexdigest()


_LINE_FORM = "%d" + f"{_UNIT_SEPARATOR}%s" * len(FIELDS) + "\n"
_SELECT_LINES = (
    f"SELECT CAST(printf('{_LINE_FORM}', id, {', '.join(FIELDS)}) AS BLOB) FROM entry ORDER BY id"
)


def digest_of_table(connection: Connection) -> str:
    """Return the content digest of a table `entry (id, fields...)`.

    The same as content_digest of its rows, at a quarter of the time: SQLite joins the cells. (It
    would end a cell at a NUL, which importing lets into none.)
    """
    digest = sha256()
    cursor = connection.execute(_SELECT_LINES)
    while lines := cursor.fetchmany(_ROWS_AT_ONCE):
        digest.update(b"".join(line for (line,) in lines))
    return digest.hexdigest()
