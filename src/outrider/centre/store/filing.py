"""Filing what was opened for searches: sightings, marks, hits, and how busy each camera was."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TypeVar

from outrider.centre.store.filed import (
    HOUR_US,
    Camera,
    Filed,
    FiledAnswer,
    FiledHit,
    FiledRead,
    reads_of,
)
from outrider.centre.store.search_tables import ANSWER, HIT, SIGHTING
from outrider.centre.store.session import Session
from outrider.vrm import fold

_Row = TypeVar("_Row", FiledRead, FiledHit, FiledAnswer)


class FilingSession(Session, Protocol):
    """A transaction that writes what is searched."""

    def new_of(self, table: str, keys: Sequence[int]) -> set[int]:
        """Return those row keys that are not there yet."""
        ...

    def note_marks(self, newest_us: dict[str, int]) -> None:
        """Note folded marks with an instant of each."""
        ...


def file_rows(session: FilingSession, rows: Sequence[Filed]) -> None:
    """File rows; one that is there, because whoever filed it was killed after, is left."""
    numbers = _cameras(session, [r.camera for r in _with_camera(rows)])
    reads = _not_yet(session, "sighting", reads_of(rows))
    session.insert("sighting", tuple(SIGHTING), [r.row(*numbers[_key(r.camera)]) for r in reads])
    session.note_marks({fold(r.mark): r.at_us for r in sorted(reads, key=lambda r: r.at_us)})
    _note_activity(session, reads, numbers)
    hits = _not_yet(session, "hit", [row for row in rows if isinstance(row, FiledHit)])
    session.insert("hit", tuple(HIT), [h.row(*numbers[_key(h.read.camera)]) for h in hits])
    answers = _not_yet(session, "answer", [row for row in rows if isinstance(row, FiledAnswer)])
    session.insert("answer", tuple(ANSWER), [answer.row() for answer in answers])


def _with_camera(rows: Sequence[Filed]) -> list[FiledRead]:
    return reads_of(rows) + [row.read for row in rows if isinstance(row, FiledHit)]


def _key(camera: Camera) -> tuple[str, str]:
    return camera.unit_id, camera.camera_id


def _not_yet(session: FilingSession, table: str, rows: Sequence[_Row]) -> list[_Row]:
    unique = {row.row_key: row for row in rows}
    new = session.new_of(table, list(unique)) if unique else set()
    return [row for key, row in unique.items() if key in new]


def _cameras(session: Session, cameras: Sequence[Camera]) -> dict[tuple[str, str], tuple[int, str]]:
    """Return number and force of each camera, by unit and camera; made where it is new."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for camera in cameras:
        key = _key(camera)
        if key in found:
            continue
        row = session.one(
            "SELECT number, force FROM camera WHERE unit_id = ? AND camera_id = ?", *key
        )
        if row is None:
            row = _new_camera(session, camera)
        found[key] = (row[0], row[1])
    return found


def _new_camera(session: Session, camera: Camera) -> tuple[int, str]:
    given = session.one("SELECT force FROM unit_force WHERE unit_id = ?", camera.unit_id)
    force = camera.force or (given[0] if given is not None else "")
    row = session.one(
        "INSERT INTO camera (unit_id, camera_id, fixed, force) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (unit_id, camera_id) DO UPDATE SET fixed = excluded.fixed "
        "RETURNING number, force",
        camera.unit_id,
        camera.camera_id,
        int(camera.fixed),
        force,
    )
    assert row is not None  # RETURNING always gives one
    return row[0], row[1]


def _note_activity(
    session: Session,
    reads: Sequence[FiledRead],
    numbers: dict[tuple[str, str], tuple[int, str]],
) -> None:
    counts = Counter((*numbers[_key(r.camera)], r.square, r.at_us // HOUR_US) for r in reads)
    session.each(
        "INSERT INTO activity (camera, force, square, hour, reads) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (camera, square, hour) DO UPDATE SET reads = activity.reads + excluded.reads",
        [(*key, count) for key, count in sorted(counts.items())],
    )


def set_force(session: Session, unit_id: str, force: str) -> None:
    """Say whose a unit is, for what it reads from now on; its earlier reads stay whose they were.

    A camera keeps its number, and so the force of rows to come.
    """
    session.run(
        "INSERT INTO unit_force (unit_id, force) VALUES (?, ?) "
        "ON CONFLICT (unit_id) DO UPDATE SET force = excluded.force",
        unit_id,
        force,
    )
    session.run("UPDATE camera SET force = ? WHERE unit_id = ?", force, unit_id)


def forget_filed(session: Session, before_us: int) -> int:
    """Erase what is searched from before an instant; return how many sightings went."""
    gone = session.run("DELETE FROM sighting WHERE at_us < ?", before_us)
    session.run("DELETE FROM hit WHERE at_us < ?", before_us)
    session.run("DELETE FROM answer WHERE at_us < ?", before_us)
    session.run("DELETE FROM activity WHERE hour < ?", before_us // HOUR_US)
    session.run(
        "DELETE FROM mark WHERE last_us < ? "
        "AND NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.vrm = mark.vrm)",
        before_us,
    )
    return gone
