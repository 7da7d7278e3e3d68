"""One vehicle, one alert: the benchmark counts by the unit's own rule."""

from outrider.bench.alerts import Alerts
from outrider.unit.recognise.operating_points import OperatingPoints
from tests.unit.fakes import result

POINTS = OperatingPoints(alarm=0.9, possible=0.5)
HALF_S = 500_000_000


def test_a_possible_and_then_a_sure_alert_of_one_mark_are_two() -> None:
    """A pass that is sure after its patience alerts twice; one that is sure within it, once."""
    alerts = Alerts(POINTS, 1.0)
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    late = result("XY12CDE", pass_id=2, final=False, confidence=0.7)
    alerts.take([doubtful, late], 0, {1, 2})
    alerts.take([result("AB12CDE", final=False)], HALF_S, {1, 2})
    for number in (2, 3, 4):
        alerts.take([], number * HALF_S, {1, 2})
    alerts.take([result("XY12CDE", pass_id=2)], 5 * HALF_S, set())
    assert (alerts.passes, alerts.passes_twice) == (2, 1)
    assert (alerts.marks, alerts.marks_twice) == (2, 1)


def test_two_passes_of_one_vehicle_may_alert_twice() -> None:
    """Doubtful to its end, then met again and sure: one mark, two alerts, no pass with two."""
    alerts = Alerts(POINTS, 1.0)
    alerts.take([result("AB12CDE", confidence=0.7)], 0, set())
    alerts.take([result("AB12CDE", pass_id=2)], HALF_S, set())
    assert (alerts.passes_twice, alerts.marks_twice) == (0, 1)
