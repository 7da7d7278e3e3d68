"""Where cameras were heard last: of units, never of a read, a mark or a person."""

from outrider.centre.store.bounds import Bounds
from outrider.centre.store.queries import SearchSession, Where, positions
from outrider.centre.store.questions import CameraFacts


def all_cameras(session: SearchSession) -> list[CameraFacts]:
    """Return every camera that a read has come of."""
    found = session.rows("SELECT number, unit_id, camera_id, fixed, force FROM camera")
    return [CameraFacts(row[0], row[1], row[2], bool(row[3]), row[4]) for row in found]


def last_place(session: SearchSession, bounds: Bounds, camera: int) -> tuple[int, int, int] | None:
    """Return when a camera last read with a position, and where: us, 1e-7 degrees.

    As closely as the bounds tell it; None where it never did within them.
    """
    where = Where(session, bounds).add("camera = ? AND latitude_e7 IS NOT NULL", camera)
    latitude, longitude = positions(bounds.coarse)
    found = session.one(
        f"SELECT at_us, {latitude}, {longitude} FROM sighting WHERE {where.text} "
        "ORDER BY at_us DESC LIMIT 1",
        *where.values,
    )
    return None if found is None else (int(found[0]), int(found[1]), int(found[2]))
