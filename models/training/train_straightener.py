"""Train the straightener from nothing, or go on, and (with ``--export``) write it to ``models/``.

python models/training/train_straightener.py --out DIR --real ../shared/plates
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import torch
from detector_composite import plate_bank
from detector_data import Rng, real_sources
from detector_targets import box_sides
from loop import Loop, LoopSettings, averaged
from make_splits import SPLITS_DIR
from straightener_data import Patches, make_patches
from straightener_net import Straightener
from torch import Tensor, nn

TYPICAL_SIZE = (0.64, 0.47)
"""Width and height of the plate in 0..1 of the patch."""


def losses_of(model: nn.Module, batch: Patches, device: torch.device) -> dict[str, Tensor]:
    """Corner error in parts of the plate's size; of boxed plates only the extent counts."""
    grey = batch.grey.to(device, torch.float32)[:, None] / 255
    given = model(grey).float().view(-1, 4, 2)
    wanted = batch.corners.to(device).view(-1, 4, 2)
    exact = batch.exact.to(device)
    scale = torch.tensor(TYPICAL_SIZE, device=device)
    by_corner = ((given - wanted).abs() / scale).mean((1, 2))
    sides = (box_sides(given) - box_sides(wanted)).abs().view(-1, 2, 2)
    error = torch.where(exact > 0.5, by_corner, 0.5 * (sides / scale).mean((1, 2)))
    drawn = (by_corner * exact).sum() / exact.sum().clamp(min=1)
    return {"total": error.mean(), "drawn": drawn}


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description="Train the straightener.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--real", type=Path, required=True, help="folder of the real pictures")
    parser.add_argument("--splits", type=Path, default=SPLITS_DIR)
    parser.add_argument("--start", type=Path, help="weights to start a new run from")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--plates", type=int, default=3000, help="drawn plates in the bank")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    sources, bank = real_sources(args.real, args.splits), plate_bank(args.plates, seed=0)

    def make(rng: Rng) -> Patches:
        cv2.setRNGSeed(int(rng.integers(2**31)))
        return make_patches(sources, bank, args.batch, rng)

    net = Straightener()
    if args.start:
        net.load_state_dict(averaged(args.start))
    settings = LoopSettings(args.steps, peak_rate=args.rate, seed=args.seed)
    loop: Loop[Patches] = Loop(net, args.out, settings)
    if loop.resume():
        print(f"going on at step {loop.step}")
    loop.run(make, losses_of)


if __name__ == "__main__":
    main()
