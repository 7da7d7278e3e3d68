"""Open a look-up file and find what it lists: microseconds an answer."""

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from outrider.outside import json_value
from outrider.records import VehicleOfInterest
from outrider.unit.hotlist import schema
from outrider.unit.hotlist.build import header_of
from outrider.unit.hotlist.schema import ListHeader
from outrider.vrm import MAX_LENGTH
from outrider.wire import hotlist_columns
from outrider.wire.hotlist_columns import ColumnsError
from outrider.wire.hotlist_entry import EntryError, NumberedRow, from_row
from outrider.wire.hotlist_policy import ListPolicy, PolicyError, policy_from

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_CACHE_KIB = 8192  # holds the inner pages of a list of 10 million


class LookupFileError(Exception):
    """A look-up file cannot be used: which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Where to mask a read to find listed wildcards, by the read's length."""

    by_length: tuple[tuple[str, ...], ...]
    free: tuple[tuple[re.Pattern[str], str], ...]

    @property
    def count(self) -> int:
        """How many distinct shapes a read of any length is probed with."""
        return len({shape for shapes in self.by_length for shape in shapes}) + len(self.free)


class LookupFile:
    """An open look-up file, in memory. For one thread at a time, whichever it is."""

    def __init__(self, image: "Buffer", name: str) -> None:
        """Open an image of a file, which is copied; name: for faults. Raises LookupFileError."""
        self.name = name
        try:
            self._connection = sqlite3.connect(
                ":memory:", check_same_thread=False, isolation_level=None
            )
            self._connection.deserialize(image)
            self._connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            self._check_kind()
            hotlist_columns.bring_up(self._connection)  # in memory: the file stays as it is
            self._connection.execute("PRAGMA query_only=ON")
            self._read_head()
        except (sqlite3.Error, KeyError, ValueError, PolicyError, ColumnsError) as error:
            raise LookupFileError(
                f"{name}: no usable look-up file ({_kind(error)}): import the list again"
            ) from error

    def _check_kind(self) -> None:
        if (found := self._pragma("application_id")) != schema.APPLICATION_ID:
            raise sqlite3.DatabaseError(f"application id {found:#x}")

    def _read_head(self) -> None:
        meta = dict(self._connection.execute("SELECT key, value FROM meta"))
        self.header: ListHeader = header_of(meta)
        self.entries = int(meta["entries"])
        self.content_sha256 = str(meta["content_sha256"])
        self.policy: ListPolicy = policy_from(json_value(self.header.policy), self.name)
        self.shapes = self._read_shapes()

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    def _read_shapes(self) -> Shapes:
        found = [str(shape) for (shape,) in self._connection.execute("SELECT shape FROM shape")]
        lengths = tuple(
            tuple(s for s in found if s.count("*") < 2 and _may_be(s, length))
            for length in range(MAX_LENGTH + 1)
        )
        free = [shape for shape in found if shape.count("*") > 1]
        return Shapes(lengths, tuple(self._free_patterns() if free else ()))

    def _free_patterns(self) -> Iterator[tuple[re.Pattern[str], str]]:
        """Yield the wildcards with two stars or more, which no mask can find."""
        rows = self._connection.execute(
            "SELECT DISTINCT key FROM plate WHERE key LIKE '%*%*%' ESCAPE '\\'"
        )
        for (key,) in rows:
            yield re.compile(key.replace("*", ".*").replace("?", ".") + r"\Z"), str(key)

    def warm(self) -> None:
        """Bring the keys into the page cache, so that the first read of a shift is not slow."""
        self._connection.execute("SELECT count(*), max(key) FROM plate").fetchone()

    def entry_ids(self, key: str) -> list[int]:
        """Return the entries under a key: a folded mark, or a folded wildcard's own text."""
        rows = self._connection.execute("SELECT entry FROM plate WHERE key = ?", (key,))
        return [number for (number,) in rows]

    def entry_ids_of_any(self, keys: list[str]) -> list[tuple[str, int]]:
        """Return key and entry for each key that is listed; one statement for all."""
        return self._connection.execute(
            "SELECT plate.key, plate.entry FROM json_each(?) AS wanted"
            " JOIN plate ON plate.key = wanted.value",
            (json.dumps(keys),),
        ).fetchall()

    def wildcard_keys(self, mark: str) -> Iterator[str]:
        """Yield the keys of every listed wildcard that a folded mark could meet."""
        for shape in self.shapes.by_length[len(mark)]:
            yield _masked(mark, shape)
        for pattern, key in self.shapes.free:
            if pattern.match(mark):
                yield key

    def entry(self, number: int) -> VehicleOfInterest:
        """Return an entry by its number. Raises LookupFileError where it is not there."""
        row = self._connection.execute(schema.SELECT_ROW, (number,)).fetchone()
        try:
            return from_row(row or ())
        except EntryError as error:
            raise LookupFileError(f"{self.name}: entry {number}: {error}") from error

    def rows(self) -> Iterator[NumberedRow]:
        """Yield all rows in order of their numbers."""
        return schema.numbered(self._connection.execute(schema.SELECT_ROWS))

    @property
    def connection(self) -> sqlite3.Connection:
        """The open file itself, to copy from."""
        return self._connection

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _kind(error: Exception) -> str:
    """Return what is wrong; of a fault in the list's own words only its kind."""
    speaks = isinstance(error, sqlite3.Error | ColumnsError)
    return str(error) if speaks else type(error).__name__


def _may_be(shape: str, length: int) -> bool:
    return len(shape) - 1 <= length if "*" in shape else len(shape) == length


def _masked(mark: str, shape: str) -> str:
    head, star, tail = shape.partition("*")
    front = _mask(mark[: len(head)], head)
    return front + star + _mask(mark[len(mark) - len(tail) :], tail) if star else front


def _mask(part: str, shape: str) -> str:
    return "".join("?" if mask == "?" else char for char, mask in zip(part, shape, strict=True))
