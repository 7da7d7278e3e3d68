"""Places in real pictures that are no plate: what a detector might take for one.

Lamps, badges, grilles and shop signs, cut from training pictures clear of every labelled box; of a
few random places the one with the most upright edges is taken, as a detector would.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

PICTURES: Final = 240
TRIES: Final = 6
FOLDERS: Final = ("gb", "detect", "drive")

Rng = np.random.Generator
GreyImage = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]


class NothingPlaces:
    """A fixed choice of training pictures, grey, with their labelled boxes."""

    def __init__(self, root: Path, splits: Path, seed: int = 5) -> None:
        found = [
            (root / folder / name, boxes)
            for folder in FOLDERS
            for name, boxes in _boxes_by_file(root, splits, folder).items()
        ]
        order = np.random.default_rng(seed).permutation(len(found))[:PICTURES]
        self._pictures = [(_grey(found[i][0]), found[i][1]) for i in order]

    def sample(self, rng: Rng) -> tuple[GreyImage, npt.NDArray[np.float32]]:
        """A picture and four corners in it that span no labelled plate."""
        picture, boxes = self._pictures[int(rng.integers(len(self._pictures)))]
        places = [_place(picture.shape, rng) for _ in range(TRIES)]
        clear = [p for p in places if not _touches(p, boxes)]
        if not clear:
            return self.sample(rng)
        x, y, w, h = max(clear, key=lambda place: _edges(picture, place))
        lean = rng.normal(0, 0.05) * w
        corners = [(x, y + lean), (x + w, y - lean), (x + w, y + h - lean), (x, y + h + lean)]
        return picture, np.array(corners, np.float32)


def _boxes_by_file(root: Path, splits: Path, folder: str) -> dict[str, Boxes]:
    """Every labelled box (whatever its status) of the folder's training pictures."""
    with (splits / f"{folder}_train.csv").open(newline="", encoding="utf-8") as lines:
        chosen = {row["file"] for row in csv.DictReader(lines)}
    boxes: dict[str, list[list[float]]] = {}
    with (root / folder / "labels.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["file"] in chosen:
                boxes.setdefault(row["file"], []).append([float(row[k]) for k in "xywh"])
    return {name: np.array(of_file) for name, of_file in boxes.items()}


def _grey(path: Path) -> GreyImage:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError(f"{path}: not a picture that OpenCV reads")
    return np.asarray(picture, np.uint8)


def _place(shape: tuple[int, ...], rng: Rng) -> tuple[float, float, float, float]:
    """x, y, w, h of a plate-shaped place, 8 to 60 px high."""
    height = float(np.exp(rng.uniform(np.log(8), np.log(60))))
    width = height * float(rng.choice([4.6, 3.5, 2.2, 1.4], p=[0.5, 0.2, 0.15, 0.15]))
    width = min(width, shape[1] * 0.6)
    x = float(rng.uniform(0, shape[1] - width))
    return x, float(rng.uniform(0, max(1.0, shape[0] - height))), width, height


def _touches(place: tuple[float, float, float, float], boxes: Boxes) -> bool:
    x, y, w, h = place
    apart = (
        (boxes[:, 0] > x + 1.2 * w)
        | (boxes[:, 0] + boxes[:, 2] < x - 0.2 * w)
        | (boxes[:, 1] > y + 1.5 * h)
        | (boxes[:, 1] + boxes[:, 3] < y - 0.5 * h)
    )
    return not bool(apart.all())


def _edges(picture: GreyImage, place: tuple[float, float, float, float]) -> float:
    x, y, w, h = (int(v) for v in place)
    part = picture[y : y + max(2, h), x : x + max(2, w)].astype(np.int16)
    return float(np.abs(np.diff(part, axis=1)).mean())
