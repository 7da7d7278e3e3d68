"""What the detector should answer for a picture, and what its answer costs.

A plate with exactly known corners (drawn) teaches all four. A plate boxed by a person teaches only
the extent of its corners: an upright box says nothing about tilt, and taking the box's corners for
the plate's would teach every plate to be level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from detector_net import STRIDE_PX, Raw
from numpy.typing import NDArray
from torch import Tensor

MIN_HEIGHT_PX = 7.0
CORNER_CELL_HEAT = 0.3
DOUBT_HEAT = 0.25
DOUBT_HEIGHT_PX = 16.0
DOUBT_WEIGHT = 0.25
LEVEL_WEIGHT = 0.05


@dataclass(frozen=True, slots=True)
class Target:
    """One plate in a picture: corners TL, TR, BR, BL, [4, 2] float in px, and what they are worth.

    ``exact`` says that the corners are the plate's own, not those of a box around it. ``ignored``
    plates are neither to be found nor to be punished.
    """

    corners: NDArray[np.float32]
    exact: bool
    ignored: bool = False


class Maps(NamedTuple):
    """Targets of a picture or a batch at stride 8 (first axis of a batch: the picture).

    heat [H, W]; weight [H, W] of the heat's loss; corners [8, H, W] relative to the cell centre in
    units of stride; corner_weight [H, W]; exact [H, W].
    """

    heat: Tensor
    weight: Tensor
    corners: Tensor
    corner_weight: Tensor
    exact: Tensor


def extent(corners: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of [4, 2] corners."""
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def target_maps(targets: list[Target], height_px: int, width_px: int) -> Maps:
    """Draw the targets of one picture on the stride-8 grid."""
    rows, columns = height_px // STRIDE_PX, width_px // STRIDE_PX
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    centres = np.stack((x + 0.5, y + 0.5))
    heat = np.zeros((rows, columns), np.float32)
    weight = np.ones_like(heat)
    corner_weight = np.zeros_like(heat)
    exact = np.zeros_like(heat)
    corners = np.zeros((8, rows, columns), np.float32)
    for target in sorted(targets, key=lambda t: -np.ptp(t.corners[:, 0])):
        if target.ignored:
            _blank(weight, centres, target)
            continue
        peak = _peak(target, centres)
        heat = np.maximum(heat, peak)
        own = (peak > CORNER_CELL_HEAT) & (peak >= heat)
        offsets = target.corners.reshape(8, 1, 1) / STRIDE_PX - np.tile(centres, (4, 1, 1))
        corners[:, own] = offsets[:, own]
        corner_weight[own] = peak[own]
        exact[own] = float(target.exact)
    arrays = (heat, np.where(heat > CORNER_CELL_HEAT, 1.0, weight), corners, corner_weight, exact)
    return Maps(*(torch.from_numpy(a.astype(np.float32)) for a in arrays))


def _peak(target: Target, centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gaussian around the cell of the plate's centre, wider along the plate, 1 in that cell."""
    left, top, right, bottom = extent(target.corners)
    sigma_x = float(np.clip((right - left) / STRIDE_PX * 0.12, 0.5, 2.5))
    sigma_y = float(np.clip((bottom - top) / STRIDE_PX * 0.2, 0.5, 1.5))
    middle = target.corners.mean(axis=0) / STRIDE_PX
    cell_x, cell_y = np.floor(middle) + 0.5
    dx, dy = (centres[0] - cell_x) / sigma_x, (centres[1] - cell_y) / sigma_y
    peak: NDArray[np.float32] = np.exp(-0.5 * (dx * dx + dy * dy))
    return peak


def _blank(weight: NDArray[np.float32], centres: NDArray[np.float32], target: Target) -> None:
    """Take an ignored plate's surroundings out of the loss."""
    left, top, right, bottom = (v / STRIDE_PX for v in extent(target.corners))
    pad_x, pad_y = 0.25 * (right - left) + 1, 0.25 * (bottom - top) + 1
    inside_x = (centres[0] > left - pad_x) & (centres[0] < right + pad_x)
    inside_y = (centres[1] > top - pad_y) & (centres[1] < bottom + pad_y)
    weight[inside_x & inside_y] = 0.0


def losses(raw: Raw, maps: Maps) -> dict[str, Tensor]:
    """Return ``heat``, ``corner``, ``size`` and their weighted sum ``total`` for a batch."""
    heat = heat_loss(raw, maps)
    corner, size = corner_losses(raw, maps)
    return {"total": heat + 4.0 * corner + 0.2 * size, "heat": heat, "corner": corner, "size": size}


def heat_loss(raw: Raw, maps: Maps) -> Tensor:
    """Penalty-reduced focal loss (Law and Deng, CornerNet, 2018), per plate.

    Not every far plate in the pictures is boxed: a confident small answer away from every box is
    as likely an unboxed plate as a mistake, so it costs less.
    """
    logit = raw.heat_logit[:, 0].float()
    score = torch.sigmoid(logit)
    positive = (maps.heat > 0.999).float()
    log_score = torch.nn.functional.logsigmoid(logit)
    log_rest = torch.nn.functional.logsigmoid(-logit)
    with torch.no_grad():
        corners = raw.unit_corners.float() * torch.exp(raw.log_size.float())
        height_px = (corners[:, 7] + corners[:, 5] - corners[:, 1] - corners[:, 3]) / 2 * STRIDE_PX
        doubtful = (score > DOUBT_HEAT) & (height_px < DOUBT_HEIGHT_PX) & (maps.heat < 0.1)
        weight = torch.where(doubtful, maps.weight * DOUBT_WEIGHT, maps.weight)
    found = -positive * (1 - score) ** 2 * log_score
    empty = -(1 - positive) * (1 - maps.heat) ** 4 * score**2 * log_rest
    return (weight * (found + empty)).sum() / positive.sum().clamp(min=1.0)


def corner_losses(raw: Raw, maps: Maps) -> tuple[Tensor, Tensor]:
    """Corner error relative to the plate's size, and the error of the log size itself."""
    chosen = maps.corner_weight > 0
    weight = maps.corner_weight[chosen]
    exact = maps.exact[chosen]
    log_size = raw.log_size[:, 0].float()[chosen]
    unit = raw.unit_corners.float().movedim(1, -1)[chosen]
    wanted = maps.corners.movedim(1, -1)[chosen].view(-1, 4, 2)
    given = (unit * torch.exp(log_size)[:, None]).view(-1, 4, 2)
    spread = wanted.amax(1) - wanted.amin(1)
    scale = torch.stack((spread[:, 0] / 3, spread[:, 1]), -1).clamp(min=0.75)
    by_corner = ((given - wanted).abs() / scale[:, None]).mean((1, 2))
    by_extent = (box_sides(given) - box_sides(wanted)).abs().view(-1, 2, 2)
    boxed = (by_extent / scale[:, None]).mean((1, 2)) + LEVEL_WEIGHT * by_corner
    error = torch.where(exact > 0.5, by_corner, boxed)
    total = weight.sum().clamp(min=1.0)
    size_error = (log_size - torch.log(spread[:, 0].clamp(min=0.25))).abs()
    return (weight * error).sum() / total, (weight * size_error).sum() / total


def box_sides(corners: Tensor) -> Tensor:
    """Left, top, right, bottom of [N, 4, 2] corners by the side that each corner belongs to."""
    left = torch.minimum(corners[:, 0, 0], corners[:, 3, 0])
    right = torch.maximum(corners[:, 1, 0], corners[:, 2, 0])
    top = torch.minimum(corners[:, 0, 1], corners[:, 1, 1])
    bottom = torch.maximum(corners[:, 2, 1], corners[:, 3, 1])
    return torch.stack((left, top, right, bottom), -1)
