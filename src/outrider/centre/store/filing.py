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
from outrider.centre.store.first_hits import Numbers, camera_key, not_filed_yet
from outrider.centre.store.records import ConflictError
from outrider.centre.store.search_tables import ANSWER, HIT, SIGHTING
from outrider.centre.store.session import Session
from outrider.vrm import fold

_LATEST_US = 2**62
_Row = TypeVar("_Row", FiledRead, FiledHit, FiledAnswer)


class FilingSession(Session, Protocol):
    """A transaction that writes what is searched."""

    def new_of(self, table: str, keys: Sequence[int]) -> set[int]:
        """Return those row keys that are not there yet."""
        ...

    def lock_forces(self, *, alone: bool) -> None:
        """Let nobody change whose a unit is until this ends; alone: nor file meanwhile."""
        ...

    def note_marks(self, newest_us: dict[str, int]) -> None:
        """Note folded marks with an instant of each."""
        ...


def file_rows(session: FilingSession, rows: Sequence[Filed]) -> None:
    """File rows; one that is there, because whoever filed it was killed after, is left."""
    hits = [row for row in rows if isinstance(row, FiledHit)]
    # Alone where there are hits: two that file a hit and its read at once would both file the read.
    session.lock_forces(alone=bool(hits))
    numbers, forces = _cameras(session, [r.camera for r in _with_camera(rows)]), _Forces(session)
    hits = _not_yet(session, "hit", hits)
    reads = not_filed_yet(session, _not_yet(session, "sighting", reads_of(rows)), hits, numbers)
    found = [read.row(numbers[camera_key(read.camera)], forces.of(read)) for read in reads]
    session.insert("sighting", tuple(SIGHTING), found)
    session.note_marks({fold(r.mark): r.at_us for r in sorted(reads, key=lambda r: r.at_us)})
    _note_activity(session, reads, numbers, forces)
    found = [hit.row(numbers[camera_key(hit.read.camera)], forces.of(hit.read)) for hit in hits]
    session.insert("hit", tuple(HIT), found)
    answers = _not_yet(session, "answer", [row for row in rows if isinstance(row, FiledAnswer)])
    session.insert("answer", tuple(ANSWER), [answer.row() for answer in answers])


def _with_camera(rows: Sequence[Filed]) -> list[FiledRead]:
    return reads_of(rows) + [row.read for row in rows if isinstance(row, FiledHit)]


def _not_yet(session: FilingSession, table: str, rows: Sequence[_Row]) -> list[_Row]:
    unique = {row.row_key: row for row in rows}
    new = session.new_of(table, list(unique)) if unique else set()
    return [row for key, row in unique.items() if key in new]


def _cameras(session: Session, cameras: Sequence[Camera]) -> Numbers:
    """Return the number of each camera, by unit and camera; made where it is new."""
    found: Numbers = {}
    for camera in cameras:
        key = camera_key(camera)
        if key in found:
            continue
        row = session.one("SELECT number FROM camera WHERE unit_id = ? AND camera_id = ?", *key)
        found[key] = _new_camera(session, camera) if row is None else row[0]
    return found


def _new_camera(session: Session, camera: Camera) -> int:
    force = camera.force or force_at(forces_of(session, camera.unit_id), _LATEST_US)
    row = session.one(
        "INSERT INTO camera (unit_id, camera_id, fixed, force) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (unit_id, camera_id) DO UPDATE SET fixed = excluded.fixed RETURNING number",
        camera.unit_id,
        camera.camera_id,
        int(camera.fixed),
        force,
    )
    assert row is not None  # RETURNING always gives one
    return int(row[0])


class _Forces:
    """Whose reads are, by when they were made: a unit may dock weeks after it was handed over."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: dict[str, list[tuple[int, str]]] = {}

    def of(self, read: FiledRead) -> str:
        """Return whose a read is; empty where nobody has said so."""
        unit_id = read.camera.unit_id
        if read.camera.force:
            return read.camera.force
        if unit_id not in self._of:
            self._of[unit_id] = forces_of(self._session, unit_id)
        return force_at(self._of[unit_id], read.at_us)


def forces_of(session: Session, unit_id: str) -> list[tuple[int, str]]:
    """Return whose a unit was from when on, in order."""
    found = session.rows(
        "SELECT from_us, force FROM unit_force_since WHERE unit_id = ? ORDER BY from_us", unit_id
    )
    return [(from_us, force) for from_us, force in found]


def force_at(forces: Sequence[tuple[int, str]], at_us: int) -> str:
    """Return the last that began by then; empty where none had."""
    return next((force for from_us, force in reversed(forces) if from_us <= at_us), "")


def _note_activity(
    session: Session, reads: Sequence[FiledRead], numbers: Numbers, forces: _Forces
) -> None:
    counts = Counter(
        (numbers[camera_key(r.camera)], forces.of(r), r.square, r.at_us // HOUR_US) for r in reads
    )
    session.each(
        "INSERT INTO activity (camera, force, square, hour, reads) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (camera, square, hour) DO UPDATE SET reads = activity.reads + excluded.reads",
        [(*key, count) for key, count in sorted(counts.items())],
    )


def set_force(session: FilingSession, unit_id: str, force: str, from_us: int | None) -> int:
    """Say whose a unit is from an instant on; return that instant, the start of an hour.

    What it read before stays whose it was; what it has read since, and is filed already, changes
    hands. The first who has a unit has all that it ever read. None: as long as it is here. Raises
    ConflictError where a later change is on record.
    """
    session.lock_forces(alone=True)
    known = forces_of(session, unit_id)
    since_us = 0 if not known or from_us is None else from_us // HOUR_US * HOUR_US
    if known and since_us < known[-1][0]:
        raise ConflictError(f"{unit_id}: a later change of its force is on record: begin after it")
    session.run(
        "INSERT INTO unit_force_since (unit_id, from_us, force) VALUES (?, ?, ?) "
        "ON CONFLICT (unit_id, from_us) DO UPDATE SET force = excluded.force",
        unit_id,
        since_us,
        force,
    )
    session.run("UPDATE camera SET force = ? WHERE unit_id = ?", force, unit_id)
    cameras = "camera IN (SELECT number FROM camera WHERE unit_id = ?)"
    for table in ("sighting", "hit"):
        session.run(
            f"UPDATE {table} SET force = ? WHERE {cameras} AND at_us >= ?", force, unit_id, since_us
        )
    session.run(
        f"UPDATE activity SET force = ? WHERE {cameras} AND hour >= ?",
        force,
        unit_id,
        since_us // HOUR_US,
    )
    return since_us


def forget_filed(session: Session, before_us: int) -> int:
    """Erase what is searched from before an instant; return how many sightings went."""
    gone = session.run("DELETE FROM sighting WHERE at_us < ?", before_us)
    session.run("DELETE FROM hit WHERE at_us < ?", before_us)
    session.run("DELETE FROM answer WHERE at_us < ?", before_us)
    # An hour that began before goes whole: what remains of it are counts of a year ago.
    session.run("DELETE FROM activity WHERE hour < ?", -(-before_us // HOUR_US))
    session.run(
        "DELETE FROM mark WHERE last_us < ? "
        "AND NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.vrm = mark.vrm)",
        before_us,
    )
    return gone
