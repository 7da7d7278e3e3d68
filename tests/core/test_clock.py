"""Time of day laid over monotonic time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.clock import (
    WEEKS_NS,
    ClockQuality,
    RecordedClock,
    SystemClock,
    UtcStamp,
    is_believable,
    rolled_into_era,
    said_duration,
)

S = 1_000_000_000
NOW = 1_795_262_400 * S  # 2026-11-21 12:00 UTC


def test_a_better_observation_is_taken_and_a_worse_one_is_not() -> None:
    """GPS replaces the system's time; a poorer source does not replace GPS while it is fresh."""
    clock = SystemClock()
    now = clock.mono_ns()
    clock.observe(NOW, now, ClockQuality.GPS, 0.001)
    clock.observe(NOW + 9_000 * S, now, ClockQuality.NTP, 0.5)
    stamp = clock.stamp(now + 2 * S)
    assert stamp.utc_ns == NOW + 2 * S
    assert stamp.quality is ClockQuality.GPS


def test_error_grows_with_time_since_the_observation() -> None:
    """Without new observations the stated error grows, so that a poorer source wins in the end."""
    clock = SystemClock()
    now = clock.mono_ns()
    clock.observe(NOW, now, ClockQuality.GPS, 0.001)
    later = now + 3600 * S
    assert clock.stamp(later).error_s > 0.1
    clock.observe(NOW + 3601 * S, later, ClockQuality.NTP, 0.1)
    assert clock.stamp(later).quality is ClockQuality.NTP


@given(st.lists(st.integers(NOW, NOW + 10**12), min_size=2, max_size=20))
def test_a_step_of_the_time_of_day_does_not_reorder(utcs: list[int]) -> None:
    """Whatever UTC steps are observed, instants under one anchor keep their order and distance."""
    clock = SystemClock()
    now = clock.mono_ns()
    for utc in utcs:
        clock.observe(utc, now, ClockQuality.GPS, 0.0)
        first, second = clock.stamp(now + 1), clock.stamp(now + 2)
        assert second.utc_ns - first.utc_ns == 1


@given(st.integers(0, WEEKS_NS - 1))
def test_a_date_off_by_1024_weeks_is_never_believed(since_2026_ns: int) -> None:
    """Any day of the era moved by a roll-over, early or late, is no time of day for a clock."""
    true_ns = 1_767_225_600 * S + since_2026_ns
    assert is_believable(true_ns)
    clock = SystemClock()
    mono_ns = clock.mono_ns()
    before = clock.stamp(mono_ns)
    for wrong_ns in (true_ns - WEEKS_NS, true_ns + WEEKS_NS):
        assert rolled_into_era(wrong_ns) == true_ns
        clock.observe(wrong_ns, mono_ns, ClockQuality.GPS, 0.0)
        assert clock.stamp(mono_ns).quality is before.quality


def test_no_recording_is_exact() -> None:
    """An error of 0 would be false certainty; what rests on nothing says so."""
    assert RecordedClock(0, 0.0).stamp(0).error_s > 0
    stamp = RecordedClock(0, 86_400.0, ClockQuality.FREE_RUNNING).stamp(0)
    assert (stamp.quality, stamp.error_s) == (ClockQuality.FREE_RUNNING, 86_400.0)


def test_recorded_clock_never_goes_back() -> None:
    """A recording's present moves forward only, and its UTC follows from the header alone."""
    clock = RecordedClock(5 * S)
    clock.advance_to(10)
    clock.advance_to(3)
    clock.observe(0, 0, ClockQuality.GPS, 0.0)
    assert clock.mono_ns() == 10
    assert clock.stamp(7) == UtcStamp(5 * S + 7, ClockQuality.RECORDED, 0.001)


def test_iso_rounds_to_the_millisecond() -> None:
    """The wire's time stamp is to the ms, rounded, also over the second's edge."""
    assert UtcStamp(1_999_600_000, ClockQuality.GPS, 0).iso_ms() == "1970-01-01T00:00:02.000Z"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(604_800, "7 days"), (7_200, "2 h"), (600, "10 min"), (90, "90 s"), (0.1, "100 ms")],
)
def test_an_error_of_the_clock_is_said_as_people_say_it(seconds: float, said: str) -> None:
    """Nobody reads 6.05e+05 s."""
    assert said_duration(seconds) == said
