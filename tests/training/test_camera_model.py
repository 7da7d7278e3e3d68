import numpy as np
import pytest
from camera_model import Severity, background, photograph, scene

from outrider.plates.draw import draw_plate
from outrider.plates.spec import one_line
from outrider.plates.style import random_spec

GENTLE = Severity((60.0, 60.0), 0.0, 0.0, 0.0, 0.0)


def _patch(seed: int, severity: Severity) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spec = random_spec(rng)
    return photograph(scene(draw_plate(spec, 0.6).rgb, rng), rng, severity)


@pytest.mark.parametrize("height_px", [8.0, 20.0, 80.0])
def test_patches_are_whole_and_use_the_grey_range(height_px: float) -> None:
    """Any plate from 8 to 80 px gives a 64 x 128 uint8 patch, stretched in contrast."""
    for seed in range(12):
        patch = _patch(seed, Severity(plate_height_px=(height_px, height_px)))
        assert patch.shape == (64, 128)
        assert patch.dtype == np.uint8
        assert int(np.ptp(patch)) > 60


def test_the_seed_alone_decides() -> None:
    """The same seed gives the same patch, another seed another."""
    assert np.array_equal(_patch(3, Severity()), _patch(3, Severity()))
    assert not np.array_equal(_patch(3, Severity()), _patch(4, Severity()))


def test_a_plate_fills_the_patch_but_for_the_margin() -> None:
    """With exact corners the plate's ground lies where the run-time's geometry puts it."""
    bright = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        rgb = draw_plate(one_line("AB12 CDE"), 0.6).rgb
        patch = photograph(scene(rgb, rng), rng, GENTLE)
        bright += int(patch[9, 14:114].mean() > patch[0, 14:114].mean() + 10)
    assert bright >= 5


def test_blur_and_noise_follow_their_severity() -> None:
    """A blurred picture has weaker edges than a sharp one of the same plate."""
    sharp = np.mean([_edges(_patch(s, GENTLE)) for s in range(20)])
    soft = Severity((60.0, 60.0), 0.0, 0.0, 3.0, 0.0)
    assert np.mean([_edges(_patch(s, soft)) for s in range(20)]) < 0.7 * sharp


def _edges(patch: np.ndarray) -> float:
    return float(np.abs(np.diff(patch.astype(np.int16), axis=1)).mean())


def test_a_background_is_no_flat_picture() -> None:
    """What stands for "no plate" varies from one to the next."""
    rng = np.random.default_rng(1)
    patches = [photograph(background(rng), rng) for _ in range(6)]
    assert len({p.tobytes() for p in patches}) == 6
