"""Positions between and beyond fixes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.clock import NS_PER_S
from outrider.records import FixQuality
from outrider.unit.gnss.track import EARTH_RADIUS_M, GnssTrack, TrackLimits, moved
from tests.unit.gnss.conftest import fix_at

METRE_DEG = math.degrees(1 / EARTH_RADIUS_M)


def track_of(*fixes: object) -> GnssTrack:
    track = GnssTrack(TrackLimits(capacity=100))
    for fix in fixes:
        track.add(fix)  # type: ignore[arg-type]
    return track


def test_between_two_fixes_the_position_lies_on_the_line() -> None:
    """A quarter of the way in time is a quarter of the way in place; age is to the nearer fix."""
    track = track_of(fix_at(0, 53.0), fix_at(1, 53.0 + 20 * METRE_DEG, quality=FixQuality.FIX_2D))
    position = track.at(NS_PER_S // 4)
    assert position.latitude_deg == pytest.approx(53.0 + 5 * METRE_DEG, abs=1e-9)
    assert position.age_s == 0.25
    assert position.quality is FixQuality.FIX_2D


def test_heading_turns_the_short_way_through_north() -> None:
    """From 350 to 20 degrees the middle is 5, not 185."""
    track = track_of(fix_at(0, heading_deg=350.0), fix_at(1, heading_deg=20.0))
    assert track.at(NS_PER_S // 2).heading_deg == pytest.approx(5.0)


def test_the_antimeridian_is_crossed_the_short_way() -> None:
    """Between 179.9 E and 179.9 W lies 180, not Greenwich."""
    track = track_of(fix_at(0, longitude_deg=179.9), fix_at(1, longitude_deg=-179.9))
    longitude_deg = track.at(NS_PER_S // 2).longitude_deg
    assert longitude_deg is not None
    assert abs(longitude_deg) == pytest.approx(180.0)


def test_after_the_last_fix_the_car_goes_straight_on_for_a_while() -> None:
    """Carried on by speed and heading to the limit, held there, its error growing, then nothing."""
    track = GnssTrack(TrackLimits(extrapolate_s=2.0, stale_s=10.0))
    track.add(fix_at(0, 53.0))
    near, held, gone = (track.at(s * NS_PER_S) for s in (1, 5, 11))
    assert near.latitude_deg == pytest.approx(53.0 + 20 * METRE_DEG, abs=1e-9)
    assert held.latitude_deg == pytest.approx(53.0 + 40 * METRE_DEG, abs=1e-9)
    assert near.error_m is not None
    assert held.error_m is not None
    assert 7.8 < near.error_m < held.error_m
    assert held.error_m > 60
    assert gone.latitude_deg is None
    assert gone.quality is FixQuality.NONE
    assert gone.age_s == 11.0


def test_a_long_gap_is_not_bridged() -> None:
    """Two fixes a minute apart say nothing about the middle of it."""
    track = track_of(fix_at(0), fix_at(60))
    assert track.at(30 * NS_PER_S).quality is FixQuality.NONE


def test_an_older_or_repeated_fix_is_refused_and_counted() -> None:
    """Fixes go by their own instants: what does not go forward changes nothing."""
    track = track_of(fix_at(1, 53.0))
    assert not track.add(fix_at(1, 54.0))
    assert not track.add(fix_at(0.5, 54.0))
    assert track.refused == 2
    assert track.at(NS_PER_S).latitude_deg == 53.0


def test_a_step_of_the_time_of_day_does_not_reorder() -> None:
    """UTC that steps back an hour between two fixes leaves positions in monotonic order."""
    stepped = fix_at(1, 53.0 + 20 * METRE_DEG, utc_ns=fix_at(-3600).utc_ns)
    track = track_of(fix_at(0, 53.0), stepped)
    assert track.refused == 0
    assert track.at(NS_PER_S // 2).latitude_deg == pytest.approx(53.0 + 10 * METRE_DEG, abs=1e-9)


def test_the_buffer_is_bounded() -> None:
    """A track keeps its newest fixes only."""
    track = GnssTrack(TrackLimits(capacity=3))
    for second in range(10):
        track.add(fix_at(second))
    assert track.latest() == fix_at(9)
    assert track.latest(8 * NS_PER_S) == fix_at(8)
    assert track.latest(6 * NS_PER_S) is None


def test_without_a_fix_there_is_no_position() -> None:
    """No fix: no place, no age."""
    assert GnssTrack().at(0).age_s is None


@given(
    latitude=st.floats(-80, 80),
    longitude=st.floats(-180, 180),
    distance=st.floats(0, 200),
    heading=st.floats(0, 360),
)
def test_moving_goes_as_far_as_asked(
    latitude: float, longitude: float, distance: float, heading: float
) -> None:
    """The great-circle distance moved is the one asked for, to a centimetre."""
    there = moved(latitude, longitude, distance, heading)
    north, east = math.radians(there[0] - latitude), math.radians(there[1] - longitude)
    east = (east + math.pi) % (2 * math.pi) - math.pi
    half = (
        math.sin(north / 2) ** 2
        + math.cos(math.radians(latitude))
        * math.cos(math.radians(there[0]))
        * math.sin(east / 2) ** 2
    )
    assert 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half)) == pytest.approx(distance, abs=0.05)
