"""Finding journal rows in a database file whose tree is broken, page by page.

One bad page near the root of a table hides every row under it, though their own pages are well.
This reads table leaf pages by themselves, from the database and its WAL (SQLite file format,
sections 1.6, 2.1 and 4.1). What it finds is only a candidate: a row's own hash decides.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

PAGE = 4096
_WAL_HEAD, _FRAME_HEAD = 32, 24
_LEAF = 0x0D
_MAX_CELLS = (PAGE - 8) // 4
_INTEGER_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

RawRow = tuple[int, int, int, bytes, bytes, bytes]
"""seq, kind, key id, previous, body, hash."""


def carve_rows(database: Path) -> Iterator[RawRow]:
    """Yield what looks like rows of the journal, newer copies (those in the WAL) last."""
    for page in _pages(database):
        if page[0] == _LEAF:
            yield from _rows_of(page)


def _pages(database: Path) -> Iterator[bytes]:
    wal = database.with_name(database.name + "-wal")
    for path, head, frame_head in ((database, 0, 0), (wal, _WAL_HEAD, _FRAME_HEAD)):
        if not path.exists():
            continue
        with path.open("rb") as file:
            file.seek(head)
            while len(frame := file.read(frame_head + PAGE)) == frame_head + PAGE:
                yield frame[frame_head:]


def _rows_of(page: bytes) -> Iterator[RawRow]:
    count = min(int.from_bytes(page[3:5], "big"), _MAX_CELLS)
    for (place,) in struct.iter_unpack(">H", page[8 : 8 + 2 * count]):
        try:
            row = _parse_cell(page, place)
        except (IndexError, ValueError):
            continue  # not a cell of this table
        if row is not None:
            yield row


def _parse_cell(page: bytes, place: int) -> RawRow | None:
    size, place = _varint(page, place)
    seq, place = _varint(page, place)
    payload = page[place : place + size]
    if len(payload) != size:
        return None  # spills to other pages: a journal row of this size is not usual
    types, values_at = _header(payload)
    if len(types) != 6 or types[0] != 0:  # seq is the row id, and stored as NULL
        return None
    kind, key_id, previous, digest, body = _values(payload, types[1:], values_at)
    if not isinstance(kind, int) or not isinstance(key_id, int):
        return None
    if isinstance(previous, int) or isinstance(digest, int) or isinstance(body, int):
        return None
    return seq, kind, key_id, previous, body, digest


def _header(payload: bytes) -> tuple[list[int], int]:
    end, place = _varint(payload, 0)
    types = []
    while place < end:
        kind, place = _varint(payload, place)
        types.append(kind)
    return types, end


def _values(payload: bytes, types: list[int], place: int) -> list[int | bytes]:
    values: list[int | bytes] = []
    for kind in types:
        if kind >= 12:
            size = (kind - 12) // 2
            values.append(payload[place : place + size])
        elif kind in (8, 9):
            size = 0
            values.append(kind - 8)
        elif kind in _INTEGER_SIZES:
            size = _INTEGER_SIZES[kind]
            values.append(int.from_bytes(payload[place : place + size], "big", signed=True))
        else:
            raise ValueError(f"serial type {kind}")
        place += size
    return values


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        byte = data[place + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + index + 1
    return value << 8 | data[place + 8], place + 9
