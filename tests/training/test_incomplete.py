"""What the reader is taught of cut and hidden plates, lettering and a recorder's codec."""

import numpy as np
import pytest

pytest.importorskip("PIL", reason="no Pillow: see models/training/README.md")
pytest.importorskip("torch", reason="no torch: see models/training/README.md")

from camera_model import Severity, scene, shoot
from font_faces import fonts
from incomplete import cut_off, hide, left_of_mark, mark_of
from lettering import lettering
from reader_text import NOT_TAUGHT, decode
from video_chain import through_video

from outrider.plates.draw import draw_plate
from outrider.plates.spec import one_line

PLATE = draw_plate(one_line("AB12 CDE"), 0.6)
MARK = mark_of(PLATE, 1)


def test_what_is_left_of_a_mark_is_taught_as_its_text_and_as_not_whole() -> None:
    """Without its first half the plate says "CDE", which is not all of it."""
    middle = float(MARK.spans[4, 0] - 0.01)
    answer = left_of_mark(MARK, middle, 1.0)
    assert (decode(answer.codes), answer.plate, answer.whole) == ("CDE", 1.0, 0.0)
    whole = left_of_mark(MARK, 0.0, 1.0)
    assert (decode(whole.codes), whole.whole) == ("AB12CDE", 1.0)


def test_half_a_character_teaches_no_text() -> None:
    """Where it is open what is to be read, no text is taught, only that it is not all."""
    first = MARK.spans[0]
    answer = left_of_mark(MARK, float(first.mean()), 1.0)
    assert set(answer.codes) == {NOT_TAUGHT}
    assert answer.whole == 0.0


@pytest.mark.parametrize("seed", range(30))
def test_cut_and_hidden_plates_still_give_patches(seed: int) -> None:
    """Any cut or cover leaves a picture with corners that span an area, and an answer."""
    rng = np.random.default_rng(seed)
    view = scene(PLATE.rgb, rng)
    shot, answer = cut_off(shoot(view, rng, Severity((12.0, 60.0))), MARK, rng)
    assert shot.seen.dtype == np.uint8
    assert min(shot.seen.shape) >= 2
    assert np.ptp(shot.quad, axis=0).min() > 1
    assert answer.plate == 1.0
    covered, hidden = hide(view, MARK, rng)
    assert covered.grey.shape == view.grey.shape
    assert hidden.whole <= 1.0


def test_a_codec_keeps_size_and_place_and_costs_detail() -> None:
    """Pictures come back in their order, as large as before, and not quite as they were."""
    rng = np.random.default_rng(4)
    given = [shoot(scene(PLATE.rgb, rng), rng).seen for _ in range(6)]
    coded = through_video(given, rng)
    for before, after in zip(given, coded, strict=True):
        assert after.shape == before.shape
        assert np.corrcoef(before.reshape(-1), after.reshape(-1))[0, 1] > 0.5
    changed = [np.abs(a.astype(int) - b).mean() for a, b in zip(given, coded, strict=True)]
    assert max(changed) > 0.2


@pytest.mark.skipif(not fonts(), reason="no fonts: see models/training/README.md")
def test_lettering_varies_and_fills_its_corners() -> None:
    """Texts differ from one to the next and show edges where the corners frame them."""
    rng = np.random.default_rng(5)
    views = [lettering(rng) for _ in range(8)]
    assert len({view.grey.shape for view in views}) > 1
    spread = [float(view.grey.std()) for view in views]
    assert min(spread) > 2
