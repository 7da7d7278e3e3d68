"""Real plates for the reader: cut from labelled pictures with the looseness that they will have.

Reads `labels.csv` beside the pictures and keeps only what `splits/` names for the part asked for.
Nothing of a picture is written anywhere.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from reader_nothing import NothingPlaces
from reader_text import SLOTS, Answer, Patches, encode, nothing, unread

from outrider.unit.recognise.patch_contrast import stretch_contrast
from outrider.unit.recognise.patch_geometry import cut_patch

SPLITS: Final = Path(__file__).parent / "splits"
FOLDER_SHARE: Final = {"gb": 0.26, "gb2": 0.16, "detect": 0.42, "drive": 0.16}
TEXT_STATUS: Final = frozenset({"verified", "pseudo"})
BESIDE_SHARE: Final = 0.04
PART_SHARE: Final = 0.08
"""Of plates of which a part is cut off."""
NOTHING_SHARE: Final = 0.12
CONTEXT_X: Final = 0.3
CONTEXT_Y: Final = 1.5
"""Kept around a box, parts of its sides: room for the jitter and for the strip beside it."""

Rng = np.random.Generator
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class RealPlate:
    """A colour cut-out around a plate (BGR uint8), the box x, y, w, h in it, px, and its mark."""

    picture: npt.NDArray[np.uint8]
    box: Box
    mark: str
    file: str


def read_part(root: Path, folder: str, part: str) -> list[RealPlate]:
    """Plates with a text of `folder` that the split assigns to `part` (train or heldout).

    Raises FileNotFoundError if the labels or the split are absent, ValueError for a picture that
    cannot be read.
    """
    with (SPLITS / f"{folder}_{part}.csv").open(newline="", encoding="utf-8") as lines:
        chosen = {(row["file"], row["mark"]) for row in csv.DictReader(lines) if row["mark"]}
    with (root / folder / "labels.csv").open(newline="", encoding="utf-8") as lines:
        rows = [
            row
            for row in csv.DictReader(lines)
            if row["status"] in TEXT_STATUS and (row["file"], row["plate"]) in chosen
        ]
    return [_cut_out(root / folder, row) for row in rows if len(row["plate"]) <= SLOTS]


def _cut_out(folder: Path, row: dict[str, str]) -> RealPlate:
    picture = cv2.imread(str(folder / row["file"]))
    if picture is None:
        raise ValueError(f"{folder / row['file']}: not a picture that OpenCV reads")
    x, y, w, h = (float(row[k]) for k in ("x", "y", "w", "h"))
    height, width = picture.shape[:2]
    x0, y0 = max(0, int(x - CONTEXT_X * w)), max(0, int(y - CONTEXT_Y * h))
    x1, y1 = min(width, int(x + w + CONTEXT_X * w)), min(height, int(y + h + CONTEXT_Y * h))
    part = np.ascontiguousarray(picture[y0:y1, x0:x1], np.uint8)
    return RealPlate(part, (x - x0, y - y0, w, h), row["plate"], row["file"])


def box_corners(box: Box) -> npt.NDArray[np.float32]:
    """Corners TL, TR, BR, BL of an upright box, px."""
    x, y, w, h = box
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def plain_patch(plate: RealPlate) -> Patches:
    """The patch at the labelled box itself, as for scoring: uint8 [64, 128]."""
    grey = cv2.cvtColor(plate.picture, cv2.COLOR_BGR2GRAY)
    return stretch_contrast(cut_patch(np.asarray(grey, np.uint8), box_corners(plate.box)))


class RealPatches:
    """Training plates of all folders, varied anew each time."""

    def __init__(self, root: Path) -> None:
        self._nothing = NothingPlaces(root, SPLITS)
        self._by_mark: dict[str, list[list[RealPlate]]] = {}
        for folder in FOLDER_SHARE:
            groups: dict[str, list[RealPlate]] = {}
            for plate in read_part(root, folder, "train"):
                groups.setdefault(plate.mark, []).append(plate)
            self._by_mark[folder] = list(groups.values())
        self._folders = [name for name, groups in self._by_mark.items() if groups]
        shares = np.array([FOLDER_SHARE[name] for name in self._folders])
        self._shares = shares / shares.sum()

    def sample(self, rng: Rng) -> tuple[Patches, Answer]:
        """A patch of a plate, or now and then of something else, and its answer."""
        if rng.random() < NOTHING_SHARE:
            return stretch_contrast(cut_patch(*self._nothing.sample(rng))), nothing()
        folder = self._folders[int(rng.choice(len(self._folders), p=self._shares))]
        groups = self._by_mark[folder]
        group = groups[int(rng.integers(len(groups)))]
        plate = group[int(rng.integers(len(group)))]
        grey, scale = _regrade(plate, rng)
        quad = _loose_corners(plate.box, rng) * scale
        answer = Answer(encode(plate.mark), 1.0, 1.0)
        if rng.random() < BESIDE_SHARE:
            quad, answer = _beside(quad, rng), nothing()
        elif rng.random() < PART_SHARE:
            grey, quad = _cut_off(grey, quad, rng)
            answer = Answer(unread(), 1.0, 0.0)
        return stretch_contrast(cut_patch(grey, quad)), answer


def _cut_off(
    grey: npt.NDArray[np.uint8], quad: npt.NDArray[np.float32], rng: Rng
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """The plate without a quarter to a half of its width, at the picture's edge or so framed."""
    lost = float(rng.uniform(0.25, 0.5))
    part = quad.copy()
    left = rng.random() < 0.5
    near, far = ((0, 1), (3, 2)) if left else ((1, 0), (2, 3))
    for a, b in (near, far):
        part[a] = quad[a] + (quad[b] - quad[a]) * lost
    at = int(part[[near[0], far[0]], 0].mean())
    if rng.random() < 0.4 or not 8 < at < grey.shape[1] - 8:
        return grey, part
    if left:
        return np.ascontiguousarray(grey[:, at:]), part - np.array([at, 0], np.float32)
    return np.ascontiguousarray(grey[:, :at]), part


def _loose_corners(box: Box, rng: Rng) -> npt.NDArray[np.float32]:
    """The box moved, grown, turned and sheared a little."""
    x, y, w, h = box
    quad = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    quad = quad * rng.normal(1.02, 0.035, 2) * (w, h)
    quad += rng.normal(0, 0.008, (4, 2)) * (w, 2.5 * h) + rng.normal(0, 0.012, 2) * (w, 2.5 * h)
    quad[:, 1] += quad[:, 0] * rng.normal(0, 0.03)
    quad[:, 0] += quad[:, 1] * rng.normal(0, 0.08)
    return np.asarray(quad + np.array([x + w / 2, y + h / 2]), np.float32)


def _beside(quad: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[np.float32]:
    """The strip just above or below the plate."""
    height = float(quad[3, 1] - quad[0, 1])
    down = height * rng.uniform(1.05, 1.3) * (-1 if rng.random() < 0.5 else 1)
    return np.asarray(quad + np.array([0, down]), np.float32)


def _regrade(plate: RealPlate, rng: Rng) -> tuple[npt.NDArray[np.uint8], float]:
    """Grey by varied weights; now and then smaller, softer, noisier; returns it and its scale."""
    weights = np.array([0.114, 0.587, 0.299])
    if rng.random() < 0.3:
        weights = rng.dirichlet((1.5, 3.0, 2.5))
    grey = plate.picture.astype(np.float32) @ weights.astype(np.float32)
    scale = 1.0
    room = plate.box[3] / 13.0
    if room > 1 and rng.random() < 0.5:
        scale = 1 / float(rng.uniform(1, min(room, 4.0)))
        size = (max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale)))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    if rng.random() < 0.4:
        sigma = float(rng.uniform(0.3, 0.05 * plate.box[3] * scale + 0.5))
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.float32)
    level = 255 * (np.clip(grey, 0, 255) / 255) ** rng.uniform(0.65, 1.5)
    if rng.random() < 0.5:
        level = level + rng.standard_normal(grey.shape, np.float32) * rng.uniform(1, 9)
    return np.clip(level, 0, 255).astype(np.uint8), scale


def parts(root: Path, part: str) -> Iterator[tuple[str, list[RealPlate]]]:
    """Each folder's name and plates of one part, of the folders that have such a part."""
    for folder in FOLDER_SHARE:
        if (SPLITS / f"{folder}_{part}.csv").exists():
            yield folder, read_part(root, folder, part)
