"""Pictures for the detector: real ones with boxes, cropped, scaled and degraded at random."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from detector_targets import MIN_HEIGHT_PX, Maps, Target, extent, target_maps
from make_splits import SPLITS_DIR
from numpy.typing import NDArray
from torch import Tensor

Grey = NDArray[np.uint8]
Rng = np.random.Generator
Sample = tuple[Grey, list[Target]]

MIN_VISIBLE_SHARE = 0.7
NO_DECOYS = np.zeros((0, 3), np.float32)
DECOY_SHARE = 0.25


class Scene(NamedTuple):
    """A grey picture [H, W] and the boxes in it, [N, 4] x, y, w, h in px.

    ``decoys`` [M, 3] are the centre x, y and height of places that were once taken for plates.
    """

    picture: Grey
    boxes: NDArray[np.float32]
    decoys: NDArray[np.float32] = NO_DECOYS


@dataclass(frozen=True, slots=True)
class Source:
    """Scenes drawn with the share ``weight`` among the sources."""

    name: str
    scenes: Sequence[Scene]
    weight: float


def split_files(name: str, part: str, splits: Path = SPLITS_DIR) -> list[str]:
    """Return the pictures of a part (``train`` or ``heldout``) of a folder, sorted."""
    path = splits / f"{name}_{part}.csv"
    with path.open(newline="", encoding="utf-8") as source:
        return sorted({row["file"] for row in csv.DictReader(source)})


def load_scenes(real: Path, name: str, files: Sequence[str] | None = None) -> list[Scene]:
    """Read the labelled pictures of ``real/name``, all or those named, as grey.

    Raises:
        FileNotFoundError: a labelled picture is missing or cannot be decoded.
    """
    boxes: dict[str, list[tuple[float, ...]]] = {}
    with (real / name / "labels.csv").open(newline="", encoding="utf-8") as source:
        for row in csv.DictReader(source):
            of_file = boxes.setdefault(row["file"], [])
            if row["w"]:
                of_file.append(tuple(float(row[key]) for key in ("x", "y", "w", "h")))
    chosen = sorted(boxes) if files is None else files
    return [Scene(read_grey(real / name / f), _array(boxes[f])) for f in chosen]


def read_grey(path: Path) -> Grey:
    """Decode a picture as grey [H, W]."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise FileNotFoundError(f"{path}: no picture there, or not one that OpenCV can decode")
    return np.asarray(picture, np.uint8)


def _array(boxes: list[tuple[float, ...]]) -> NDArray[np.float32]:
    return np.asarray(boxes, np.float32).reshape(-1, 4)


def box_corners(box: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return TL, TR, BR, BL of x, y, w, h as [4, 2]."""
    x, y, w, h = box
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def real_sources(real: Path, splits: Path = SPLITS_DIR) -> list[Source]:
    """Load every real training source; the held-out files of the splits are left out."""
    weights = {"detect": 0.55, "gb": 0.27, "drive": 0.1}
    sources = [
        Source(name, load_scenes(real, name, split_files(name, "train", splits)), weight)
        for name, weight in weights.items()
    ]
    return [*sources, Source("negatives", load_scenes(real, "negatives"), 0.08)]


def with_decoys(sources: Sequence[Source], mined: Path) -> list[Source]:
    """Add the places that ``mine_negatives.py`` wrote to the scenes they are in."""
    places: dict[tuple[str, int], list[list[float]]] = {}
    for line in mined.read_text(encoding="utf-8").splitlines():
        name, index, *place = json.loads(line)
        places.setdefault((name, index), []).append(place)
    return [
        replace(
            source,
            scenes=[
                scene._replace(decoys=np.asarray(places[key], np.float32))
                if (key := (source.name, index)) in places
                else scene
                for index, scene in enumerate(source.scenes)
            ],
        )
        for source in sources
    ]


def pick_scene(sources: Sequence[Source], rng: Rng) -> Scene:
    """Draw a source by its weight and a scene of it."""
    weights = np.array([source.weight for source in sources])
    source = sources[int(rng.choice(len(sources), p=weights / weights.sum()))]
    return source.scenes[int(rng.integers(len(source.scenes)))]


def random_view(scene: Scene, size: tuple[int, int], rng: Rng) -> NDArray[np.float32]:
    """Choose the affine [2, 3] from scene to crop px (``size``: height, width).

    The scale follows a plate of the scene, so that heights of 8 to 120 px are about equally
    frequent in their logarithm; one view in five looks anywhere.
    """
    height, width = size
    tall, wide = scene.picture.shape
    aspect = float(np.exp(rng.normal(0, 0.08)))
    if (place := _place_of_interest(scene, rng)) is not None:
        wanted = float(np.exp(rng.uniform(np.log(8), np.log(90))))
        scale = float(np.clip(wanted / place[2], 0.35, 2.5))
        focus = place[:2]
    else:
        scale = float(np.exp(rng.uniform(np.log(0.5), np.log(1.6))))
        focus = np.array([rng.uniform(0, wide), rng.uniform(0, tall)], np.float32)
    place = np.array([rng.uniform(0.08, 0.92) * width, rng.uniform(0.08, 0.92) * height])
    sx, sy = scale * aspect, scale / aspect
    matrix = np.array([[sx, 0, 0], [0, sy, 0]], np.float32)
    matrix[:, 2] = place - matrix[:, :2] @ focus
    _keep_inside(matrix, (wide, tall), (width, height))
    if rng.random() < 0.5:
        matrix[0] = -matrix[0]
        matrix[0, 2] += width
    return matrix


def _place_of_interest(scene: Scene, rng: Rng) -> NDArray[np.float32] | None:
    """Return x, y, height of a decoy or a plate of the scene; None: look anywhere."""
    if len(scene.decoys) and rng.random() < DECOY_SHARE:
        return np.asarray(scene.decoys[int(rng.integers(len(scene.decoys)))])
    if len(scene.boxes) and rng.random() < 0.8:
        x, y, w, h = scene.boxes[int(rng.integers(len(scene.boxes)))]
        return np.array([x + w / 2, y + h / 2, h], np.float32)
    return None


def _keep_inside(
    matrix: NDArray[np.float32], scene_px: tuple[int, int], crop_px: tuple[int, int]
) -> None:
    """Shift the view so that it shows as much of the scene as it can."""
    for axis in (0, 1):
        length = matrix[axis, axis] * scene_px[axis]
        room = crop_px[axis] - length
        low, high = min(0.0, room), max(0.0, room)
        matrix[axis, 2] = np.clip(matrix[axis, 2], low, high)


def cut_view(picture: Grey, matrix: NDArray[np.float32], size: tuple[int, int]) -> Grey:
    """Warp the picture by ``matrix`` to ``size`` (height, width); small scales are prefiltered.

    Coordinates are continuous (a pixel covers [x, x+1)); OpenCV's centres are whole numbers.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.6:
        shrunk = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        ratio = np.array(
            [picture.shape[1] / shrunk.shape[1], picture.shape[0] / shrunk.shape[0]], np.float32
        )
        matrix = matrix.copy()
        matrix[:, :2] = matrix[:, :2] * ratio
        picture = np.asarray(shrunk, np.uint8)
    matrix = matrix.copy()
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    warped = cv2.warpAffine(picture, matrix, (size[1], size[0]), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, np.uint8)


def moved(corners: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Apply the affine to [4, 2] corners; a mirrored view swaps left and right corners."""
    out = corners @ matrix[:, :2].T + matrix[:, 2]
    if np.linalg.det(matrix[:, :2]) < 0:
        out = out[[1, 0, 3, 2]]
    return np.asarray(out, np.float32)


def judged(corners: NDArray[np.float32], exact: bool, size: tuple[int, int]) -> Target | None:
    """Make the target of a plate in a crop; None outside, ignored where too small or cut off."""
    left, top, right, bottom = extent(corners)
    shown_w = min(right, size[1]) - max(left, 0)
    shown_h = min(bottom, size[0]) - max(top, 0)
    if shown_w <= 0 or shown_h <= 0:
        return None
    shown = shown_w * shown_h / max(1e-6, (right - left) * (bottom - top))
    small = bottom - top < MIN_HEIGHT_PX or right - left < MIN_HEIGHT_PX
    return Target(corners, exact, ignored=small or shown < MIN_VISIBLE_SHARE)


def degrade(picture: Grey, rng: Rng) -> Grey:
    """Change exposure, contrast, sharpness, noise and compression as cameras and files do."""
    out: NDArray[np.floating[Any]] = picture.astype(np.float32)
    if rng.random() < 0.7:
        out = 255 * (out / 255) ** float(np.exp(rng.normal(0, 0.35)))
        out = out * float(np.exp(rng.normal(0, 0.25))) + rng.normal(0, 12)
    if rng.random() < 0.05:
        out = 255 - out
    if rng.random() < 0.35:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.3)), np.float32)
    if rng.random() < 0.15:
        out = np.asarray(cv2.blur(out, (int(rng.integers(2, 6)), 1)), np.float32)
    if rng.random() < 0.5:
        noise = np.empty(out.shape, np.float32)
        cv2.randn(noise, np.zeros(1), np.full(1, rng.uniform(1, 12)))
        out = out + noise
    grey = np.asarray(np.clip(out, 0, 255), np.uint8)
    if rng.random() < 0.4:
        quality = int(rng.integers(25, 92))
        _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
        grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey


def real_sample(sources: Sequence[Source], size: tuple[int, int], rng: Rng) -> Sample:
    """Cut a random view of a random real scene."""
    scene = pick_scene(sources, rng)
    matrix = random_view(scene, size, rng)
    picture = degrade(cut_view(scene.picture, matrix, size), rng)
    found = (judged(moved(box_corners(b), matrix), False, size) for b in scene.boxes)
    return picture, [target for target in found if target is not None]


def collate(samples: Sequence[Sample]) -> tuple[Tensor, Maps]:
    """Stack samples to pictures [N, 1, H, W] uint8 and their maps."""
    pictures = torch.from_numpy(np.stack([picture for picture, _ in samples]))[:, None]
    maps = [target_maps(targets, *picture.shape) for picture, targets in samples]
    return pictures, Maps(*(torch.stack(parts) for parts in zip(*maps, strict=True)))
