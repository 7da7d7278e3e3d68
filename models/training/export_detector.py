"""Write the trained detector to ``models/`` at each input size, float32 and int8.

python models/training/export_detector.py --weights DIR/last.pt --real ../shared/plates
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from detector_data import Source, cut_view, degrade, pick_scene, real_sources
from detector_net import STRIDE_PX, DeployedDetector, Detector, fuse_batch_norm
from export import export_f32, export_int8, merge_manifest, variant
from loop import averaged, save_state
from make_splits import SPLITS_DIR
from torch import Tensor

MODELS_DIR = Path(__file__).resolve().parents[1]
STATE = Path(__file__).parent / "state" / "detector.pt"
SIZES_PX = ((640, 480), (1024, 768), (768, 1024))
"""Width and height: in the vehicle, and stills lying and upright."""
SCORE_THRESHOLD = 0.35
FLOAT_MODULES = ("decode",)


def load_weights(path: Path) -> Detector:
    """Build the detector from a checkpoint or a plain state, fused and frozen."""
    detector = Detector()
    detector.load_state_dict(averaged(path))
    return fuse_batch_norm(detector)


def calibration(
    sources: Sequence[Source], size: tuple[int, int], count: int, seed: int = 7
) -> Iterator[tuple[Tensor]]:
    """Yield whole training pictures as the run-time would show them, some of them degraded."""
    width, height = size
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        picture = pick_scene(sources, rng).picture
        scale = min(height / picture.shape[0], width / picture.shape[1])
        matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float32)
        view = cut_view(picture, matrix, (height, width))
        view = degrade(view, rng) if rng.random() < 0.5 else view
        yield (torch.from_numpy(view.astype(np.float32) / 255)[None, :, :, None],)


def export_all(
    weights: Path,
    sources: Sequence[Source],
    out: Path,
    count: int,
    sizes: Sequence[tuple[int, int]] = SIZES_PX,
) -> None:
    """Export every size and precision and enter them in the manifest."""
    variants = []
    for width, height in sizes:
        model = DeployedDetector(load_weights(weights)).eval()
        shown = list(calibration(sources, (width, height), count))
        for precision in ("int8", "f32"):
            path = out / f"detector_{width}x{height}_{precision}.tflite"
            if precision == "f32":
                export_f32(model, shown[0], path)
            else:
                export_int8(model, shown, path, FLOAT_MODULES, whole_range=True)
            variants.append(variant(path, precision, width, height))
    entry: dict[str, object] = {
        "variants": variants,
        "stride_px": STRIDE_PX,
        "score_threshold": SCORE_THRESHOLD,
    }
    merge_manifest(out / "manifest.json", "detector", entry)


def main() -> None:
    """Export as the command line says."""
    parser = argparse.ArgumentParser(description="Export the detector to .tflite.")
    parser.add_argument("--weights", type=Path, required=True, help="last.pt or detector.pt")
    parser.add_argument("--real", type=Path, required=True, help="real pictures, to calibrate")
    parser.add_argument("--out", type=Path, default=MODELS_DIR)
    parser.add_argument("--pictures", type=int, default=64, help="for the calibration")
    parser.add_argument("--splits", type=Path, default=SPLITS_DIR)
    parser.add_argument(
        "--size", type=int, nargs=2, action="append", metavar=("W", "H"), help="not the usual ones"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    sizes = [tuple(size) for size in args.size] if args.size else SIZES_PX
    args.out.mkdir(parents=True, exist_ok=True)
    sources = real_sources(args.real, args.splits)
    export_all(args.weights, sources, args.out, args.pictures, sizes)
    if args.weights != STATE and args.out == MODELS_DIR:
        save_state(args.weights, STATE)


if __name__ == "__main__":
    main()
