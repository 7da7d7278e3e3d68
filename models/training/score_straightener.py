"""Measure the straightener: corner error before and after it, on drawn plates in unseen pictures.

    python models/training/score_straightener.py --real ../shared/plates

The error is the mean distance of the four corners, in parts of the plate's width, of plates that
the detector found; the pictures are the held-out ``gb`` ones, the plates a bank of their own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from detector_composite import composite_sample, plate_bank
from detector_data import Grey, Source, load_scenes, split_files
from detector_targets import Target
from numpy.typing import NDArray
from score_detector import BANDS_PX, MATCH_IOU, Seen, TfliteMaps, boxes_of, find

from outrider.unit.devices.tflite import RuntimeChoice, open_network
from outrider.unit.recognise.detect import iou
from outrider.unit.recognise.manifest import open_store
from outrider.unit.recognise.straighten import Straightener

Corners = NDArray[np.float32]


def nearest(seen: Seen, target: Target) -> Corners | None:
    """Return the found corners that best overlap the target; None where none does."""
    truth = boxes_of(target.corners[None].astype(np.float64))[0]
    overlaps = [iou(truth, each) for each in boxes_of(seen.corners)]
    if not overlaps or max(overlaps) < MATCH_IOU:
        return None
    return np.asarray(seen.corners[int(np.argmax(overlaps))], np.float32)


def error(found: Corners, true: Corners) -> float:
    """Return the mean corner distance in parts of the plate's width."""
    width = float(np.linalg.norm(true[1] - true[0]))
    return float(np.linalg.norm(found - true, axis=1).mean()) / width


def measure(
    net: Straightener, picture: Grey, targets: list[Target], seen: Seen
) -> list[tuple[float, float, float]]:
    """Return height, error before and error after for each drawn plate that was found."""
    rows = []
    for target in targets:
        coarse = nearest(seen, target) if target.exact and not target.ignored else None
        if coarse is None:
            continue
        height = float(np.ptp(target.corners[:, 1]))
        fine = net.straighten(picture, coarse)
        rows.append((height, error(coarse, target.corners), error(fine, target.corners)))
    return rows


def open_straightener(models: Path, precision: str) -> Straightener:
    """Open the straightener of a models folder under ai-edge-litert."""
    store = open_store(models)
    assert store.manifest.straightener is not None
    variants = store.manifest.straightener.variants
    chosen = next(v for v in variants if v.precision == precision)
    choice = RuntimeChoice("ai-edge-litert", chosen.precision, 1)
    return Straightener(open_network(store, chosen, choice))


def main() -> None:
    """Score as the command line says."""
    parser = argparse.ArgumentParser(description="Score the straightener on drawn plates.")
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--precision", choices=("int8", "f32"), default="int8")
    parser.add_argument("--scenes", type=int, default=150)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    net = open_straightener(args.models, args.precision)
    maps = TfliteMaps(args.models / f"detector_1024x768_{args.precision}.tflite")
    held = [Source("gb", load_scenes(args.real, "gb", split_files("gb", "heldout")), 1.0)]
    bank = plate_bank(300, seed=99)
    rows: list[tuple[float, float, float]] = []
    for index in range(args.scenes):
        rng = np.random.default_rng((991, index))
        cv2.setRNGSeed(index)
        picture, targets = composite_sample(held, bank, maps.size_px, rng)
        rows += measure(net, picture, targets, find(maps, picture))
    table = np.array(rows)
    print("height px, plates, error before: mean, 90th; after: mean, median, 90th (of the width)")
    for low, high in (*BANDS_PX, (8, 1000)):
        band = table[(table[:, 0] >= low) & (table[:, 0] < high)]
        if len(band):
            before, after = band[:, 1], band[:, 2]
            print(
                f"  {low:4d}-{high:<4d} {len(band):4d}  {before.mean():.3f}"
                f" {np.percentile(before, 90):.3f}  {after.mean():.3f}"
                f" {np.median(after):.3f} {np.percentile(after, 90):.3f}"
            )


if __name__ == "__main__":
    main()
