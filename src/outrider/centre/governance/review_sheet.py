"""The year of one unit or place as measured: what the review of its need rests on.

Counts alone: no mark, no person, no hit of a silent entry.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from outrider.centre.governance.figures import everything
from outrider.centre.governance.hit_ends import End, EntryFault, HitEnds
from outrider.centre.store import queries
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import to_us
from outrider.centre.store.questions import HitQuestion, Question
from outrider.clock import Clock

_MOST_READS = 10**9
_MOST_HITS = 100_000
_NO_END = "without an end"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A unit's year. ends: how hits ended, with the open ones; faults: of entries found wrong."""

    unit: str
    since: datetime
    until: datetime
    reads: int
    hits: int
    right: int
    misread: int
    unanswered: int
    ends: tuple[tuple[str, int], ...]
    faults: tuple[tuple[str, int], ...]
    lists: tuple[tuple[str, int], ...]


def sheet_of(
    store: CentreStore, clock: Clock, unit: str, since: datetime, until: datetime
) -> Sheet:
    """Measure a unit's span. Raises StoreError."""
    bounds = everything(until)
    wanted = HitQuestion(to_us(since), to_us(until), silent=False)
    with store.searching(bounds) as session:
        cameras = tuple(queries.cameras_of(session, unit))
        question = Question(to_us(since), to_us(until), cameras=cameras)
        reads = queries.count(session, bounds, question, _MOST_READS) if cameras else 0
        found = queries.hits(session, bounds, wanted, _MOST_HITS) if cameras else []
    own = [hit for hit in found if hit.camera in cameras]
    answers = Counter(hit.answer for hit in own)
    known = HitEnds(store, clock).of(str(hit.hit_id) for hit in own)
    ends = {name: kept.content for name, kept in known.items()}
    by_end = Counter(ends[str(hit.hit_id)].end if str(hit.hit_id) in ends else "" for hit in own)
    by_fault = Counter(one.fault for one in ends.values() if one.fault)
    return Sheet(
        unit, since, until, reads, len(own), answers["correct"], answers["misread"], answers[""],
        (*((end.value, by_end[end.value]) for end in End), (_NO_END, by_end[""])),
        tuple((fault.value, by_fault[fault.value]) for fault in EntryFault),
        tuple(sorted(Counter(hit.list_name for hit in own).items())),
    )  # fmt: skip
