"""Measure the detector: plates found by height, false detections, corner error.

    python models/training/score_detector.py --real ../shared/plates --weights DIR/last.pt
    python models/training/score_detector.py --real ../shared/plates --model FILE.tflite

Peaks, corners and duplicates are decoded by the run-time's own functions.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from detector_composite import composite_sample, plate_bank, rear_sample
from detector_data import Grey, Scene, Source, load_scenes, split_files
from detector_net import DeployedDetector, macs
from detector_targets import extent
from export_detector import load_weights
from numpy.typing import NDArray

from outrider.unit.recognise.detect import corners_at, distinct, iou, peaks

Array = NDArray[np.float32]
BANDS_PX = ((8, 12), (12, 16), (16, 20), (20, 30), (30, 60), (60, 1000))
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)
MATCH_IOU = 0.4
LEAST_SCORE = 0.05


class Maps(Protocol):
    """Anything that turns a grey canvas of its size into heat [h, w] and corners [h, w, 8]."""

    size_px: tuple[int, int]

    def __call__(self, canvas: Grey) -> tuple[Array, Array]:
        """Run one canvas [H, W]."""
        ...


class TorchMaps:
    """The PyTorch module at a given canvas size (height, width)."""

    def __init__(self, weights: Path, size_px: tuple[int, int]) -> None:
        self.size_px = size_px
        self.model = DeployedDetector(load_weights(weights)).eval()

    def __call__(self, canvas: Grey) -> tuple[Array, Array]:
        """Run one canvas [H, W]."""
        picture = torch.from_numpy(canvas.astype(np.float32) / 255)[None, :, :, None]
        with torch.no_grad():
            heat, corners = self.model(picture)
        return heat[0, :, :, 0].numpy(), corners[0].numpy()


class TfliteMaps:
    """An exported file under ai-edge-litert."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.net = Interpreter(model_path=str(path), num_threads=1)
        self.net.allocate_tensors()
        self.given = self.net.get_input_details()[0]
        self.size_px = (int(self.given["shape"][1]), int(self.given["shape"][2]))

    def __call__(self, canvas: Grey) -> tuple[Array, Array]:
        """Run one canvas [H, W]."""
        values = canvas.astype(np.float32)[None, :, :, None] / 255
        if self.given["dtype"] == np.int8:
            scale, zero = self.given["quantization"]
            values = np.clip(np.rint(values / scale) + zero, -128, 127).astype(np.int8)
        self.net.set_tensor(self.given["index"], values)
        self.net.invoke()
        outputs = {}
        for detail in self.net.get_output_details():
            scale, zero = detail["quantization"]
            raw = self.net.get_tensor(detail["index"])[0].astype(np.float32)
            outputs[raw.shape[-1]] = (raw - zero) * scale if scale else raw
        return outputs[1][:, :, 0], outputs[8]


@dataclass(frozen=True, slots=True)
class Seen:
    """Plates found in one picture: corners [N, 4, 2] in its px, scores [N], best first."""

    corners: NDArray[np.float64]
    scores: Array


def find(maps: Maps, picture: Grey) -> Seen:
    """Fit the picture to the canvas, run, and decode as the run-time does."""
    height, width = maps.size_px
    scale = min(height / picture.shape[0], width / picture.shape[1])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 0.75 else cv2.INTER_LINEAR
    canvas = np.zeros((height, width), np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=how)
    heat, offsets = maps(canvas)
    cells = peaks(heat, LEAST_SCORE)
    scores = heat[cells[:, 0], cells[:, 1]]
    corners = corners_at(heat, offsets, cells, 8)
    kept = distinct(corners, scores)
    return Seen(corners[kept] / scale, np.asarray(scores[kept], np.float32))


def boxes_of(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return upright boxes [N, 4] x0, y0, x1, y1."""
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def match(scene: Scene, seen: Seen) -> tuple[Array, NDArray[np.bool_]]:
    """Return for each labelled box the best score that hits it (0: none), and which hit any."""
    hits = np.zeros(len(seen.scores), bool)
    best = np.zeros(len(scene.boxes), np.float32)
    if not len(seen.scores):
        return best, hits
    found = boxes_of(seen.corners)
    for i, (x, y, w, h) in enumerate(scene.boxes):
        truth = np.array([x, y, x + w, y + h], np.float64)
        own = np.array([iou(truth, each) >= MATCH_IOU for each in found])
        hits |= own
        best[i] = max(seen.scores[own], default=0.0)
    return best, hits


def table(name: str, scenes: Sequence[Scene], maps: Maps) -> None:
    """Print the share found by height, and detections off every box per picture."""
    heights: list[float] = []
    scores: list[float] = []
    false: list[float] = []
    for scene in scenes:
        seen = find(maps, scene.picture)
        best, hits = match(scene, seen)
        heights += [float(h) for h in scene.boxes[:, 3]]
        scores += [float(s) for s in best]
        false += [float(s) for s in seen.scores[~hits]]
    tall, score, wrong = np.array(heights), np.array(scores), np.array(false)
    print(f"{name}: {len(scenes)} pictures, {len(tall)} boxes, canvas {maps.size_px}")
    for low, high in (*BANDS_PX, (8, 1000), (20, 1000)):
        band = (tall >= low) & (tall < high)
        if band.any():
            shares = "  ".join(f"{(score[band] >= t).mean():6.3f}" for t in THRESHOLDS)
            print(f"  {low:4d}-{high:<4d} px {band.sum():4d}  {shares}")
    rates = "  ".join(f"{(wrong >= t).sum() / len(scenes):6.3f}" for t in THRESHOLDS)
    print(f"  off every box, a picture  {rates}   (at scores {THRESHOLDS})")


def corner_table(scenes: Sequence[Scene], maps: Maps, count: int) -> None:
    """Print the corner error on unseen drawn plates in unseen pictures, by plate height."""
    source = [Source("heldout", scenes, 1.0)]
    bank = plate_bank(300, seed=99)
    rows: list[tuple[float, float, float]] = []
    for index in range(count):
        rng = np.random.default_rng((991, index))
        picture, targets = composite_sample(source, bank, maps.size_px, rng)
        seen = find(maps, picture)
        found = boxes_of(seen.corners)
        for target in (t for t in targets if t.exact and not t.ignored):
            truth = boxes_of(target.corners[None].astype(np.float64))[0]
            overlaps = [iou(truth, each) for each in found]
            if not overlaps or max(overlaps) < MATCH_IOU:
                rows.append((truth[3] - truth[1], np.nan, 0.0))
                continue
            nearest = int(np.argmax(overlaps))
            off = np.linalg.norm(seen.corners[nearest] - target.corners, axis=1).mean()
            width = np.linalg.norm(target.corners[1] - target.corners[0])
            rows.append((truth[3] - truth[1], float(off / width), float(off)))
    table_ = np.array(rows)
    print(f"corners on {len(rows)} drawn plates: height, found, mean and 90th % of width, mean px")
    for low, high in (*BANDS_PX, (8, 1000)):
        band = table_[(table_[:, 0] >= low) & (table_[:, 0] < high)]
        good = band[~np.isnan(band[:, 1])]
        if len(good):
            share = len(good) / len(band)
            mean, late = good[:, 1].mean(), np.percentile(good[:, 1], 90)
            print(
                f"  {low:4d}-{high:<4d} {len(band):4d} {share:6.3f}  {mean:.4f} {late:.4f}"
                f"  {good[:, 2].mean():.2f}"
            )


def rear_table(scenes: Sequence[Scene], maps: Maps, count: int) -> None:
    """Print the share found of unseen drawn plates on drawn large vehicles in unseen pictures."""
    source = [Source("heldout", scenes, 1.0)]
    bank = plate_bank(300, seed=98)
    scores: list[float] = []
    for index in range(count):
        rng = np.random.default_rng((992, index))
        picture, targets = rear_sample(source, bank, maps.size_px, rng)
        extents = [extent(target.corners) for target in targets if not target.ignored]
        sides = [(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in extents]
        scene = Scene(picture, np.array(sides, np.float32).reshape(-1, 4))
        scores += [float(score) for score in match(scene, find(maps, picture))[0]]
    shares = "  ".join(f"{(np.array(scores) >= t).mean():6.3f}" for t in THRESHOLDS)
    print(f"plates on large vehicles and motorcycles: {len(scores)} drawn  {shares}")


def main() -> None:
    """Score as the command line says."""
    parser = argparse.ArgumentParser(description="Score the detector on the held-out pictures.")
    parser.add_argument("--real", type=Path, required=True)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--weights", type=Path, help="last.pt or detector.pt")
    chosen.add_argument("--model", type=Path, help="an exported .tflite")
    parser.add_argument("--size", type=int, nargs=2, default=(768, 1024), metavar=("H", "W"))
    parser.add_argument("--drawn", type=int, default=150, help="drawn scenes for the corners")
    args = parser.parse_args()
    torch.set_num_threads(1)
    maps: Maps = TfliteMaps(args.model) if args.model else TorchMaps(args.weights, tuple(args.size))
    if isinstance(maps, TorchMaps):
        print(f"{macs(maps.model.net, *maps.size_px) / 1e6:.0f} MMACs")
    held = load_scenes(args.real, "gb", split_files("gb", "heldout"))
    table("gb held out", held, maps)
    table(
        "detect held out", load_scenes(args.real, "detect", split_files("detect", "heldout")), maps
    )
    drive = load_scenes(args.real, "drive", split_files("drive", "heldout")[::4])
    table("drive held out, every fourth", drive, maps)
    table("negatives (also trained on)", load_scenes(args.real, "negatives"), maps)
    corner_table(held, maps, args.drawn)
    rear_table(held, maps, args.drawn)


if __name__ == "__main__":
    main()
