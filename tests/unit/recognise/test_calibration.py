"""Confidence is fitted to what was right, and files beside the models are checked."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.unit.recognise import calibration, operating_points
from outrider.unit.recognise.calibration import Calibration, CalibrationError
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.operating_points import OperatingPoints


def test_a_fit_finds_an_overconfident_reader_out() -> None:
    """Marks whose true rate is another than claimed come out within a few points of it."""
    rng = np.random.default_rng(1)
    claimed = rng.uniform(0.05, 0.999, 4000)
    logits = np.array([calibration.log_odds(p) for p in claimed])
    right = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * logits - 0.4)))
    offset, slope, per_frames = calibration.fit(claimed, np.ones(4000), right)
    fitted = Calibration(offset=offset, slope=slope, per_log_frames=per_frames)
    sure = [fitted(p, 1) for p in claimed]
    table = calibration.reliability(sure, right)
    assert calibration.expected_error(table) < 0.03
    assert calibration.expected_error(calibration.reliability(claimed, right)) > 0.05


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 100))
def test_surer_votes_never_make_a_mark_less_sure(first: float, second: float, frames: int) -> None:
    """Confidence rises with probability and stays below certainty."""
    curve = Calibration(offset=-0.3, slope=0.7, per_log_frames=0.2)
    low, high = sorted((first, second))
    assert 0.0 < curve(low, frames) <= curve(high, frames) < 1.0


def test_too_little_data_is_refused() -> None:
    """Ten marks, or none wrong, fit nothing: the message says what is needed."""
    with pytest.raises(CalibrationError, match="at least 20"):
        calibration.fit([0.5] * 10, [1] * 10, [True] * 10)
    with pytest.raises(CalibrationError, match="30 right"):
        calibration.fit([0.5] * 30, [1] * 30, [True] * 30)


def test_a_calibration_of_another_reader_is_not_used(tmp_path: Path) -> None:
    """After a change of the reader its old calibration does not apply, and that shows."""
    calibration.save(Calibration(reader_sha256="a" * 64, slope=0.5), tmp_path)
    assert calibration.load(tmp_path, "a" * 64).slope == 0.5
    assert not calibration.load(tmp_path, "b" * 64).is_fitted


def test_damaged_files_name_themselves(tmp_path: Path) -> None:
    """A file that is cut off is an error with its path, never silently the default."""
    (tmp_path / calibration.CALIBRATION_NAME).write_text('{"schema": 1, "slo')
    (tmp_path / operating_points.OPERATING_POINTS_NAME).write_text('{"alarm": 0.3}')
    with pytest.raises(CalibrationError, match=r"calibration\.json"):
        calibration.load(tmp_path, "")
    with pytest.raises(ModelError, match=r"kept <= possible <= alarm"):
        operating_points.load(tmp_path)


def test_operating_points_come_back_as_written(tmp_path: Path) -> None:
    """What was chosen is what is loaded; without a file the points are cautious."""
    chosen = OperatingPoints(alarm=0.93, possible=0.4, kept=0.1, chosen_by="a curve")
    operating_points.save(chosen, tmp_path)
    assert operating_points.load(tmp_path) == chosen
    assert operating_points.load(tmp_path / "none").alarm == 0.9
