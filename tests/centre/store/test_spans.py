"""Runs of numbers against plain sets; chain breaks and gaps against what was broken and lost."""

import uuid
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from outrider.centre.store.records import SeqRange
from outrider.centre.store.spans import (
    Present,
    Span,
    breaks_at_edges,
    holes,
    join,
    with_gaps,
)
from outrider.wire.batch import Gap
from outrider.wire.chain import SealedRow
from outrider.wire.epoch import Epoch
from outrider.wire.hash_chain import GENESIS
from outrider.wire.read_record import RecordKind

EPOCH = Epoch(uuid.UUID(int=1))

_HASHES = [GENESIS] + [bytes([n]) * 32 for n in range(1, 100)]


def a_row(seq: int, broken: frozenset[int] = frozenset()) -> SealedRow:
    """Return a row of a chain; one of `broken` does not say what the row before is."""
    previous = b"\xff" * 32 if seq in broken else _HASHES[seq - 1]
    return SealedRow(seq, RecordKind.READ, 1, previous, b"", (), _HASHES[seq])


def joined(arrivals: list[list[int]], broken: frozenset[int]) -> tuple[list[Span], list[int]]:
    """Return the runs and breaks after numbers came in such groups."""
    runs: list[Span] = []
    breaks: list[int] = []
    for group in arrivals:
        fresh = sorted({seq for seq in group if seq not in Present(runs)})
        if not fresh:
            continue
        near = [run for run in runs if run.first <= fresh[-1] + 1 and run.last >= fresh[0] - 1]
        change = join(near, [a_row(seq, broken) for seq in fresh])
        runs = sorted((set(runs) - set(change.gone)) | set(change.made), key=lambda run: run.first)
        breaks += change.breaks
    return runs, breaks


ARRIVALS = st.lists(st.lists(st.integers(1, 60), max_size=12), max_size=12)


@given(ARRIVALS)
def test_runs_hold_what_came_and_nothing_else(arrivals: list[list[int]]) -> None:
    """In any order and any groups, the runs are the set of what came, as few as can be."""
    came = {seq for group in arrivals for seq in group}
    runs, _ = joined(arrivals, frozenset())
    assert {seq for run in runs for seq in range(run.first, run.last + 1)} == came
    assert all(before.last + 1 < after.first for before, after in pairwise(runs))
    assert all(((seq in Present(runs)) == (seq in came)) for seq in range(62))


@given(ARRIVALS, st.frozensets(st.integers(2, 60)))
def test_each_break_is_found_once_whatever_the_order(
    arrivals: list[list[int]], broken: frozenset[int]
) -> None:
    """A chain break shows as soon as both rows beside it have come, once, and no other does."""
    came = {seq for group in arrivals for seq in group}
    _, breaks = joined(arrivals, broken)
    assert sorted(breaks) == sorted(s for s in broken if s in came and s - 1 in came)


@given(ARRIVALS, st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)), max_size=4))
def test_missing_is_what_neither_came_nor_was_declared(
    arrivals: list[list[int]], lost: list[tuple[int, int]]
) -> None:
    """Missing numbers are all others below the highest known one."""
    gaps = [Gap(first, first + more, bytes(32), "damaged") for first, more in lost]
    runs, _ = joined(arrivals, frozenset())
    known = {seq for group in arrivals for seq in group}
    known |= {seq for gap in gaps for seq in range(gap.first_seq, gap.last_seq + 1)}
    found = [seq for hole in holes(runs, gaps) for seq in range(hole.first, hole.last + 1)]
    assert found == sorted(set(range(1, max(known, default=0) + 1)) - known)


def test_edges_are_held_against_the_start_and_the_gaps() -> None:
    """A run begins with the journal or where a gap ends, by hash; behind a hole nothing is said."""
    gap = Gap(4, 6, _HASHES[6], "damaged")
    runs = [Span(1, 3, GENESIS, _HASHES[3]), Span(7, 9, _HASHES[6], _HASHES[9])]
    assert breaks_at_edges(runs, [gap], EPOCH) == []
    assert breaks_at_edges([Span(1, 3, _HASHES[7], _HASHES[3])], [], EPOCH) == [1]
    assert breaks_at_edges([Span(7, 9, _HASHES[5], _HASHES[9])], [gap], EPOCH) == [7]
    assert breaks_at_edges([Span(7, 9, _HASHES[5], _HASHES[9])], [], EPOCH) == []
    assert holes(runs, [gap]) == ()
    assert holes(runs, []) == (SeqRange(4, 6),)


def test_gaps_that_grow_replace_their_parts() -> None:
    """A unit joins neighbouring gaps: the wider one stands, said again it changes nothing."""
    small, other = Gap(4, 6, _HASHES[6], "damaged"), Gap(20, 21, _HASHES[21], "skipped")
    wide = Gap(4, 9, _HASHES[9], "damaged")
    assert with_gaps([], [small, other]) == ([], [small, other])
    assert with_gaps([small, other], [small]) == ([], [])
    assert with_gaps([small, other], [wide]) == ([small], [wide])
    assert with_gaps([wide], [small]) == ([], [])
