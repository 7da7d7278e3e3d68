"""Packages and the index: what is written is read, and nothing else is taken for one."""

import io
import json
import sqlite3
from contextlib import closing

import hypothesis.strategies as st
import pytest
import zstandard
from hypothesis import given

from outrider.unit.hotlist import schema
from outrider.wire import hotlist_package
from outrider.wire.hotlist_entry import Row, content_digest, digest_of_table, to_row
from outrider.wire.hotlist_package import (
    Change,
    IndexedList,
    Kind,
    PackageError,
    PackageHeader,
    PackageReader,
    PackageRef,
    index_from_bytes,
    index_to_bytes,
    write_package,
)
from tests.unit.hotlist.makers import voi

_HEADER = PackageHeader(Kind.DELTA, "stolen", 3, 2, 1, 5, "d", "{}")
_ANY_TEXT = st.characters(exclude_categories=["Cs"])
_ROWS: st.SearchStrategy[Row | None] = st.none() | st.builds(
    lambda reason, owner: to_row(voi("AB12CDE", reason, owner=owner)),
    st.text(_ANY_TEXT, max_size=20),
    st.text(_ANY_TEXT, max_size=5),
)
_CHANGES = st.lists(st.tuples(st.integers(1, 1 << 61), _ROWS), max_size=20)


def _bytes(changes: list[Change], header: PackageHeader = _HEADER) -> bytes:
    out = io.BytesIO()
    write_package(out, header, changes)
    return out.getvalue()


def _packed(*lines: object) -> io.BytesIO:
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return io.BytesIO(zstandard.ZstdCompressor().compress(text))


@given(_CHANGES)
def test_round_trip(changes: list[Change]) -> None:
    """What is written is read again, whatever text is in it."""
    reader = PackageReader(io.BytesIO(_bytes(changes)))
    assert reader.header == _HEADER
    assert list(reader.changes()) == changes


@given(_CHANGES, st.data())
def test_no_cut_and_no_flip_is_taken(changes: list[Change], data: st.DataObject) -> None:
    """A package cut anywhere, or with a byte changed, gives PackageError, not other changes."""
    whole = _bytes(changes)
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= data.draw(st.integers(1, 255))
    for spoiled in (whole[:place], bytes(flipped)):
        try:
            reader = PackageReader(io.BytesIO(spoiled))
            found = list(reader.changes())
        except PackageError:
            continue
        assert (reader.header, found) == (
            _HEADER,
            changes,
        )  # a bit of zstd's frame that says nothing


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """Any bytes, packed or not, give PackageError and nothing else."""
    for raw in (data, zstandard.ZstdCompressor().compress(data)):
        with pytest.raises(PackageError):
            list(PackageReader(io.BytesIO(raw)).changes())


_GOOD = {
    "format": "outrider-hotlist-1", "kind": "delta", "list_name": "stolen", "revision": 3,
    "base": 2, "published_utc_ns": 1, "entries": 5, "content_sha256": "d", "policy": "{}",
}  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [
        [_GOOD, {"end": 1}],
        [_GOOD, 5, {"end": 2}],
        [_GOOD, 5, {"end": 1}, 6],
        [_GOOD, 0, {"end": 1}],
        [_GOOD, -1, {"end": 1}],
        [_GOOD, True, {"end": 1}],
        [_GOOD, [1], {"end": 1}],
        [_GOOD, [1, "AB12CDE", "x", "arrest", 1], {"end": 1}],
        [_GOOD, [1, "AB12CDE", "x", "stop", "1"], {"end": 1}],
        [_GOOD, [1, 5, "x", "stop", 1], {"end": 1}],
        [_GOOD, [1, *["x"] * 40], {"end": 1}],
        [_GOOD | {"revision": 2}, {"end": 0}],
        [_GOOD | {"base": 0}, {"end": 0}],
        [_GOOD | {"revision": "3"}, {"end": 0}],
        [_GOOD | {"policy": '{"rank": 0}'}, {"end": 0}],
        [_GOOD | {"more": 1}, {"end": 0}],
        [_GOOD | {"format": "other"}, {"end": 0}],
        [[1, 2], {"end": 0}],
    ],
)
def test_wrong_lines_are_refused(lines: list[object]) -> None:
    """A line of the wrong form, type or count is refused."""
    with pytest.raises(PackageError):
        list(PackageReader(_packed(*lines)).changes())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([_GOOD, 5], "^cut short after 1 changes"),
        ([_GOOD, 5, 0, {"end": 2}], "^line 3: no entry number"),
        ([_GOOD, 5, [0, *to_row(voi("A"))], {"end": 2}], "^line 3: no entry number"),
        ([_GOOD, 1 << 62, {"end": 1}], "^line 2: no entry number"),
        ([_GOOD, 5, [1, 5], {"end": 2}], "^line 3: vrm is int"),
        ([_GOOD, 5, [], {"end": 2}], "^line 3: no change"),
        ([_GOOD | {"more": 1}, {"end": 0}], "^line 1: more"),
        ([_GOOD | {"policy": '{"rank": 0}'}, {"end": 0}], "^line 1: policy: rank"),
        ([_GOOD, "x" * (1 << 18)], "^line 2 is longer"),
        ([_GOOD, "x" * ((1 << 18) - 2)], "^line 2: no change"),
        ([{"kind": "delta"}], "^line 1: no header of format"),
        ([_GOOD, {"end": 0}, "x" * (1 << 21)], "^line 3 is longer"),
    ],
)
def test_what_is_wrong_in_a_package_is_said_with_its_line(lines: list[object], said: str) -> None:
    """Whoever made the list finds it there."""
    with pytest.raises(PackageError, match=said):
        list(PackageReader(_packed(*lines)).changes())


def test_a_package_has_an_end_by_its_number_of_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package fills a unit's card."""
    monkeypatch.setattr(hotlist_package, "_MAX_ENTRIES", 2)
    assert len(list(PackageReader(_packed(_GOOD, 1, 2, {"end": 2})).changes())) == 2
    with pytest.raises(PackageError, match="cut short after 3"):
        list(PackageReader(_packed(_GOOD, 1, 2, 3, {"end": 3})).changes())


def test_text_stands_in_a_package_as_it_is() -> None:
    """Not in six characters for each letter that English lacks."""
    packed = _bytes([(1, to_row(voi("É")))])
    assert zstandard.get_frame_parameters(packed).has_checksum
    header, change, end = (
        zstandard.ZstdDecompressor().decompressobj().decompress(packed).split(b"\n", 2)
    )
    assert header.startswith(b'{"format":"outrider-hotlist-1",')
    assert change.startswith('[1,"É","'.encode())
    assert not change.endswith(b'""]'), "cells that are empty at the end are left out"
    assert end == b'{"end":1}\n'


def test_a_last_line_without_its_end_is_a_line() -> None:
    """As a text editor may leave it."""
    lines = b"\n".join(json.dumps(line).encode() for line in (_GOOD, 5, {"end": 1}))
    packed = io.BytesIO(zstandard.ZstdCompressor().compress(lines))
    assert list(PackageReader(packed).changes()) == [(5, None)]


def test_who_has_nothing_takes_the_whole_list() -> None:
    """Never one that is over, with all that has changed since."""
    old, new = PackageRef("old", 0, 3, 10), PackageRef("new", 0, 4, 1000)
    listed = IndexedList("stolen", 4, 1, (new, old, PackageRef("d", 3, 4, 10)))
    assert listed.route(0) == (new,)


def test_a_line_without_end_is_cut_off() -> None:
    """A package that unpacks to one enormous line is refused before it fills the memory."""
    bomb = zstandard.ZstdCompressor().compress(b"a" * 200_000_000)
    with pytest.raises(PackageError, match="longer than"):
        PackageReader(io.BytesIO(bomb))


def test_routes_choose_the_fewest_bytes() -> None:
    """Deltas where they are shorter, the whole where they are not or the chain is broken."""
    whole = PackageRef("w", 0, 4, 1000)
    steps = tuple(PackageRef(f"d{n}", n, n + 1, 100) for n in (1, 2, 3))
    listed = IndexedList("stolen", 4, 1, (whole, *steps))
    assert listed.route(4) == ()
    assert listed.route(1) == steps
    assert listed.route(0) == (whole,)
    assert IndexedList("s", 4, 1, (whole, *steps[1:])).route(1) == (whole,)
    assert IndexedList("s", 4, 1, (PackageRef("w", 0, 4, 150), *steps)).route(1)[0].path == "w"
    with pytest.raises(PackageError):
        IndexedList("s", 4, 1, steps).route(0)


def test_index_round_trip_and_refusals() -> None:
    """The index is read as written; one that leads backwards or is of another form is refused."""
    listed = IndexedList("stolen", 4, 1, (PackageRef("w", 0, 4, 1000),))
    data = index_to_bytes([listed])
    assert index_from_bytes(data) == {"stolen": listed}
    for spoiled in (b"", b"[]", data.replace(b'"base": 0', b'"base": 4'), data[:-3]):
        with pytest.raises(PackageError):
            index_from_bytes(spoiled)


_CLEAN = st.characters(exclude_categories=["Cs", "Cc"])  # as importing leaves it


@given(
    st.lists(
        st.builds(
            lambda reason, owner: to_row(voi("AB12CDE", reason, owner=owner)),
            st.text(_CLEAN, max_size=20),
            st.text(_CLEAN, max_size=5),
        ),
        max_size=5,
    )
)
def test_both_ways_to_the_digest_agree(rows: list[Row]) -> None:
    """The digest that SQLite joins is the one of the rows, for any text."""
    numbered = list(enumerate(rows, start=1))
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(schema.DDL)
        db.executemany(schema.INSERT_ROW, ((number, *row) for number, row in numbered))
        assert digest_of_table(db) == content_digest(numbered)


def test_digest_tells_cells_apart() -> None:
    """Moving text from one cell to the next changes the digest."""
    one, two = to_row(voi("A", "BC")), to_row(voi("AB", "C"))
    assert content_digest([(1, one)]) != content_digest([(1, two)])
    assert content_digest([(1, one)]) != content_digest([(11, one)])
