"""What the detector and the straightener are shown: geometry of views, targets and losses."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="no torch: see models/training/README.md")

import detector_composite as composite  # noqa: E402 (after the check for torch)
import detector_data as data  # noqa: E402
import detector_rears as rears  # noqa: E402
import straightener_data as straight  # noqa: E402
from detector_net import Raw  # noqa: E402
from detector_targets import Maps, Target, corner_losses, target_maps  # noqa: E402

BOX = np.array([100, 60, 80, 20], np.float32)


def _scene() -> data.Scene:
    picture = np.full((240, 320), 90, np.uint8)
    picture[60:80, 100:180] = 230
    return data.Scene(picture, BOX[None])


@pytest.mark.parametrize("seed", range(12))
def test_the_boxed_plate_stays_in_its_box(seed: int) -> None:
    """Scaled, shifted, mirrored or shrunk: the moved corners still frame the bright bar."""
    rng = np.random.default_rng(seed)
    scene, size = _scene(), (160, 224)
    matrix = data.random_view(scene, size, rng)
    view = data.cut_view(scene.picture, matrix, size).astype(float)
    corners = data.moved(data.box_corners(BOX), matrix)
    left, top = np.clip(corners.min(axis=0), 0, (224, 160))
    right, bottom = np.clip(corners.max(axis=0), 0, (224, 160))
    assert corners[0, 0] < corners[1, 0], "a mirrored view swaps left and right corners"
    bright = np.clip((view - 90) / 140, 0, 1).sum()
    assert bright == pytest.approx((right - left) * (bottom - top), rel=0.06, abs=6)


def _raw_of(maps: Maps) -> Raw:
    """The net's answer if it were the target itself."""
    log_size = torch.zeros_like(maps.heat)[None, None]
    return Raw(torch.zeros_like(log_size), maps.corners[None].clone(), log_size)


def _batched(maps: Maps) -> Maps:
    return Maps(*(part[None] for part in maps))


def test_true_corners_cost_nothing_and_shifted_ones_do() -> None:
    """The corner loss is zero for the truth and grows with the shift relative to the plate."""
    maps = target_maps([Target(data.box_corners(BOX), exact=True)], 160, 224)
    raw = _raw_of(maps)
    assert corner_losses(raw, _batched(maps))[0] == pytest.approx(0, abs=1e-6)
    off = raw._replace(unit_corners=raw.unit_corners + 0.25)
    assert corner_losses(off, _batched(maps))[0] > 0.05


def test_a_boxed_plate_may_be_tilted_inside_its_box() -> None:
    """Of a box only the extent teaches: a tilted answer with that extent costs almost nothing."""
    maps = target_maps([Target(data.box_corners(BOX), exact=False)], 160, 224)
    raw = _raw_of(maps)
    tilted = raw.unit_corners.clone()
    tilted[:, 3] += 1.0
    tilted[:, 7] -= 1.0
    loss = corner_losses(raw._replace(unit_corners=tilted), _batched(maps))[0]
    assert loss < 0.02
    exact = maps._replace(exact=torch.ones_like(maps.exact))
    assert corner_losses(raw._replace(unit_corners=tilted), _batched(exact))[0] > 0.08


def test_an_ignored_plate_is_neither_wanted_nor_punished() -> None:
    """Too small a plate gives no peak and takes its surroundings out of the loss."""
    maps = target_maps([Target(data.box_corners(BOX), exact=False, ignored=True)], 160, 224)
    assert maps.heat.max() == 0
    assert maps.weight[8, 17] == 0
    assert maps.weight[0, 0] == 1


def test_composites_are_the_same_for_the_same_seed_and_bear_exact_corners() -> None:
    """A drawn plate is pasted where its corners say: painting them over changes the picture."""
    bank = composite.plate_bank(4, seed=5)
    source = [data.Source("one", [_scene()], 1.0)]
    rng = (np.random.default_rng(8), np.random.default_rng(8))
    one, two = (composite.composite_sample(source, bank, (160, 224), each) for each in rng)
    assert [t.corners.tolist() for t in one[1]] == [t.corners.tolist() for t in two[1]]
    assert any(target.exact for target in one[1])


def test_straightener_patches_show_the_plate_at_the_corners_given() -> None:
    """In the patch, the bright bar fills the corners that the net is asked for."""
    scene = _scene()
    target = Target(data.box_corners(BOX), exact=True)
    for patch, corners, _ in straight.looks(scene.picture, target, np.random.default_rng(2)):
        points = corners * (128, 64)
        inside = points.mean(axis=0).astype(int)
        assert patch[inside[1], inside[0]] > 200
        x, y = points[:, 0], points[:, 1]
        area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
        assert (patch > 160).sum() == pytest.approx(area, rel=0.08)


@pytest.mark.parametrize("seed", range(12))
def test_a_large_vehicle_surrounds_its_plate(seed: int) -> None:
    """The plate lies on the body or just under it, and the body is many times its size."""
    rng = np.random.default_rng(seed)
    picture = np.full((320, 448), 90, np.uint8)
    corners = data.box_corners(np.array([200, 150, 28, 20], np.float32))
    outline = rears.paint_rear(picture, corners, (285.0, 203.0), rng)
    body = outline.max(axis=0) - outline.min(axis=0)
    assert body[0] > 4 * 28
    assert body[1] > 4 * 20
    assert abs(corners.mean(axis=0) - outline.mean(axis=0))[0] < body[0] / 2
    assert (picture != 90).mean() > 0.1


def test_what_a_large_vehicle_hides_is_not_to_be_found() -> None:
    """A plate under the body is dropped, one that it touches ignored, one beside it kept."""
    outline = data.box_corners(np.array([100, 50, 100, 100], np.float32))
    hidden, touched, free = (
        data.box_corners(np.array([x, 90, 30, 10], np.float32)) for x in (140, 80, 20)
    )
    assert rears.covered(outline, hidden) == (True, True)
    assert rears.covered(outline, touched) == (True, False)
    assert rears.covered(outline, free) == (False, False)
