"""Confidence is fitted to what was right, and files beside the models are checked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.unit.recognise import calibration, operating_points
from outrider.unit.recognise.calibration import Calibration, CalibrationError
from outrider.unit.recognise.grounds import NO_GROUNDS, Claim, Grounds
from outrider.unit.recognise.network import ModelError
from outrider.unit.recognise.operating_points import OperatingPoints
from outrider.vrm import family
from tests.unit.recognise.making import TODAY


def _claim(
    probability: float, mark: str = "AB12CDE", grounds: Grounds = NO_GROUNDS, frames: int = 1
) -> Claim:
    return Claim(probability, frames, mark, family(mark, TODAY), grounds)


def test_a_fit_finds_an_overconfident_reader_out() -> None:
    """Marks whose true rate is another than claimed come out within a few points of it."""
    rng = np.random.default_rng(1)
    claimed = rng.uniform(0.05, 0.999, 4000)
    logits = np.array([calibration.log_odds(p) for p in claimed])
    right = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * logits - 0.4)))
    claims = [_claim(p) for p in claimed]
    fitted = Calibration(weights=calibration.fit(claims, right))
    table = calibration.reliability([fitted(one) for one in claims], right)
    assert calibration.expected_error(table) < 0.03
    assert calibration.expected_error(calibration.reliability(claimed, right)) > 0.05


def test_a_fit_learns_from_the_picture_too() -> None:
    """Of equal votes, those on small plates are believed less where small plates are misread."""
    rng = np.random.default_rng(2)
    heights = rng.choice([10.0, 40.0], 2000)
    right = rng.random(2000) < np.where(heights > 20, 0.98, 0.6)
    claims = [_claim(0.95, grounds=replace(NO_GROUNDS, height_px=h)) for h in heights]
    fitted = Calibration(weights=calibration.fit(claims, right))
    small = fitted(_claim(0.95, grounds=replace(NO_GROUNDS, height_px=10.0)))
    large = fitted(_claim(0.95, grounds=replace(NO_GROUNDS, height_px=40.0)))
    assert small == pytest.approx(0.6, abs=0.05)
    assert large == pytest.approx(0.98, abs=0.03)


def test_many_easy_drawn_plates_do_not_flatter_the_real_ones() -> None:
    """Each source has its own offset, and the first one's, the real one's, is what is kept."""
    rng = np.random.default_rng(3)
    right = np.concatenate([rng.random(300) < 0.7, rng.random(3000) < 0.99])
    sources = ["real"] * 300 + ["drawn"] * 3000
    fitted = Calibration(weights=calibration.fit([_claim(0.9)] * 3300, right, sources))
    assert fitted(_claim(0.9)) == pytest.approx(0.7, abs=0.08)


def test_lettering_without_a_digit_has_a_curve_of_its_own() -> None:
    """A shop front read at 0.999 is not believed as a mark with digits is."""
    curve = Calibration()
    assert curve(_claim(0.999, "FORSALE")) < 0.7 < curve(_claim(0.999))
    assert curve(_claim(0.999)) > 0.9


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 100))
def test_surer_votes_never_make_a_mark_less_sure(first: float, second: float, frames: int) -> None:
    """Confidence rises with probability and stays below certainty."""
    curve = Calibration(weights={"offset": -0.3, "log_odds": 0.7, "log_frames": 0.2})
    low, high = sorted((first, second))
    assert 0.0 < curve(_claim(low, frames=frames)) <= curve(_claim(high, frames=frames)) < 1.0


def test_too_little_data_is_refused() -> None:
    """Ten marks, or none wrong, fit nothing: the message says what is needed."""
    with pytest.raises(CalibrationError, match="at least 20"):
        calibration.fit([_claim(0.5)] * 10, [True] * 10)
    with pytest.raises(CalibrationError, match="30 right"):
        calibration.fit([_claim(0.5)] * 30, [True] * 30)


def test_a_calibration_of_another_reader_is_not_used(tmp_path: Path) -> None:
    """After a change of the reader its old calibration does not apply, and that shows."""
    calibration.save(Calibration(reader_sha256="a" * 64, weights={"log_odds": 0.5}), tmp_path)
    assert calibration.load(tmp_path, "a" * 64).weights["log_odds"] == 0.5
    assert not calibration.load(tmp_path, "b" * 64).is_fitted


def test_damaged_files_name_themselves(tmp_path: Path) -> None:
    """A file that is cut off is an error with its path, never silently the default."""
    (tmp_path / calibration.CALIBRATION_NAME).write_text('{"schema": 1, "slo')
    (tmp_path / operating_points.OPERATING_POINTS_NAME).write_text(
        '{"alarm": 0.9, "possible": 0.95}'
    )
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
