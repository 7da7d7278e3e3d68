"""What is made of gpsd-py3's responses: half reports and impossible dates give nothing."""

from typing import Any

import pytest
from gpsd import GpsResponse

from outrider.records import FixQuality
from outrider.unit.devices.gnss_gpsd import Epochs
from outrider.unit.devices.gpsd_session import NoReport, Report, report_of

TIME = "2026-11-21T06:00:00.500Z"


def response(**changed: Any) -> GpsResponse:
    tpv = {"mode": 3, "time": TIME, "lat": 53.5, "lon": -2.2, "speed": 9.0, "track": 45.0}
    tpv.update(changed)
    kept = {name: value for name, value in tpv.items() if value is not None}
    return GpsResponse.from_json({"active": 1, "tpv": [kept], "sky": [{}]})


def test_a_whole_response_becomes_a_report() -> None:
    """Place, motion, time to the millisecond, and no error where gpsd gave none."""
    report = report_of(response())
    assert report == Report(
        1_795_240_800_500_000_000, 53.5, -2.2, 9.0, 45.0, FixQuality.FIX_3D, None
    )
    assert report_of(response(epx=3.0, epy=4.5)).error_m == 4.5


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"lat": None, "lon": None}, "middle of a report"),
        ({"time": None}, "middle of a report"),
        ({"mode": 1}, "no fix"),
        ({"mode": 0}, "no fix"),
        ({"time": "2007-04-07T06:00:00.000Z"}, "2007-04-07, which cannot be"),
    ],
)
def test_what_is_no_position_is_none(changed: dict[str, Any], why: str) -> None:
    """gpsd-py3's 0.0 for a missing place is never taken for the Gulf of Guinea."""
    with pytest.raises(NoReport, match=why):
        report_of(response(**changed))


def test_a_standing_car_has_no_heading() -> None:
    """Course over ground at walking pace and below is noise."""
    assert report_of(response(speed=0.2)).heading_deg is None


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
