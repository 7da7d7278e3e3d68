"""Making room, in the stated order: what the centre has goes first, and a hit never goes.

1. overviews that the centre has, 2. patches that it has, 3. rows that it has, 4. segments that no
row names and that were set apart, 5. overviews of other reads, 6. patches of other reads. Rows that
the centre has not receipted, and hits with their pictures, are never dropped for room.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from outrider.unit.journal.database import add_to_counter, record_gaps, transaction
from outrider.unit.journal.segments import SET_APART, PictureState, Stream, path_of
from outrider.unit.journal.space import Space
from outrider.wire.read_record import RecordKind

_ROWS_AT_ONCE = 500
_DROPPABLE_ROWS = (RecordKind.READ, RecordKind.AUDIT)


class Step(StrEnum):
    """What is dropped, in order."""

    ACKNOWLEDGED_OVERVIEWS = "acknowledged overviews"
    ACKNOWLEDGED_PATCHES = "acknowledged patches"
    ACKNOWLEDGED_ROWS = "acknowledged rows"
    SET_APART = "segments set apart"
    OVERVIEWS = "overviews not yet at the centre"
    PATCHES = "patches not yet at the centre"

    @property
    def loses(self) -> bool:
        """Whether something is dropped that the centre does not have."""
        return self in (Step.SET_APART, Step.OVERVIEWS, Step.PATCHES)


@dataclass(frozen=True, slots=True)
class Dropped:
    """One act of making room: the step, how many pictures or rows, and which rows' range."""

    step: Step
    count: int
    first_seq: int
    last_seq: int


def make_room(
    db: sqlite3.Connection,
    directory: Path,
    space: Space,
    is_open: Collection[int],
) -> Iterator[Dropped]:
    """Drop what may be dropped until there is room again, yielding each act.

    is_open: segments that are being written, which are left alone. Raises sqlite3.Error, OSError.
    """
    for step, drop in _STEPS:
        left = space.left_before_loss if step.loses else space.left
        while left() < 0:
            dropped = drop(db, directory, is_open)
            if dropped is None:
                break
            yield Dropped(step, *dropped)


_Range = tuple[int, int, int]  # count, first seq, last seq


def _drop_segment(
    stream: Stream, acknowledged: bool
) -> Callable[[sqlite3.Connection, Path, Collection[int]], _Range | None]:
    def drop(db: sqlite3.Connection, directory: Path, is_open: Collection[int]) -> _Range | None:
        for number in _segments(db, stream, acknowledged):
            if number not in is_open:
                return drop_segment(db, directory, number, acknowledged)
        return None

    return drop


def _segments(db: sqlite3.Connection, stream: Stream, acknowledged: bool) -> list[int]:
    """Return segments of a stream, oldest first; acknowledged: only those wholly at the centre."""
    pending = "EXISTS (SELECT 1 FROM picture WHERE segment = number AND state = ?)"
    found = db.execute(
        f"SELECT number FROM segment WHERE stream = ? AND {'NOT ' if acknowledged else ''}{pending}"
        " ORDER BY number",
        (stream, PictureState.PENDING),
    )
    return [int(number) for (number,) in found]


def drop_segment(
    db: sqlite3.Connection, directory: Path, number: int, acknowledged: bool
) -> _Range | None:
    """Drop one segment and its pictures: first in the database, then the file.

    A cut in between leaves a file that no row names, which the next start removes.
    """
    with transaction(db):
        count, first, last = db.execute(
            "SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM picture "
            "WHERE segment = ? AND state < ?",
            (number, PictureState.DROPPED),
        ).fetchone()
        db.execute(
            "UPDATE picture SET state = ? WHERE segment = ? AND state < ?",
            (PictureState.DROPPED, number, PictureState.DROPPED),
        )
        db.execute("DELETE FROM segment WHERE number = ?", (number,))
        add_to_counter(db, "erased_pictures" if acknowledged else "dropped_pictures", count)
    path_of(directory, number).unlink(missing_ok=True)
    return int(count), int(first), int(last)


def drop_unnamed_segments(db: sqlite3.Connection, directory: Path) -> None:
    """Drop segments that no row names any more; not the newest, which may be being written."""
    empty = db.execute(
        "SELECT number FROM segment AS s WHERE number < "
        "(SELECT max(number) FROM segment WHERE stream = s.stream) "
        "AND NOT EXISTS (SELECT 1 FROM picture WHERE segment = number)"
    ).fetchall()
    for (number,) in empty:
        drop_segment(db, directory, number, acknowledged=True)


def _drop_rows(db: sqlite3.Connection, directory: Path, is_open: Collection[int]) -> _Range | None:
    return erase_rows(db, _DROPPABLE_ROWS, before_seq=None)


def erase_rows(
    db: sqlite3.Connection,
    kinds: Collection[RecordKind],
    before_seq: int | None,
    from_seq: int = 0,
) -> _Range | None:
    """Erase the oldest rows that the centre has, with their places in the chain kept as gaps.

    Takes rows of the kinds, from from_seq on and below before_seq if given, none of whose pictures
    is still to be sent; at most 500. None where there is none. Segments keep pictures of erased
    rows until they go.
    """
    marks = ",".join("?" * len(kinds))
    with transaction(db):
        seqs = [
            int(seq)
            for (seq,) in db.execute(
                f"SELECT seq FROM row WHERE kind IN ({marks}) AND seq < ? AND seq >= ? "
                "AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.seq = row.seq "
                "                AND outbox.priority IN (0, 1)) "
                "AND NOT EXISTS (SELECT 1 FROM picture WHERE picture.seq = row.seq AND state = ?) "
                "ORDER BY seq LIMIT ?",
                (*kinds, before_seq or 2**62, from_seq, PictureState.PENDING, _ROWS_AT_ONCE),
            )
        ]
        if not seqs:
            return None
        record_gaps(db, seqs, "erased")
        db.executemany("DELETE FROM row WHERE seq = ?", [(seq,) for seq in seqs])
        db.executemany("DELETE FROM picture WHERE seq = ?", [(seq,) for seq in seqs])
        add_to_counter(db, "erased_rows", len(seqs))
    db.execute("PRAGMA incremental_vacuum(2048)").fetchall()
    return len(seqs), seqs[0], seqs[-1]


def _drop_set_apart(
    db: sqlite3.Connection, directory: Path, is_open: Collection[int]
) -> _Range | None:
    oldest = min((directory / SET_APART).glob("*.seg"), default=None)
    if oldest is None:
        return None
    oldest.unlink()
    return 1, 0, 0


_STEPS = (
    (Step.ACKNOWLEDGED_OVERVIEWS, _drop_segment(Stream.OVERVIEWS, acknowledged=True)),
    (Step.ACKNOWLEDGED_PATCHES, _drop_segment(Stream.PATCHES, acknowledged=True)),
    (Step.ACKNOWLEDGED_ROWS, _drop_rows),
    (Step.SET_APART, _drop_set_apart),
    (Step.OVERVIEWS, _drop_segment(Stream.OVERVIEWS, acknowledged=False)),
    (Step.PATCHES, _drop_segment(Stream.PATCHES, acknowledged=False)),
)
