"""Write the trained straightener to ``models/``, float32 and int8.

python models/training/export_straightener.py --weights DIR/last.pt --real ../shared/plates
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from detector_composite import plate_bank
from detector_data import real_sources
from detector_net import fuse_batch_norm
from export import export_f32, export_int8, merge_manifest, variant
from export_detector import MODELS_DIR
from loop import averaged, save_state
from make_splits import SPLITS_DIR
from straightener_data import make_patches
from straightener_net import DeployedStraightener, Straightener

from outrider.unit.recognise.patch_geometry import PATCH_H_PX, PATCH_W_PX

STATE = Path(__file__).parent / "state" / "straightener.pt"


def load_weights(path: Path) -> Straightener:
    """Build the net from a checkpoint or a plain state, fused and frozen."""
    net = Straightener()
    net.load_state_dict(averaged(path))
    fuse_batch_norm(net)
    return net


def main() -> None:
    """Export as the command line says."""
    parser = argparse.ArgumentParser(description="Export the straightener to .tflite.")
    parser.add_argument("--weights", type=Path, required=True, help="last.pt or straightener.pt")
    parser.add_argument("--real", type=Path, required=True, help="real pictures, to calibrate")
    parser.add_argument("--splits", type=Path, default=SPLITS_DIR)
    parser.add_argument("--out", type=Path, default=MODELS_DIR)
    parser.add_argument("--patches", type=int, default=256, help="for the calibration")
    parser.add_argument("--plates", type=int, default=200, help="drawn plates in the bank")
    args = parser.parse_args()
    torch.set_num_threads(1)
    sources, bank = real_sources(args.real, args.splits), plate_bank(args.plates, seed=0)
    patches = make_patches(sources, bank, args.patches, np.random.default_rng(7)).grey
    shown = [(patch[None, :, :, None].float() / 255,) for patch in patches]
    model = DeployedStraightener(load_weights(args.weights)).eval()
    variants = []
    for precision in ("int8", "f32"):
        path = args.out / f"straightener_{precision}.tflite"
        if precision == "f32":
            export_f32(model, shown[0], path)
        else:
            export_int8(model, shown, path, ("head",))
        variants.append(variant(path, precision, PATCH_W_PX, PATCH_H_PX))
    merge_manifest(args.out / "manifest.json", "straightener", {"variants": variants})
    if args.out == MODELS_DIR:
        save_state(args.weights, STATE)


if __name__ == "__main__":
    main()
