"""Train the plate detector from nothing, or go on from a saved state, and export it.

    python models/training/train_detector.py --out DIR --real ../shared/plates

Run it again with the same ``--out`` to go on after a stop. ``--start`` takes the weights of an
earlier run (``models/training/state/detector.pt``) for a new one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import torch
from detector_composite import composite_sample, plate_bank
from detector_data import Rng, Sample, Source, collate, real_sample, real_sources, with_decoys
from detector_net import Detector
from detector_targets import Maps, losses
from loop import Loop, LoopSettings, averaged
from make_splits import SPLITS_DIR
from torch import Tensor, nn

Batch = tuple[Tensor, Maps]
CROP_PX = (320, 448)
COMPOSITE_SHARE = 0.5


def losses_of(model: nn.Module, batch: Batch, device: torch.device) -> dict[str, Tensor]:
    """Run a batch; the features in the loop's precision, the head and the losses in float32."""
    assert isinstance(model, Detector)
    pictures, maps = batch
    grey = pictures.to(device, torch.float32) / 255
    grey = grey.contiguous(memory_format=torch.channels_last)
    features = model.features(model.split(grey))
    with torch.autocast(device.type, enabled=False):
        raw = model.head(features.float())
    return losses(raw, Maps(*(part.to(device) for part in maps)))


def batch_maker(sources: Sequence[Source], batch_size: int, plates: int) -> Callable[[Rng], Batch]:
    """Return the function that makes the batch of a step."""
    bank = plate_bank(plates, seed=0)

    def sample(rng: Rng) -> Sample:
        if rng.random() < COMPOSITE_SHARE:
            return composite_sample(sources, bank, CROP_PX, rng)
        return real_sample(sources, CROP_PX, rng)

    def make(rng: Rng) -> Batch:
        cv2.setRNGSeed(int(rng.integers(2**31)))
        return collate([sample(rng) for _ in range(batch_size)])

    return make


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Train and export the plate detector.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--real", type=Path, required=True, help="folder of the real pictures")
    parser.add_argument("--decoys", type=Path, help="places found by mine_negatives.py")
    parser.add_argument("--splits", type=Path, default=SPLITS_DIR)
    parser.add_argument("--start", type=Path, help="weights to start a new run from")
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--plates", type=int, default=3000, help="drawn plates in the bank")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after this")
    return parser.parse_args()


def main() -> None:
    """Train to the end or the time limit."""
    args = arguments()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    model = Detector()
    if args.start:
        model.load_state_dict(averaged(args.start))
    loop: Loop[Batch] = Loop(
        model, args.out, LoopSettings(args.steps, peak_rate=args.rate, seed=args.seed)
    )
    if loop.resume():
        print(f"going on at step {loop.step}")
    sources = real_sources(args.real, args.splits)
    if args.decoys:
        sources = with_decoys(sources, args.decoys)
    make = batch_maker(sources, args.batch, args.plates)
    loop.run(make, losses_of, stop_after_s=args.minutes * 60)


if __name__ == "__main__":
    main()
