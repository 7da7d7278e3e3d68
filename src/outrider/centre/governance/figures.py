"""Counts that the centre measures for itself: of units, never of a read, a mark or a person."""

from datetime import datetime

from outrider.centre.store import queries
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import to_us


def everything(now: datetime) -> Bounds:
    """Return the bounds of all that is kept: for counts alone, which no person is told by read."""
    return Bounds(1, to_us(now), None, None, None, coarse=True)


def answers_by_unit(store: CentreStore, now: datetime) -> dict[str, tuple[int, int]]:
    """Return how many hits of each unit officers answered as right and as misread."""
    bounds = everything(now)
    found: dict[str, tuple[int, int]] = {}
    with store.searching(bounds) as session:
        counts = queries.answered(session, bounds)
        facts = queries.cameras(session, [camera for camera, _, _ in counts])
    for camera, right, wrong in counts:
        unit = facts[camera].unit_id
        before = found.get(unit, (0, 0))
        found[unit] = before[0] + right, before[1] + wrong
    return found
