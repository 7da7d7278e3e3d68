"""Hotlist packages: a whole list, or what changed in it, as NDJSON under zstd.

Line 1 is the header; then one line a change: `[id, cells...]` (upsert; trailing empty cells are
left out) or `id` (delete); the last line is `{"end": changes}`. The index says which packages lead
from which revision to which. Both are TUF targets: nothing here is trusted before its hash is.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Annotated, Any, ClassVar

import zstandard
from pydantic import ConfigDict, Field

from outrider.outside import OutsideError, json_value, parsing
from outrider.wire.fields import NO_MORE, Form, Whole
from outrider.wire.hotlist_entry import DEFAULTS, FIELDS, EntryError, Row, from_row
from outrider.wire.hotlist_policy import MAX_BYTES as MAX_POLICY_BYTES
from outrider.wire.hotlist_policy import policy_from

FORMAT = "outrider-hotlist-1"
INDEX_PATH = "index.json"
_LEVEL = 9
_MAX_WINDOW_BYTES = 1 << 23  # zstd's own recommendation for a decoder's least
_MAX_LINE_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 20
_MAX_ENTRIES = 50_000_000

Change = tuple[int, Row | None]
_Count = Annotated[Whole, Field(ge=0)]


class PackageError(OutsideError):
    """A package that cannot be used; the message says where and why."""


class Kind(StrEnum):
    """What a package holds."""

    SNAPSHOT = "snapshot"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class PackageHeader:
    """What a package is. base: the revision that a delta starts from; 0 for a snapshot.

    entries and content_sha256 are those of the list after the package is applied.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    kind: Kind
    list_name: str
    revision: _Count
    base: _Count
    published_utc_ns: _Count
    entries: _Count
    content_sha256: str
    policy: Annotated[str, Field(max_length=MAX_POLICY_BYTES)]


_HEADER = Form(PackageHeader)


def write_package(file: IO[bytes], header: PackageHeader, changes: Iterable[Change]) -> int:
    """Write a package, and return its number of changes."""
    count = 0
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with compressor.stream_writer(file, closefd=False) as out:
        out.write(_line({"format": FORMAT, **_HEADER.plain(header)}))
        for number, row in changes:
            out.write(_line(number if row is None else [number, *_trimmed(row)]))
            count += 1
        out.write(_line({"end": count}))
    return count


def _line(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _trimmed(row: Row) -> Row:
    length = len(row)
    while length and row[length - 1] == "":
        length -= 1
    return row[:length]


class PackageReader:
    """Reads a package: the header at once, the changes as a stream of bounded memory."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read the header. Raises PackageError."""
        self._lines = _lines(file)
        data = _parse(next(self._lines, (0, b""))[1], 1)
        self.header = _header(data)

    def changes(self) -> Iterator[Change]:
        """Yield the changes in order. Raises PackageError, also where the end is missing."""
        count = 0
        for number, line in self._lines:
            data = _parse(line, number)
            if isinstance(data, dict):
                self._check_end(data, count, number)
                return
            count += 1
            if count > _MAX_ENTRIES:
                break
            yield _change(data, number)
        raise PackageError(f"cut short after {count} changes")

    def _check_end(self, data: dict[str, Any], count: int, number: int) -> None:
        if data != {"end": count}:
            raise PackageError(f"line {number}: end is {data}, after {count} changes")
        if next(self._lines, None) is not None:
            raise PackageError(f"line {number + 1}: something follows the end")


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines of the decompressed stream; none is longer than 256 KiB."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
    number = 0
    rest = b""
    try:
        with decompressor.stream_reader(file, closefd=False) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    number += 1
                    yield number, line
                if len(rest) > _MAX_LINE_BYTES:
                    raise PackageError(f"line {number + 1} is longer than {_MAX_LINE_BYTES} bytes")
    except zstandard.ZstdError as error:
        raise PackageError(f"after line {number}: {error}") from error
    if rest:
        yield number + 1, rest


def _parse(line: bytes, number: int) -> Any:
    if len(line) > _MAX_LINE_BYTES:
        raise PackageError(f"line {number} is longer than {_MAX_LINE_BYTES} bytes")
    with parsing(PackageError, f"line {number}"):
        return json_value(line)


def _header(data: Any) -> PackageHeader:
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise PackageError(f"line 1: no header of format {FORMAT}")
    with parsing(PackageError, "line 1"):
        header = _HEADER.read(data)
        policy_from(json_value(header.policy), "policy")
    if (header.kind is Kind.SNAPSHOT) != (header.base == 0) or header.revision <= header.base:
        raise PackageError(f"line 1: {header.kind} from {header.base} to {header.revision}")
    return header


def _change(data: Any, number: int) -> Change:
    if type(data) is int:
        return _identifier(data, number), None
    if not isinstance(data, list) or not 1 <= len(data) - 1 <= len(FIELDS):
        raise PackageError(f"line {number}: no change")
    given = tuple(data[1:])
    row = given + ("",) * (len(DEFAULTS) - len(given))
    try:
        from_row(row)
    except EntryError as error:
        raise PackageError(f"line {number}: {error}") from error
    return _identifier(data[0], number), row


def _identifier(value: Any, number: int) -> int:
    if type(value) is not int or not 0 < value < 1 << 62:
        raise PackageError(f"line {number}: no entry number")
    return value


@dataclass(frozen=True, slots=True)
class PackageRef:
    """A package in the index: its target path, where it leads from and to, its size in bytes."""

    path: str
    base: _Count
    revision: _Count
    size_bytes: _Count


@dataclass(frozen=True, slots=True)
class IndexedList:
    """What the index says of a list: revision now, and the packages that are to be had."""

    name: str
    revision: _Count
    published_utc_ns: _Count
    packages: tuple[PackageRef, ...]

    def route(self, have: int) -> tuple[PackageRef, ...]:
        """Return the packages that lead from a revision (0: nothing) to now, fewest bytes first.

        Empty where there is nothing to do. Raises PackageError where no package leads there.
        """
        if have == self.revision:
            return ()
        whole = [p for p in self.packages if p.base == 0 and p.revision == self.revision]
        chain = self._chain(have)
        routes = [route for route in (tuple(whole[:1]), chain) if route]
        if not routes:
            raise PackageError(f"list {self.name}: nothing leads to revision {self.revision}")
        return min(routes, key=lambda route: sum(p.size_bytes for p in route))

    def _chain(self, have: int) -> tuple[PackageRef, ...]:
        steps = {p.base: p for p in self.packages if p.base > 0}
        chain: list[PackageRef] = []
        while have != self.revision:
            step = steps.get(have)
            if step is None:
                return ()
            chain.append(step)
            have = step.revision
        return tuple(chain)


_LISTS = Form(tuple[IndexedList, ...])


def index_to_bytes(lists: Iterable[IndexedList]) -> bytes:
    """Return the index as JSON."""
    data = {"format": FORMAT, "lists": _LISTS.plain(tuple(lists))}
    return json.dumps(data, indent=1).encode()


def index_from_bytes(data: bytes) -> dict[str, IndexedList]:
    """Return the lists of an index by name. Raises PackageError."""
    with parsing(PackageError, "index"):
        tree = json_value(data)
        if tree["format"] != FORMAT:
            raise PackageError(f"index of format {tree['format']!r}, not {FORMAT}")
        lists = _LISTS.read(tree["lists"])
    if any(p.base >= p.revision for one in lists for p in one.packages):
        raise PackageError("index: a package that does not lead forward")
    return {one.name: one for one in lists}
