"""All pairs of marks that met: found in memory, from one pass over the reads of a day.

Joined in the database a day of a million reads is sorted and hashed many times over; as arrays it
is sorted once, by camera and time, and each read looks at those just after it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outrider.centre.store.columns import from_us
from outrider.centre.store.questions import Associate, TooMuch

MOST_TRACKS = 2_000_000
MOST_PAIRS = 10_000_000
MARK_BYTES = 9
APART_US = 600 * 1_000_000  # two reads of one stop in traffic are one meeting
TRACK = np.dtype([("at_us", ">i8"), ("camera", ">i4"), ("vrm", f"S{MARK_BYTES}")])

_LETTERS = b"\0" + b"0123456789" + b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NONE = 255
_Ints = NDArray[np.int64]


def _table() -> NDArray[np.uint8]:
    table = np.full(256, _NONE, np.uint8)
    table[np.frombuffer(_LETTERS, np.uint8)] = np.arange(len(_LETTERS))
    table[ord(" ")] = 0
    return table


_TABLE = _table()


def packed(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows of time, camera, folded mark as TRACK has them."""
    found = list(rows)
    tracks = np.zeros(len(found), TRACK)
    if found:
        at_us, cameras, marks = zip(*found, strict=True)
        tracks["at_us"], tracks["camera"] = at_us, cameras
        tracks["vrm"] = [mark.encode("ascii", "replace")[:MARK_BYTES] for mark in marks]
    return tracks.tobytes()


def meetings(data: bytes, window_us: int, least: int, most: int) -> list[Associate]:
    """Return the pairs that met at least so often, the most often first, each pair once.

    They met where one was read by a camera within the window of the other; so often as there are
    stretches of ten minutes in which they did. Raises TooMuch.
    """
    tracks = np.frombuffer(data, TRACK)
    if len(tracks) > MOST_TRACKS:
        raise TooMuch(f"more than {MOST_TRACKS:,} reads to look through at once")
    codes, known = _codes(tracks["vrm"])
    often = _often(codes, least) & known
    order = np.lexsort((tracks["at_us"][often], tracks["camera"][often]))
    at_us = tracks["at_us"][often].astype(np.int64)[order]
    camera = tracks["camera"][often].astype(np.int64)[order]
    first, second = _neighbours(at_us, camera, codes[often][order], window_us)
    return _counted(codes[often][order], at_us, camera, first, second, least, most)


def _codes(marks: NDArray[np.bytes_]) -> tuple[_Ints, NDArray[np.bool_]]:
    """Return a number for each mark, in the order of the marks, and which are marks at all."""
    letters = _TABLE[np.ascontiguousarray(marks).view(np.uint8).reshape(-1, MARK_BYTES)]
    codes = np.zeros(len(marks), np.int64)
    for place in range(MARK_BYTES):
        codes = codes * len(_LETTERS) + letters[:, place]
    return codes, (letters != _NONE).all(axis=1)


def _mark(code: int) -> str:
    letters = []
    for _ in range(MARK_BYTES):
        code, letter = divmod(code, len(_LETTERS))
        letters.append(_LETTERS[letter : letter + 1])
    return b"".join(reversed(letters)).rstrip(b"\0").decode("ascii")


def _often(codes: _Ints, least: int) -> NDArray[np.bool_]:
    """Return which reads are of marks read so often: the others met nobody so often."""
    _, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    found: NDArray[np.bool_] = counts[inverse] >= least
    return found


def _neighbours(at_us: _Ints, camera: _Ints, codes: _Ints, window_us: int) -> tuple[_Ints, _Ints]:
    """Return places of reads that met, the earlier first; the arrays are by camera and time."""
    near = np.arange(len(codes), dtype=np.int64)
    firsts, seconds, total, ahead = [], [], 0, 0
    while len(near):
        ahead += 1
        near = near[near + ahead < len(codes)]
        later = near + ahead
        near = near[(camera[later] == camera[near]) & (at_us[later] - at_us[near] <= window_us)]
        met = near[codes[near + ahead] != codes[near]]
        total += len(met)
        if total > MOST_PAIRS:
            raise TooMuch(f"more than {MOST_PAIRS:,} meetings to count at once")
        firsts.append(met)
        seconds.append(met + ahead)
    if not firsts:
        return near, near
    return np.concatenate(firsts), np.concatenate(seconds)


def _counted(
    codes: _Ints, at_us: _Ints, camera: _Ints, first: _Ints, second: _Ints, least: int, most: int
) -> list[Associate]:
    if not len(first):
        return []
    # Numbers by the marks that are there: two of them fit into one of 64 bits.
    names, short = np.unique(codes, return_inverse=True)
    one = np.minimum(short[first], short[second])
    two = np.maximum(short[first], short[second])
    pair, when = one * len(names) + two, at_us[first]
    order = np.lexsort((when, pair))
    pair, when, where = pair[order], when[order], camera[first][order]
    starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    new = np.r_[True, (pair[1:] != pair[:-1]) | (when[1:] // APART_US != when[:-1] // APART_US)]
    times = np.add.reduceat(new.astype(np.int64), starts)
    ends = np.r_[starts[1:], len(pair)]
    chosen = np.flatnonzero(times >= least)
    chosen = chosen[np.lexsort((pair[starts[chosen]], -times[chosen]))][:most]
    return [
        Associate(
            _mark(int(names[pair[start] // len(names)])),
            _mark(int(names[pair[start] % len(names)])),
            count,
            len(set(where[start:end].tolist())),
            from_us(int(when[start])),
            from_us(int(when[end - 1])),
        )
        for start, end, count in zip(
            starts[chosen].tolist(), ends[chosen].tolist(), times[chosen].tolist(), strict=True
        )
    ]
