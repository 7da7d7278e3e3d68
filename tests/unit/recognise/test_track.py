"""One pass of one plate is one read, however the plates move and however the reader wavers."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.records import Corners, Direction, PassResult, Role
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.unit.recognise.track import Tracker, TrackerLimits
from tests.unit.recognise.making import corners, finals, frame, misread, seen, tracker

MARK = "AB12CDE"

Shown = list[tuple[str, Corners, float]]
Plates = Callable[[int], Shown]


def _drive(follow: Tracker, count: int, plates: Plates, rate_hz: float = 25.0) -> list[PassResult]:
    """Run frames; plates: a function from the index to [(mark, corners, sure)]."""
    results = []
    for index in range(count):
        now = frame(index, rate_hz)
        shown = [seen(now, mark, at, sure) for mark, at, sure in plates(index)]
        results += follow.update(now, shown)
    return results + follow.finish()


def test_a_single_frame_gives_a_read() -> None:
    """A plate seen once, as on a still picture, is told at once and read in the end."""
    results = _drive(tracker(), 1, lambda _: [(MARK, corners(100, 100), 0.995)])
    assert [one.final for one in results] == [False, True]
    assert {one.text.vrm for one in results} == {MARK}
    assert len({one.pass_id for one in results}) == 1


@settings(max_examples=25)
@given(st.floats(-8, 8), st.floats(-3, 3), st.floats(0.99, 1.02), st.sampled_from([25, 10, 4, 2]))
def test_a_plate_that_moves_is_one_read(dx: float, dy: float, grow: float, rate: float) -> None:
    """Any steady motion at any frame rate gives one read of all its frames."""
    step = 25 / rate

    def plates(i: int) -> Shown:
        size = grow ** (i * step)
        at = corners(600 + dx * i * step, 400 + dy * i * step, 80 * size, 20 * size)
        return [(MARK, at, 0.95)]

    results = _drive(tracker(), 12, plates, rate)
    assert finals(results) == [MARK]
    assert results[-1].frames_fused == 12


def test_missed_frames_do_not_end_a_pass() -> None:
    """A plate hidden for half a second is still the same pass."""
    results = _drive(
        tracker(), 40, lambda i: [] if 10 < i < 22 else [(MARK, corners(100 + 2 * i, 80), 0.97)]
    )
    assert finals(results) == [MARK]
    assert results[-1].frames_fused == 29


def test_plates_side_by_side_do_not_swap() -> None:
    """Two plates that pass close to each other keep their own marks and nothing else."""
    other = "XY63ZZT"

    def plates(i: int) -> Shown:
        return [
            (MARK, corners(100 + 4 * i, 100), 0.9),
            (other, corners(260 - 4 * i, 104), 0.9),
        ]

    results = _drive(tracker(), 40, plates)
    assert sorted(finals(results)) == [MARK, other]
    assert {one.frames_fused for one in results if one.final} == {40}


def test_consecutive_marks_of_a_fleet_are_two_reads() -> None:
    """Two vans whose marks differ in one character, one after the other, are both read."""
    fleet = ("AB12CDE", "AB12CDF")
    results = _drive(
        tracker(), 100, lambda i: [(fleet[i >= 50], corners(100, 100), 0.97)] if i % 50 < 15 else []
    )
    assert finals(results) == list(fleet)


def test_a_plate_lost_and_found_is_not_read_twice() -> None:
    """A plate back three seconds after its pass ended gives no second read; it is counted."""
    follow = tracker()
    results = _drive(
        follow, 120, lambda i: [] if 20 < i < 95 else [(MARK, corners(100, 100), 0.99)]
    )
    assert finals(results) == [MARK]
    assert follow.counts.merged == 1


@settings(max_examples=30)
@given(st.integers(0, 6), st.integers(1, 4))
def test_a_plate_found_again_and_misread_at_first_is_one_read(wrong: int, doubtful: int) -> None:
    """Any character in doubt when it comes back: no second read, and no mark of no vehicle."""
    results, at = [], corners(100, 100)
    follow = tracker(points=OperatingPoints(alarm=0.9, possible=0.3, kept=0.05))
    for index in range(60):
        now = frame(index, rate_hz=10)
        looks = [seen(now, MARK, at, 0.995)] if not 5 <= index < 50 else []
        if 50 <= index < 50 + doubtful:
            looks = [misread(now, MARK, at, [wrong])]
        results += follow.update(now, looks)
    results += follow.finish()
    assert finals(results) == [MARK]
    assert {one.text.vrm for one in results} == {MARK}


def test_a_doubtful_mark_like_another_is_told_in_the_end() -> None:
    """A fleet's second van, never surely read, keeps its possible read: late, but not lost."""
    other = "AB12XDF"
    results = _drive(
        tracker(),
        90,
        lambda i: (
            [(MARK, corners(100, 100), 0.995)]
            if i < 20
            else [(other, corners(100, 100), 0.92)] * (60 < i < 64)
        ),
    )
    assert finals(results) == [MARK, other]


def test_a_poor_read_does_not_hide_a_sure_one() -> None:
    """A mark first read in doubt and, after its pass, read surely, is told again."""
    follow = tracker()
    results = _drive(
        follow,
        120,
        lambda i: [(MARK, corners(90, 90), 0.9 if i < 5 else 0.999)] * (i < 1 or i > 80),
    )
    sure = [one for one in results if one.text.confidence >= 0.9]
    assert sure
    assert finals(results) == [MARK, MARK]


def test_a_mark_is_told_once_a_level() -> None:
    """A pass speaks when it becomes possible and when it becomes sure, not at every frame."""
    results = _drive(tracker(), 30, lambda i: [(MARK, corners(90, 90), 0.93 if i < 3 else 0.99)])
    assert [one.final for one in results].count(False) <= 2
    assert results[-1].final


def test_junk_is_no_read_and_is_counted() -> None:
    """A drawing without characters, and one that the reader cannot read, are counted by reason."""
    follow = tracker()
    assert not finals(_drive(follow, 4, lambda _: [("", corners(100, 100), 0.97)]))
    assert not finals(_drive(follow, 4, lambda _: [("QWERTY8", corners(100, 100), 0.2)]))
    assert not finals(_drive(follow, 4, lambda _: [("1J", corners(200, 100), 0.75)]))
    assert follow.counts.rejected == {"no characters": 1, "illegible": 1, "short and unsure": 1}


def test_a_short_mark_is_believed_when_it_is_sure() -> None:
    """A1 is a real mark: read surely, it is a read."""
    assert finals(_drive(tracker(), 6, lambda _: [("A1", corners(100, 100), 0.998)])) == ["A1"]


def test_an_unknown_mark_is_kept() -> None:
    """A mark of no GB family, a foreign one, is a read like any other."""
    assert finals(_drive(tracker(), 3, lambda _: [("B99BNX77", corners(90, 90), 0.97)])) == [
        "B99BNX77"
    ]


def test_slow_sources_keep_a_pass_together() -> None:
    """At one frame in two seconds the plate in every frame is still one read."""
    results = _drive(
        tracker(), 6, lambda i: [(MARK, corners(100 + 40 * i, 100 + 9 * i), 0.97)], rate_hz=0.5
    )
    assert finals(results) == [MARK]


def test_a_slow_source_keeps_an_illegible_look_with_its_pass() -> None:
    """At a frame a second, one that shows nothing legible in the plate's place is no plate more."""

    def plates(i: int) -> Shown:
        mark, sure = ("1J7K", 0.6) if i == 4 else (MARK, 0.97)
        return [(mark, corners(100 + 20 * i, 100 + 3 * i), sure)]

    follow = tracker()
    results = _drive(follow, 9, plates, rate_hz=1.0)
    assert finals(results) == [MARK]
    assert follow.counts.passes == 1


@pytest.mark.parametrize(
    ("growth", "way"),
    [(1.03, Direction.APPROACHING), (0.97, Direction.RECEDING), (1.0, Direction.UNKNOWN)],
)
def test_direction_follows_the_size(growth: float, way: Direction) -> None:
    """A plate that grows approaches; one that shrinks recedes; one that stays tells nothing."""
    wobble = np.random.default_rng(3).normal(1, 0.01, 20)

    def plates(i: int) -> Shown:
        size = growth**i * wobble[i]
        return [(MARK, corners(150, 100, 60 * size, 14 * size), 0.97)]

    assert _drive(tracker(), 20, plates)[-1].direction is way


def test_what_is_held_is_bounded_and_nothing_is_lost() -> None:
    """More plates than may be followed end the oldest passes early, with their reads."""
    follow = tracker(TrackerLimits(most_passes=3))
    marks = [f"AB{10 + i}CD{'ABCDEFGHJK'[i]}" for i in range(10)]
    results = _drive(
        follow,
        1,
        lambda _: [(mark, corners(70 + 300 * i, 50), 0.97) for i, mark in enumerate(marks)],
    )
    assert sorted(finals(results)) == sorted(marks)
    assert follow.tally()["passes_ended_early"] == 7


def test_the_kept_picture_is_of_the_frame_that_was_read_best() -> None:
    """The instant and the corners are those of the surest look that gave the mark."""
    best = 7

    def plates(i: int) -> Shown:
        return [(MARK, corners(100 + i, 100), 0.999 if i == best else 0.9)]

    last = _drive(tracker(), 15, plates)[-1]
    assert last.mono_ns == frame(best).mono_ns
    np.testing.assert_allclose(last.corners, corners(100 + best, 100))
    assert len(last.pictures[Role.PATCH]) <= 3 * 1024
    assert len(last.pictures[Role.OVERVIEW]) <= 25 * 1024


def test_what_is_left_of_a_plate_that_leaves_is_no_read_of_its_own() -> None:
    """A part of a mark that has just passed, seen in a frame or two, is merged into its pass."""
    following = tracker()
    for index in range(8):
        now = frame(index)
        following.update(now, [seen(now, "AB12CDE", corners(200, 100))])
    last = frame(8)
    rest = [seen(last, "AB12", corners(300, 100, width=34))]
    assert finals(following.update(last, rest) + following.finish()) == ["AB12CDE"]
    assert following.counts.merged == 1


def test_a_short_mark_that_stays_is_read_beside_one_that_holds_it() -> None:
    """A dateless plate is not taken for the rest of another because its mark is part of it."""
    following = tracker()
    results: list[PassResult] = []
    for index in range(12):
        now = frame(index)
        both = [
            seen(now, "AB12CDE", corners(80, 100)),
            seen(now, "AB12", corners(240, 100, width=40)),
        ]
        results += following.update(now, both)
    assert sorted(finals(results + following.finish())) == ["AB12", "AB12CDE"]
