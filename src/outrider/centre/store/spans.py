"""Which numbers of a journal have come, as runs without a hole, and whether their chain holds.

A run remembers the two ends of its chain, so that rows that came before never have to be looked up,
wherever they lie by then: what a new row must be joined to is known from the runs alone.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from outrider.centre.store.records import SeqRange
from outrider.wire.batch import Gap
from outrider.wire.chain import SealedRow
from outrider.wire.epoch import Epoch
from outrider.wire.hash_chain import GENESIS


@dataclass(frozen=True, slots=True)
class Span:
    """Rows first to last, all here. first_previous: what the first row says of the row before."""

    first: int
    last: int
    first_previous: bytes
    last_hash: bytes


@dataclass(frozen=True, slots=True)
class Joined:
    """What new rows do to the runs near them: runs to drop, runs to add, where the chain breaks."""

    gone: tuple[Span, ...]
    made: tuple[Span, ...]
    breaks: tuple[int, ...]


class Present:
    """Runs in ascending order, asked whether they hold a number."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._firsts = [span.first for span in spans]

    def __contains__(self, seq: int) -> bool:
        place = bisect_right(self._firsts, seq) - 1
        return place >= 0 and seq <= self._spans[place].last


def join(near: Sequence[Span], rows: Iterable[SealedRow]) -> Joined:
    """Join rows that have just come to the runs that hold or touch their numbers.

    near: ascending; rows: none of them in `near`, none twice.
    """
    new = [Span(row.seq, row.seq, row.previous, row.hash) for row in rows]
    runs: list[Span] = []
    breaks = []
    for span in sorted([*near, *new], key=lambda span: span.first):
        if not runs or span.first != runs[-1].last + 1:
            runs.append(span)
            continue
        before = runs[-1]
        if span.first_previous != before.last_hash:
            breaks.append(span.first)
        runs[-1] = Span(before.first, span.last, before.first_previous, span.last_hash)
    kept = set(near).intersection(runs)
    return Joined(
        tuple(span for span in near if span not in kept),
        tuple(span for span in runs if span not in kept),
        tuple(breaks),
    )


def breaks_at_edges(spans: Sequence[Span], gaps: Sequence[Gap], epoch: Epoch) -> list[int]:
    """Return the first numbers of runs that do not go on from the epoch's start or a gap's end.

    Asked anew each time: a gap may be declared, or grow, after the run behind it has come.
    """
    start = GENESIS if epoch.after is None else epoch.after.hash
    known = epoch.first_seq == 1 or start != GENESIS
    ends = {epoch.first_seq: start} if known else {}
    ends |= {gap.last_seq + 1: gap.last_hash for gap in gaps}
    return [s.first for s in spans if ends.get(s.first, s.first_previous) != s.first_previous]


def holes(
    present: Sequence[Span], gaps: Sequence[Gap], first: int = 1, end: int | None = None
) -> tuple[SeqRange, ...]:
    """Return the numbers of an epoch that neither came nor were declared gone.

    From its first number to `end`, where another epoch is known to go on from there, else to the
    highest known one: of what a card that was put back has forgotten nobody can say what it was.
    """
    known = [(s.first, s.last) for s in present] + [(g.first_seq, g.last_seq) for g in gaps]
    if end is None:
        end = max((last for _, last in known), default=0)
    found, expected = [], first
    for start, last in [*sorted(known), (end + 1, end + 1)]:
        if start > expected and expected <= end:
            found.append(SeqRange(expected, min(start - 1, end)))
        expected = max(expected, last + 1)
    return tuple(found)


def with_gaps(kept: Sequence[Gap], declared: Iterable[Gap]) -> tuple[list[Gap], list[Gap]]:
    """Return the gaps to drop and to add: a unit joins gaps as they grow, and tells all of them."""
    now = list(kept)
    for gap in declared:
        now = [old for old in now if not _within(old, gap)]
        if not any(_within(gap, old) and old.last_seq != gap.last_seq for old in now):
            now.append(gap)
    return [old for old in kept if old not in now], [new for new in now if new not in kept]


def _within(inner: Gap, outer: Gap) -> bool:
    return outer.first_seq <= inner.first_seq and inner.last_seq <= outer.last_seq
