"""What is made of gpsd's reports: what they leave out is unknown, what cannot be is not taken."""

import contextlib
import json
import socket
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.clock import NS_PER_S, ClockQuality, SystemClock
from outrider.records import FixQuality, Level
from outrider.unit.devices.gnss_gpsd import Epochs, GpsdPositions, GpsdSettings
from outrider.unit.devices.gpsd_reports import NoReport, Receivers, Report, report_of
from outrider.unit.devices.gpsd_session import GpsdLost, GpsdSession

TIME = "2026-11-21T06:00:00.500Z"
UTC_NS = 1_795_240_800_500_000_000


def response(**changed: Any) -> dict[str, Any]:
    tpv = {"mode": 3, "time": TIME, "lat": 53.5, "lon": -2.2, "speed": 9.0, "track": 45.0}
    tpv.update(changed)
    return {name: value for name, value in tpv.items() if value is not None}


def test_a_whole_response_becomes_a_report() -> None:
    """Place, motion, time to the millisecond, and no error where gpsd gave none."""
    report = report_of(response())
    assert report == Report(UTC_NS, 53.5, -2.2, 9.0, 45.0, FixQuality.FIX_3D, None)
    assert report_of(response(epx=3.0, epy=4.5)).error_m == 4.5


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"lat": None}, "middle of a report"),
        ({"lon": None}, "middle of a report"),
        ({"lat": 91.0}, "middle of a report"),
        ({"lon": float("nan")}, "middle of a report"),
        ({"time": None}, "middle of a report"),
        ({"time": "now"}, "a time that is none"),
        ({"time": "2026-11-21T06:00:00"}, "a time of no zone"),
        ({"mode": 1}, "no fix"),
        ({"mode": 0}, "no fix"),
        ({"mode": None}, "no fix"),
        ({"mode": True}, "no fix"),
    ],
)
def test_what_is_no_position_is_none(changed: dict[str, Any], why: str) -> None:
    """A missing or impossible place is never taken for the Gulf of Guinea."""
    with pytest.raises(NoReport, match=why):
        report_of(response(**changed))


@pytest.mark.parametrize("speed", [None, -1.0, 1e9, float("nan"), float("inf"), 10**400, "9", [9]])
def test_a_speed_that_is_left_out_or_cannot_be_is_unknown(speed: object) -> None:
    """Not 0.0: that made the alarm soft and let the driver read text."""
    report = report_of(response(speed=speed))
    assert (report.speed_mps, report.heading_deg) == (None, None)


def test_a_course_that_is_left_out_is_unknown() -> None:
    """Not due north."""
    assert report_of(response(track=None)).heading_deg is None


@pytest.mark.parametrize(
    "wrong", ["2046-07-07T06:00:00.500Z", "2007-04-07T06:00:00.500Z", "1999-08-22T06:00:00.500Z"]
)
def test_a_date_that_cannot_be_leaves_the_place(wrong: str) -> None:
    """A receiver whose weeks rolled over, either way, still knows where it is, not when."""
    report = report_of(response(time=wrong))
    assert wrong[:10] in report.date_doubt
    assert report.latitude_deg == 53.5


def test_a_standing_car_has_no_heading() -> None:
    """Course over ground at walking pace and below is noise."""
    assert report_of(response(speed=0.2)).heading_deg is None


def test_of_two_receivers_the_one_with_a_fix_is_listened_to() -> None:
    """A second receiver without a fix hid the first: "no fix" for good."""
    for mode in (0, 1):
        tpvs = [response(device="/dev/a"), {"device": "/dev/b", "mode": mode}]
        assert Receivers().newest(tpvs, 0).latitude_deg == 53.5
        assert Receivers().newest(tpvs[::-1], 0).latitude_deg == 53.5


def test_the_receiver_that_is_listened_to_is_kept_until_it_goes_mute() -> None:
    """Two that differ by metres must not take turns; a mute one's last fix is not held on to."""
    receivers = Receivers()
    a, b = response(device="a", lat=50.0), response(device="b", lat=51.0, mode=2)
    assert receivers.newest([b, a], 0).latitude_deg == 50.0
    for second in range(1, 9):
        time = f"2026-11-21T06:00:0{second}.500Z"
        given = receivers.newest([a, {**b, "mode": 3, "time": time}], second * NS_PER_S)
        assert given.latitude_deg == (50.0 if second <= 3 else 51.0)


def test_a_receiver_with_a_right_date_goes_before_one_without() -> None:
    """The time of day comes from whoever has one."""
    wrong = response(device="a", time="2007-04-07T06:00:00.500Z")
    assert not Receivers().newest([wrong, response(device="b")], 0).date_doubt


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        name: ANYTHING | st.sampled_from([3, 2, 53.5, TIME, "9999-12-31T23:59:59.999999-23:59"])
        for name in ("mode", "time", "lat", "lon", "speed", "track", "epx", "epy", "device")
    },
)


@given(st.lists(NEARLY | ANYTHING, max_size=3))
def test_any_reports_give_a_position_that_can_be_or_a_reason(tpvs: list[Any]) -> None:
    """Whatever gpsd sends, no other exception comes, and no value that cannot be."""
    try:
        report = Receivers().newest(tpvs, 0)
    except NoReport:
        return
    assert abs(report.latitude_deg) <= 90
    assert report.speed_mps is None or 0 <= report.speed_mps <= 150


class Gpsd:
    """Answers each poll with what the test says; one connection."""

    def __init__(self, poll: bytes) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._poll = poll
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b'{"class":"VERSION"}\n')
            lines.readline()
            connection.sendall(b'{"class":"DEVICES"}\n{"class":"WATCH"}\n')
            for _ in lines:
                connection.sendall(self._poll + b"\n")

    def close(self) -> None:
        self._thread.join(10.0)
        self._server.close()


def _polled(answer: bytes) -> Report:
    server = Gpsd(answer)
    session = GpsdSession("127.0.0.1", server.port, 5.0, SystemClock())
    try:
        return session.poll()
    finally:
        session.close()
        server.close()


def test_a_poll_of_two_receivers_gives_the_one_with_a_fix() -> None:
    """Through the library, which knows only the last one and needs a sky that may be missing."""
    skies: tuple[Any, ...] = ([], [{"satellites": [{}]}], None)
    for sky in skies:
        poll = {"class": "POLL", "active": 2, "tpv": [response(), {"mode": 1}], "sky": sky}
        assert _polled(json.dumps(poll).encode()).latitude_deg == 53.5


@given(
    st.binary(max_size=60).map(lambda data: data.replace(b"\n", b""))
    | ANYTHING.map(lambda data: json.dumps({"class": "POLL", "tpv": data}).encode())
)
@settings(max_examples=40, deadline=None)
def test_any_answer_to_a_poll_is_a_report_or_one_of_two_errors(answer: bytes) -> None:
    """What gpsd-py3 or the JSON reader raises about it never comes out."""
    with contextlib.suppress(NoReport, GpsdLost):
        _polled(answer)


def test_a_rolled_over_receiver_gives_the_place_and_not_the_time() -> None:
    """The clock keeps its own time, and health blames the receiver."""
    clock = SystemClock()
    before = clock.stamp(clock.mono_ns())
    tpv = response(time="2046-07-07T06:00:00.500Z")
    server = Gpsd(json.dumps({"class": "POLL", "tpv": [tpv], "sky": [{}]}).encode())
    positions = GpsdPositions(clock, GpsdSettings(port=server.port, poll_s=0.02, settle_s=0.05))
    stop, pause = threading.Event(), threading.Event()
    positions.start(stop)
    try:
        for _ in range(500):
            if positions.latest() is not None:
                break
            pause.wait(0.02)
        health = positions.health()
        fix = positions.latest()
    finally:
        stop.set()
        positions.close()
        server.close()
    assert (health.level, fix is not None) == (Level.WARNING, True)
    assert "2046-07-07, which cannot be" in health.detail
    assert clock.stamp(clock.mono_ns()).quality is before.quality is not ClockQuality.GPS
    assert fix is not None
    assert abs(fix.utc_ns - before.utc_ns) < 60 * NS_PER_S


def test_a_report_is_given_once_in_its_last_form() -> None:
    """A report seen in its middle (2D) is held until it has settled (3D); a repeat adds nothing."""
    epochs = Epochs(settle_s=0.2)
    half, whole = report_of(response(mode=2)), report_of(response())
    assert epochs.take(half, 0) is None
    assert epochs.take(whole, 100_000_000) is None
    assert epochs.take(whole, 250_000_000) == (whole, 0)
    assert epochs.take(whole, 900_000_000) is None


def test_a_report_that_had_no_time_to_settle_is_given_when_the_next_comes() -> None:
    """A fast receiver loses no report."""
    epochs = Epochs(settle_s=0.2)
    first = report_of(response())
    second = report_of(response(time="2026-11-21T06:00:00.600Z"))
    assert epochs.take(first, 0) is None
    assert epochs.take(second, 100_000_000) == (first, 0)
