"""Which plate of a frame is which plate of the frames before."""

from collections.abc import Sequence

from outrider.unit.recognise.likeness import Likeness, likeness
from outrider.unit.recognise.motion import Closeness
from outrider.unit.recognise.passes import Look, Pass

_HELD_STILL_S = 0.25  # a plate that overlaps itself this soon is the same, whatever is read
_HELD_STILL_OVERLAP = 0.5
_UNREAD_REACH_S = 0.6  # beyond this, place alone does not say which plate it is,
_UNREAD_REACH_FRAMES = 1.3  # but from one frame to the next of a slow source it does,
_MOST_UNREAD_REACH_S = 1.2  # within reason: longer cost two of 73 passes of the recorded drive
_SAME_PLATE_SIZE = 2.0
_TEXT_COST = 1.0
_MOST_COST = 1.5
_SIZE_COST = 0.5


def assign(
    passes: Sequence[Pass], looks: Sequence[Look], interval_s: float = 0.0
) -> list[tuple[int, int]]:
    """Return pairs (pass index, look index), each index at most once, the cheapest first.

    interval_s: the usual time between frames; 0 where it is not known yet.

    Greedy by cost: a plate's text settles what its place leaves open, so that two plates side by
    side do not swap.
    """
    costs = []
    for p, one in enumerate(passes):
        for k, look in enumerate(looks):
            cost = match_cost(one, look, interval_s)
            if cost is not None:
                costs.append((cost, p, k))
    taken_passes: set[int] = set()
    taken_looks: set[int] = set()
    pairs = []
    for _, p, k in sorted(costs):
        if p not in taken_passes and k not in taken_looks:
            taken_passes.add(p)
            taken_looks.add(k)
            pairs.append((p, k))
    return pairs


def match_cost(one: Pass, look: Look, interval_s: float = 0.0) -> float | None:
    """Return how ill a look fits a pass, 0 the best; None where it cannot be the same plate."""
    close = one.motion.closeness(look.place)
    alike = likeness(one.fused, look.fused)
    next_frame_s = min(_MOST_UNREAD_REACH_S, _UNREAD_REACH_FRAMES * interval_s)
    unread_reach_s = max(_UNREAD_REACH_S, next_frame_s)
    if not _may_be(close, alike, unread_reach_s):
        return None
    place = min(close.distance, _MOST_COST) + _SIZE_COST * min(close.size, _MOST_COST)
    return place + _TEXT_COST * (1 - max(0.0, alike.share))


def _may_be(close: Closeness, alike: Likeness, unread_reach_s: float) -> bool:
    if alike.same:
        return close.size <= _SAME_PLATE_SIZE
    if close.since_s <= _HELD_STILL_S and close.overlap >= _HELD_STILL_OVERLAP:
        return True
    if not close.within_reach or alike.other:
        return False
    return alike.similar or close.since_s <= unread_reach_s
