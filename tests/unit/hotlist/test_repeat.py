"""The repeat rule."""

import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outrider.records import NO_POSITION, MatchClass, Response
from outrider.unit.hotlist.repeat import RepeatRule, distance_m
from outrider.unit.ports import Verdict
from tests.unit.hotlist.makers import at, match_of, read, voi

_ENTRY = voi("AB12CDE", priority=3)
_MATCH = match_of(_ENTRY)


def test_one_alarm_a_pass() -> None:
    """A vehicle that stays in view alarms once, however long."""
    rule = RepeatRule(300, 2000)
    verdicts = [rule.judge(read("AB12CDE", t), _MATCH, False) for t in (0, 1, 400)]
    assert verdicts == [Verdict.ALARM, Verdict.REPEAT, Verdict.REPEAT]


def test_again_after_time_or_distance() -> None:
    """A later pass is recorded, and alarms only after the set time or distance."""
    rule = RepeatRule(300, 2000)
    here, near, far = at(51.5, 0.0), at(51.51, 0.0), at(51.53, 0.0)
    passes = [(0, here), (100, near), (120, far), (200, far), (421, far)]
    verdicts = [
        rule.judge(read("AB12CDE", t, place, pass_no=n), _MATCH, False)
        for n, (t, place) in enumerate(passes)
    ]
    alarm, record = Verdict.ALARM, Verdict.RECORD
    assert verdicts == [alarm, record, alarm, record, alarm]


def test_escalation_alarms_at_once() -> None:
    """A surer match or a higher priority alarms within the same pass; the reverse does not."""
    rule = RepeatRule(300, 2000)
    look_alike = match_of(_ENTRY, MatchClass.LOOK_ALIKE)
    urgent = match_of(voi("AB12CDE", priority=1), name="terror")
    assert rule.judge(read("AB12CDF"), look_alike, True) is Verdict.ALARM
    assert rule.judge(read("AB12CDE"), _MATCH, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDF"), look_alike, True) is Verdict.REPEAT
    assert rule.judge(read("AB12CDE"), urgent, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDE"), urgent, True) is Verdict.REPEAT


def test_a_second_list_is_recorded_without_a_second_alarm() -> None:
    """A car on two lists alarms once a pass, and both hits are kept."""
    rule = RepeatRule(300, 2000)
    other = match_of(voi("AB12CDE", "no insurance", priority=4), name="uninsured")
    assert rule.judge(read("AB12CDE"), _MATCH, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDE"), other, False) is Verdict.RECORD


def test_silent_hits_change_nothing_for_the_crew() -> None:
    """A silent hit before neither stops nor causes the alarm of an open entry."""
    rule = RepeatRule(300, 2000)
    silent = match_of(voi("AB12CDE", response=Response.SILENT, priority=1))
    assert rule.judge(read("AB12CDE"), silent, False) is not Verdict.REPEAT
    assert rule.judge(read("AB12CDE"), _MATCH, False) is not Verdict.REPEAT
    assert rule.judge(read("AB12CDE"), silent, False) is not Verdict.ALARM
    assert rule.judge(read("AB12CDE", 1, pass_no=2), silent, False) is not Verdict.REPEAT
    assert rule.judge(read("AB12CDE", 1, pass_no=2), _MATCH, False) is not Verdict.ALARM


def test_memory_is_bounded() -> None:
    """A shift of hits on many vehicles does not grow without end."""
    rule = RepeatRule(300, 2000)
    for number in range(5000):
        entry = voi(f"A{number}BCD")
        rule.judge(read(entry.vrm, pass_no=number), match_of(entry), False)
    assert len(rule._vehicles) == 4096


def test_the_longest_unseen_vehicle_is_forgotten_first() -> None:
    """Of 4,097 the first is news again; one that alarmed once more meanwhile is not."""
    rule = RepeatRule(300, 2000)

    def seen(number: int, pass_no: int, seconds: float = 0.0) -> Verdict:
        entry = voi(f"A{number}BCD")
        return rule.judge(read(entry.vrm, seconds, pass_no=pass_no), match_of(entry), False)

    for number in range(4096):
        seen(number, number)
    assert seen(0, 5000, 301) is Verdict.ALARM
    seen(4096, 5001)
    assert seen(4095, 5002) is Verdict.RECORD
    assert seen(0, 5003, 302) is Verdict.RECORD
    assert seen(1, 5004) is Verdict.ALARM


def test_the_set_time_and_distance_themselves_are_enough() -> None:
    """News after 300 s means after 300 s, not after more."""
    here, there = at(51.5, 0.0), at(51.52, 0.01)
    away_m = distance_m(here, there)
    assert away_m is not None
    rule = RepeatRule(300, away_m)
    assert rule.judge(read("AB12CDE", 0, here), _MATCH, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDE", 1, there, pass_no=2), _MATCH, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDE", 300, there, pass_no=3), _MATCH, False) is Verdict.RECORD
    assert rule.judge(read("AB12CDE", 301, there, pass_no=4), _MATCH, False) is Verdict.ALARM


def test_a_possible_that_becomes_sure_is_news_and_not_the_other_way() -> None:
    """The same entry in the same class: only how sure the read is has changed."""
    rule = RepeatRule(300, 2000)
    assert rule.judge(read("AB12CDE"), _MATCH, True) is Verdict.ALARM
    assert rule.judge(read("AB12CDE"), _MATCH, True) is Verdict.REPEAT
    assert rule.judge(read("AB12CDE"), _MATCH, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDE"), _MATCH, True) is Verdict.REPEAT


def test_a_wildcard_stands_for_many_vehicles_and_a_mark_for_one() -> None:
    """Two marks under one wildcard are two vehicles; one listed mark read in two ways is one."""
    rule = RepeatRule(300, 2000)
    wild = match_of(voi("AB12*"), MatchClass.WILDCARD)
    assert rule.judge(read("AB12CDE"), wild, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDF", pass_no=2), wild, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDE", pass_no=3), wild, False) is Verdict.RECORD
    rule = RepeatRule(300, 2000)
    near = match_of(_ENTRY, MatchClass.LOOK_ALIKE)
    assert rule.judge(read("AB12CDF"), near, True) is Verdict.ALARM
    assert rule.judge(read("AB12CDG", pass_no=2), near, True) is Verdict.RECORD


def test_each_entry_is_recorded_once_in_each_pass() -> None:
    """In a later pass every list's hit is kept again, and each only once."""
    rule = RepeatRule(300, 2000)
    other = match_of(voi("AB12CDE", "no insurance", priority=4), name="uninsured")
    rule.judge(read("AB12CDE"), _MATCH, False)
    for number in (2, 3):
        verdicts = [
            rule.judge(read("AB12CDE", 1, pass_no=number), found, False)
            for found in (_MATCH, other, _MATCH, other)
        ]
        assert verdicts == [Verdict.RECORD] * 2 + [Verdict.REPEAT] * 2


_LATITUDES, _LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)


@given(_LATITUDES, _LONGITUDES, _LATITUDES, _LONGITUDES)
@example(0.0, 0.0, 0.0, 180.0)
@example(90.0, 0.0, -90.0, 0.0)
@example(37.5, 12.0, -37.5, -168.0)
@example(51.5, -0.1, 53.5, -2.2)
def test_distance_is_the_angle_between_two_places_on_the_sphere(
    lat_a: float, lon_a: float, lat_b: float, lon_b: float
) -> None:
    """As the angle between two vectors from the earth's middle gives it, by another formula."""

    def vector(latitude: float, longitude: float) -> tuple[float, float, float]:
        lat, lon = math.radians(latitude), math.radians(longitude)
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)

    a, b = vector(lat_a, lon_a), vector(lat_b, lon_b)
    across = math.dist(a, b) / 2
    along = math.dist(a, tuple(-x for x in b)) / 2
    expected = 6_371_008.8 * 2 * math.atan2(across, along)
    found = distance_m(at(lat_a, lon_a), at(lat_b, lon_b))
    assert found == pytest.approx(expected, rel=1e-6, abs=1.0)


@pytest.mark.parametrize("missing", ["latitude_deg", "longitude_deg"])
def test_no_distance_to_a_place_that_is_not_known(missing: str) -> None:
    """Half a position is none."""
    here = at(51.5, -0.1)
    half = replace(here, **{missing: None})  # type: ignore[arg-type]
    assert distance_m(here, half) is None
    assert distance_m(half, here) is None
    assert distance_m(here, NO_POSITION) is None
