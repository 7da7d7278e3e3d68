"""Time of day laid over monotonic time."""

from hypothesis import given
from hypothesis import strategies as st

from outrider.clock import ClockQuality, RecordedClock, SystemClock, UtcStamp

S = 1_000_000_000


def test_a_better_observation_is_taken_and_a_worse_one_is_not() -> None:
    """GPS replaces the system's time; a poorer source does not replace GPS while it is fresh."""
    clock = SystemClock()
    now = clock.mono_ns()
    clock.observe(1_000 * S, now, ClockQuality.GPS, 0.001)
    clock.observe(9_000 * S, now, ClockQuality.NTP, 0.5)
    stamp = clock.stamp(now + 2 * S)
    assert stamp.utc_ns == 1_002 * S
    assert stamp.quality is ClockQuality.GPS


def test_error_grows_with_time_since_the_observation() -> None:
    """Without new observations the stated error grows, so that a poorer source wins in the end."""
    clock = SystemClock()
    now = clock.mono_ns()
    clock.observe(0, now, ClockQuality.GPS, 0.001)
    later = now + 3600 * S
    assert clock.stamp(later).error_s > 0.1
    clock.observe(3601 * S, later, ClockQuality.NTP, 0.1)
    assert clock.stamp(later).quality is ClockQuality.NTP


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=20))
def test_a_step_of_the_time_of_day_does_not_reorder(utcs: list[int]) -> None:
    """Whatever UTC steps are observed, instants under one anchor keep their order and distance."""
    clock = SystemClock()
    now = clock.mono_ns()
    for utc in utcs:
        clock.observe(utc, now, ClockQuality.GPS, 0.0)
        first, second = clock.stamp(now + 1), clock.stamp(now + 2)
        assert second.utc_ns - first.utc_ns == 1


def test_recorded_clock_never_goes_back() -> None:
    """A recording's present moves forward only, and its UTC follows from the header alone."""
    clock = RecordedClock(5 * S)
    clock.advance_to(10)
    clock.advance_to(3)
    clock.observe(0, 0, ClockQuality.GPS, 0.0)
    assert clock.mono_ns() == 10
    assert clock.stamp(7) == UtcStamp(5 * S + 7, ClockQuality.RECORDED, 0.0)


def test_iso_rounds_to_the_millisecond() -> None:
    """The wire's time stamp is to the ms, rounded, also over the second's edge."""
    assert UtcStamp(1_999_600_000, ClockQuality.GPS, 0).iso_ms() == "1970-01-01T00:00:02.000Z"
