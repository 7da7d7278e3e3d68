"""Train the reader from nothing, or on from a state, on drawn and (optionally) real plates.

    python models/training/train_reader.py --out DIR                      # synthetic, from nothing
    python models/training/train_reader.py --out DIR --real ../shared/plates \
        --start models/training/state/reader.pt --samples 200000 --rate 5e-4

Every run is seeded, writes `DIR/last.pt` every few minutes and goes on from it when started again.
The weights that are kept and exported are the running average, not the last step's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import torch
from loop import Loop, LoopSettings, Losses
from reader_data import Batch, Feed, Recipe
from reader_net import ReaderNet
from reader_text import NOT_TAUGHT
from torch import Tensor, nn

DEFAULT_SAMPLES: Final = 1_000_000
MAX_RATE: Final = 2e-3
JUDGING_WEIGHT: Final = 0.15
RARE_WEIGHT: Final = 4.0
"""Of a patch that is no plate, or not all of one, beside one that is: those are one in ten."""


def reader_losses(net: nn.Module, batch: Batch, device: torch.device) -> Losses:
    """Cross-entropy over the nine slots, and of "a plate" and "all of it" where that is known.

    `right` is the share of whole marks read right among those that teach a text.
    """
    patches, codes, known = (torch.as_tensor(part).to(device) for part in batch)
    inputs = (patches.unsqueeze(1).float() / 255).contiguous(memory_format=torch.channels_last)
    logits, judged = net(inputs)
    text = nn.functional.cross_entropy(
        logits.float().transpose(1, 2), codes, ignore_index=NOT_TAUGHT
    )
    each = nn.functional.binary_cross_entropy_with_logits(
        judged.float(), known.clamp(min=0), reduction="none"
    )
    counted = (known >= 0).float() * torch.where(known == 0, RARE_WEIGHT, 1.0)
    judging = (each * counted).sum(0) / counted.sum(0).clamp(min=1)
    taught = codes[:, 0] != NOT_TAUGHT
    right = (logits.detach().argmax(2) == codes).all(1)[taught].float().mean()
    return {
        "total": text + JUDGING_WEIGHT * judging.sum(),
        "text": text,
        "plate": judging[0],
        "whole": judging[1],
        "right": right,
    }


def load_weights(path: Path) -> dict[str, Tensor]:
    """State dict of the averaged reader from a checkpoint or a kept state, as float32."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights = state.get("average", state)
    return {k: v.float() if v.dtype.is_floating_point else v for k, v in weights.items()}


def start_from(net: ReaderNet, weights: dict[str, Tensor]) -> None:
    """Load weights; heads that they lack (states from before them) stay as initialised.

    Raises ValueError where anything else is missing or unknown.
    """
    missing, unknown = net.load_state_dict(weights, strict=False)
    lacking = [name for name in missing if not name.startswith(("judge.", "glance."))]
    if lacking or unknown:
        raise ValueError(f"weights of another reader: without {lacking}, with {unknown}")


def keep_state(net: nn.Module, path: Path) -> None:
    """Write the weights alone, as float16, for a later run to go on from."""
    weights = {
        k: v.half().cpu() if v.dtype.is_floating_point else v.cpu()
        for k, v in net.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(weights, path)


def train(
    recipe: Recipe, settings: LoopSettings, out: Path, start: Path | None, workers: int
) -> ReaderNet:
    """Run or resume a training in `out`; returns the averaged net."""
    net = ReaderNet()
    if start:
        start_from(net, load_weights(start))
    loop: Loop[Batch] = Loop(net, out, settings)
    loop.resume()
    feed = Feed(recipe, loop.step, workers)
    try:
        loop.run(lambda _rng: feed.take(), reader_losses)
    finally:
        feed.close()
    average = loop.average.model
    assert isinstance(average, ReaderNet)
    return average


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the reader")
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder of last.pt, log.jsonl and reader.pt")
    add("--samples", type=int, default=DEFAULT_SAMPLES, help="patches in all, resumed ones too")
    add("--batch", type=int, default=96)
    add("--rate", type=float, default=MAX_RATE, help="peak learning rate")
    add("--seed", type=int, default=1)
    add("--real", type=Path, help="folder with gb/, drive/, detect/ and their labels.csv")
    add("--real-share", type=float, default=0.15)
    add("--easy-samples", type=int, default=0, help="so many patches at first of clear pictures")
    add("--start", type=Path, help="weights to start from where --out holds no last.pt")
    add("--workers", type=int, default=1, help="processes that make batches; 0: none")
    add("--threads", type=int, default=1, help="torch threads")
    return parser.parse_args(given)


def main(given: list[str]) -> None:
    """Train as the command line says and keep the averaged weights in `DIR/reader.pt`."""
    chosen = _arguments(given)
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(chosen.threads)
    easy = chosen.easy_samples // chosen.batch
    recipe = Recipe(chosen.batch, chosen.seed, chosen.real, chosen.real_share, easy)
    settings = LoopSettings(
        steps=chosen.samples // chosen.batch,
        peak_rate=chosen.rate,
        warmup_steps=300,
        seed=chosen.seed,
        log_every_steps=200,
    )
    net = train(recipe, settings, chosen.out, chosen.start, chosen.workers)
    keep_state(net, chosen.out / "reader.pt")


if __name__ == "__main__":
    main(sys.argv[1:])
