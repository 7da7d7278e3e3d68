import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from outrider.records import Image
from outrider.unit.recognise.patch_contrast import LEAST_SPAN, stretch_contrast


def _text(low: int, high: int) -> Image:
    """Half of the pixels dark, half bright, in stripes."""
    patch = np.full((64, 128), low, np.uint8)
    patch[:, ::2] = high
    return patch


@given(st.integers(0, 200), st.integers(LEAST_SPAN, 55))
def test_a_dark_plate_looks_like_a_bright_one(low: int, span: int) -> None:
    """Whatever two grey levels a patch holds, the reader sees black and white."""
    stretched = stretch_contrast(_text(low, low + span))
    assert stretched.min() == 0
    assert stretched.max() == 255


@given(st.integers(0, 254))
def test_noise_is_not_blown_up_to_text(level: int) -> None:
    """A patch of one grey level, a step apart at most, keeps a small contrast."""
    assert int(np.ptp(stretch_contrast(_text(level, level + 1)))) <= 255 // LEAST_SPAN + 1


@given(st.binary(min_size=64, max_size=64))
def test_order_of_grey_levels_is_kept(levels: bytes) -> None:
    """Stretching never turns a darker pixel into a brighter one, and keeps shape and type."""
    patch = np.frombuffer(levels, np.uint8).reshape(8, 8)
    stretched = stretch_contrast(patch)
    assert stretched.shape == patch.shape
    assert stretched.dtype == np.uint8
    order = np.argsort(patch, axis=None, kind="stable")
    assert (np.diff(stretched.reshape(-1)[order].astype(int)) >= 0).all()
