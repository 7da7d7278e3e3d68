"""Write the trained reader to ``models/``: float32, and static int8 calibrated on rendered plates.

python models/training/export_reader.py --weights models/training/state/reader.pt
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from camera_model import Severity
from export import export_f32, export_int8, merge_manifest, variant
from reader_data import rendered_patch
from reader_net import ALPHABET, PATCH_HW_PX, SLOTS, ReaderForExport, ReaderNet
from torch import Tensor
from train_reader import load_weights

MODELS_DIR: Final = Path(__file__).resolve().parents[1]
FLOAT_MODULES: Final = ("mixers", "name", "overview", "to_fine", "judge")
"""Small: no time to gain in 8 bits, and their precision decides close calls."""
LEGIBLE: Final = Severity((16.0, 80.0), 0.02, 0.15, 0.5, 0.6)
"""Ranges from illegible patches are wider than a readable plate needs, and cost it precision."""


def deployed(weights: Path) -> ReaderForExport:
    """The reader with the model file's contract, from a state or a checkpoint."""
    net = ReaderNet()
    net.load_state_dict(load_weights(weights))
    return ReaderForExport(net.eval()).eval()


def calibration(count: int, seed: int = 31) -> Iterator[tuple[Tensor]]:
    """Yield rendered patches as the model takes them: float32 [1, 64, 128, 1], 0..1."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        patch, _ = rendered_patch(rng, LEGIBLE)
        yield (torch.from_numpy(patch[None, ..., None].astype(np.float32) / 255),)


def export_all(model: ReaderForExport, out: Path, count: int) -> None:
    """Write both files and enter them in `out/manifest.json`."""
    out.mkdir(parents=True, exist_ok=True)
    shown = list(calibration(count))
    height, width = PATCH_HW_PX
    export_int8(model, shown, out / "reader_int8.tflite", FLOAT_MODULES)
    export_f32(model, shown[0], out / "reader_f32.tflite")
    variants = [
        variant(out / f"reader_{precision}.tflite", precision, width, height)
        for precision in ("int8", "f32")
    ]
    entry: dict[str, object] = {"variants": variants, "alphabet": ALPHABET, "slots": SLOTS}
    merge_manifest(out / "manifest.json", "reader", entry)


def main(given: list[str]) -> None:
    """Export as the command line says."""
    parser = argparse.ArgumentParser(description="Export the reader to .tflite")
    parser.add_argument("--weights", type=Path, required=True, help="reader.pt or last.pt")
    parser.add_argument("--out", type=Path, default=MODELS_DIR)
    parser.add_argument("--patches", type=int, default=150, help="for the calibration")
    chosen = parser.parse_args(given)
    torch.set_num_threads(1)
    export_all(deployed(chosen.weights), chosen.out, chosen.patches)


if __name__ == "__main__":
    main(sys.argv[1:])
