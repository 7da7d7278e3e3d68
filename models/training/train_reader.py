"""Train the reader from nothing, or on from a checkpoint, on drawn and (optionally) real plates.

    python models/training/train_reader.py --out DIR                      # synthetic, from nothing
    python models/training/train_reader.py --out DIR --real ../shared/plates --start STATE

Every run is seeded, writes `DIR/last.pt` every few minutes and goes on from it when started again.
The weights that are kept and exported are the running average, not the last step's.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

import numpy as np
import torch
from reader_data import MixedPatches, Patches, Targets
from reader_net import ReaderNet
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

WARM_UP_STEPS: Final = 300
AVERAGE: Final = 0.9985
CHECKPOINT_S: Final = 150.0
REPORT_STEPS: Final = 200
CLIP_NORM: Final = 2.0


@dataclass(frozen=True)
class Plan:
    """What to train: samples in all, batch size, peak learning rate, data and seed."""

    out: Path
    samples: int = 1_000_000
    batch: int = 96
    rate: float = 2e-3
    seed: int = 1
    real: Path | None = None
    real_share: float = 0.3
    easy_samples: int = 0
    start: Path | None = None
    device: str = "cpu"
    workers: int = 1
    threads: int = 1


class _Stream(IterableDataset[tuple[Patches, Targets]]):
    """Batches for ever, each worker with its own seed."""

    def __init__(self, plan: Plan, done: int) -> None:
        self.plan, self.done = plan, done

    def __iter__(self) -> Iterator[tuple[Patches, Targets]]:
        info = torch.utils.data.get_worker_info()
        worker = info.id if info else 0
        share = max(1, self.plan.workers)
        source = MixedPatches(
            seed=self.plan.seed * 1_000_003 + self.done * 17 + worker,
            real=self.plan.real,
            real_share=self.plan.real_share,
            easy=max(0, self.plan.easy_samples - self.done) // share,
        )
        return source.batches(self.plan.batch)


class Trainer:
    """The net, its running average, the optimiser, and how far they have come."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.net = ReaderNet().to(plan.device, memory_format=torch.channels_last)
        self.average = ReaderNet().to(plan.device)
        self.average.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=plan.rate, weight_decay=0.02)
        self.samples = 0
        self._restore()

    def _restore(self) -> None:
        last = self.plan.out / "last.pt"
        if last.exists():
            state = torch.load(last, map_location=self.plan.device, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.samples = int(state["samples"])
        elif self.plan.start:
            weights = load_weights(self.plan.start)
            self.net.load_state_dict(weights)
            self.average.load_state_dict(weights)

    def save(self) -> None:
        """Write `last.pt` whole or not at all."""
        state: dict[str, Any] = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "samples": self.samples,
        }
        fresh = self.plan.out / "last.pt.new"
        torch.save(state, fresh)
        os.replace(fresh, self.plan.out / "last.pt")

    def _rate(self) -> float:
        """Linear warm-up, then a cosine down to 1 % at the plan's end."""
        warm = min(1.0, (self.samples / self.plan.batch + 1) / WARM_UP_STEPS)
        along = min(1.0, self.samples / self.plan.samples)
        return self.plan.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * along)))

    def step(self, patches: Tensor, targets: Tensor) -> tuple[float, float]:
        """One optimiser step; returns the loss and the share of whole marks read right."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        inputs = patches.to(self.plan.device).unsqueeze(1).float() / 255
        targets = targets.to(self.plan.device)
        with torch.autocast(self.plan.device, torch.bfloat16):
            logits = self.net(inputs.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits.float().transpose(1, 2), targets)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), CLIP_NORM)
        self.optimiser.step()
        self.samples += len(patches)
        self._follow()
        right = (logits.argmax(2) == targets).all(1).float().mean()
        return float(loss.detach()), float(right)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the running average towards the net, faster while the run is young."""
        keep = min(
            AVERAGE, (1 + self.samples / self.plan.batch) / (10 + self.samples / self.plan.batch)
        )
        for mean, now in zip(
            self.average.state_dict().values(), self.net.state_dict().values(), strict=True
        ):
            if mean.dtype.is_floating_point:
                mean.lerp_(now.to(mean.dtype), 1 - keep)
            else:
                mean.copy_(now)


def load_weights(path: Path) -> dict[str, Tensor]:
    """State dict of the averaged reader from a checkpoint or a kept state, as float32."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights = state.get("average", state)
    return {k: v.float() if v.dtype.is_floating_point else v for k, v in weights.items()}


def train(plan: Plan, steps: int | None = None) -> Trainer:
    """Run the plan (or `steps` steps of it) and leave `last.pt` in `plan.out`."""
    torch.set_num_threads(plan.threads)
    plan.out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(plan)
    loader = DataLoader(
        _Stream(plan, trainer.samples), batch_size=None, num_workers=plan.workers,
        prefetch_factor=4 if plan.workers else None,
    )  # fmt: skip
    saved = started = monotonic()
    losses: list[float] = []
    rights: list[float] = []
    for count, (patches, targets) in enumerate(loader, 1):
        loss, right = trainer.step(torch.as_tensor(patches), torch.as_tensor(targets))
        losses.append(loss)
        rights.append(right)
        if count % REPORT_STEPS == 0:
            _report(trainer, losses, rights, monotonic() - started)
        if monotonic() - saved > CHECKPOINT_S:
            trainer.save()
            saved = monotonic()
        if trainer.samples >= plan.samples or count == steps:
            break
    trainer.save()
    return trainer


def _report(trainer: Trainer, losses: list[float], rights: list[float], spent_s: float) -> None:
    row = {
        "samples": trainer.samples,
        "loss": round(float(np.mean(losses)), 4),
        "read_right": round(float(np.mean(rights)), 4),
        "spent_s": round(spent_s),
    }
    print(json.dumps(row), flush=True)
    losses.clear()
    rights.clear()


def _plan(arguments: list[str]) -> Plan:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints")
    parser.add_argument("--samples", type=int, default=Plan.samples)
    parser.add_argument("--batch", type=int, default=Plan.batch)
    parser.add_argument("--rate", type=float, default=Plan.rate, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--real", type=Path, help="folder with gb/, drive/, detect/ and labels")
    parser.add_argument("--real-share", type=float, default=Plan.real_share)
    parser.add_argument("--easy-samples", type=int, default=Plan.easy_samples,
                        help="so many samples at first of clearer pictures")  # fmt: skip
    parser.add_argument("--start", type=Path, help="state to start from when there is no last.pt")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=Plan.workers, help="data processes")
    parser.add_argument("--threads", type=int, default=Plan.threads, help="torch threads")
    return Plan(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    train(_plan(sys.argv[1:]))
