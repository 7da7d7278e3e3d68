"""Patches for the straightener: plates under corners that are off as the detector's are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from detector_composite import composite_sample
from detector_data import Grey, Rng, Source, real_sample
from detector_targets import Target, extent
from numpy.typing import NDArray
from torch import Tensor

from outrider.unit.recognise.patch_geometry import (
    PATCH_H_PX,
    PATCH_W_PX,
    cut_patch,
    homography,
)
from outrider.unit.recognise.straighten import through, widened

VIEW_PX = (192, 320)
LOOKS = 4
"""Patches cut of one plate, each under other coarse corners."""
REAL_SHARE = 0.2
MIN_REAL_HEIGHT_PX = 9.0
Corners = NDArray[np.float32]


class Patches(NamedTuple):
    """Patches [N, 64, 128] uint8; true corners [N, 8] in 0..1 of the patch; exact or a box's."""

    grey: Tensor
    corners: Tensor
    exact: Tensor


def coarse_corners(true: Corners, rng: Rng, level: bool) -> Corners:
    """Shift, stretch and bend true corners as the detector does; ``level``: keep boxes upright."""
    quad = true.astype(np.float64)
    middle = quad.mean(axis=0)
    along = (quad[1] + quad[2] - quad[0] - quad[3]) / 2
    down = (quad[3] + quad[2] - quad[0] - quad[1]) / 2
    size = np.array([np.linalg.norm(along), np.linalg.norm(down)])
    spread = float(np.exp(rng.uniform(np.log(0.25), np.log(1.6))))
    if not level and rng.random() < 0.25:
        left, top, right, bottom = extent(true)
        quad = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    quad = middle + (quad - middle) * np.exp(rng.normal(0, 0.08 * spread, 2))
    shift = rng.normal(0, 0.05, 2) * (size[0], 2.2 * size[1]) * spread
    if not level:
        quad = quad + rng.normal(0, 0.035 * spread, (4, 2)) * (size[0], 2.2 * size[1])
        angle = rng.normal(0, 0.06 * spread)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        quad = middle + (quad - middle) @ turn.T
    return np.asarray(quad + shift, np.float32)


def looks(picture: Grey, target: Target, rng: Rng) -> list[tuple[Grey, Corners, bool]]:
    """Cut patches of one plate; looks whose coarse corners span no area are left out."""
    out = []
    for _ in range(LOOKS):
        wide = widened(coarse_corners(target.corners, rng, level=not target.exact))
        try:
            patch, matrix = cut_patch(picture, wide), homography(wide)
        except ValueError:
            continue
        true = through(matrix, target.corners.astype(np.float64)) / (PATCH_W_PX, PATCH_H_PX)
        if np.all(np.abs(true - 0.5) < 0.75):
            out.append((patch, np.asarray(true, np.float32), target.exact))
    return out


def whole(target: Target) -> bool:
    """Say whether the plate lies inside the view and is worth learning from."""
    left, top, right, bottom = extent(target.corners)
    inside = left >= 0 and top >= 0 and right <= VIEW_PX[1] and bottom <= VIEW_PX[0]
    return inside and not target.ignored and (target.exact or bottom - top >= MIN_REAL_HEIGHT_PX)


def make_patches(sources: Sequence[Source], bank: Sequence[Grey], count: int, rng: Rng) -> Patches:
    """Make a batch of ``count`` patches, most of drawn plates, the rest of boxed real ones."""
    cut: list[tuple[Grey, Corners, bool]] = []
    while len(cut) < count:
        if rng.random() < REAL_SHARE:
            picture, targets = real_sample(sources, VIEW_PX, rng)
        else:
            picture, targets = composite_sample(sources, bank, VIEW_PX, rng)
        for target in targets:
            if whole(target):
                cut += looks(picture, target, rng)
    cut = cut[:count]
    return Patches(
        torch.from_numpy(np.stack([patch for patch, _, _ in cut])),
        torch.from_numpy(np.stack([corners.reshape(8) for _, corners, _ in cut])),
        torch.tensor([float(exact) for _, _, exact in cut]),
    )
