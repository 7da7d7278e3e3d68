"""Counts that the centre measures for itself: of units, never of a read, a mark or a person."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from outrider.centre.store import queries
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import to_us
from outrider.centre.store.questions import HitQuestion, Question

_MOST = 10**9


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


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of a span: reads, hits, those answered as right and as misread."""

    reads: int
    hits: int
    right: int
    misread: int


def figures_of(store: CentreStore, since: datetime, until: datetime, unit: str = "") -> Figures:
    """Return the counts of a span, of one unit or of all. Raises StoreError.

    Of one unit without hits of silent entries: who knows its other hits would see that there was
    one.
    """
    bounds = everything(until)
    since_us, until_us = to_us(since), to_us(until)
    with store.searching(bounds) as session:
        cameras = tuple(queries.cameras_of(session, unit)) if unit else None
        if cameras == ():
            return Figures(0, 0, 0, 0)
        asked = Question(since_us, until_us, cameras=cameras)
        reads = queries.count(session, bounds, asked, _MOST)
        hits = queries.hits(
            session, bounds, HitQuestion(since_us, until_us, silent=not unit), _MOST
        )
    own = [hit for hit in hits if cameras is None or hit.camera in cameras]
    answers = Counter(hit.answer for hit in own)
    return Figures(reads, len(own), answers["correct"], answers["misread"])
