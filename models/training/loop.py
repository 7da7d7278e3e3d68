"""The training loop both nets share: seeded, resumable, one file a run.

The batch of step *k* is made from ``numpy.random.default_rng((seed, k))`` alone, so a run that was
stopped and resumed sees the same samples as one that was not, and no generator state is stored.
Checkpoints are written beside the old one, synced and renamed: a kill at any instant leaves a
whole one behind.
"""

from __future__ import annotations

import copy
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

Batch = TypeVar("Batch")
Losses = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long and how fast to learn. ``steps`` may be changed on resuming; the rest should not."""

    steps: int
    peak_rate: float = 2e-3
    final_rate: float = 1e-5
    warmup_steps: int = 200
    weight_decay: float = 0.01
    ema_decay: float = 0.998
    clip_norm: float = 5.0
    seed: int = 1
    bf16: bool = True
    log_every_steps: int = 50
    checkpoint_every_s: float = 120.0


def learning_rate(step: int, settings: LoopSettings) -> float:
    """Linear warm-up, then half a cosine from ``peak_rate`` to ``final_rate`` at ``steps``."""
    if step < settings.warmup_steps:
        return settings.peak_rate * (step + 1) / settings.warmup_steps
    span = max(1, settings.steps - settings.warmup_steps)
    part = min(1.0, (step - settings.warmup_steps) / span)
    low = settings.final_rate
    return low + (settings.peak_rate - low) * (1 + math.cos(math.pi * part)) / 2


class Average:
    """Exponential moving average of weights and buffers; the average is what gets exported."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval()
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move the average towards the model; slowly only once there is something to average."""
        decay = min(self.decay, (step + 1) / (step + 10))
        new = model.state_dict()
        for name, kept in self.model.state_dict().items():
            if kept.dtype.is_floating_point:
                kept.lerp_(new[name].to(kept.dtype), 1 - decay)
            else:
                kept.copy_(new[name])


def save_atomically(value: object, path: Path) -> None:
    """Write with ``torch.save`` to a neighbour, sync, and rename over ``path``."""
    part = path.with_suffix(path.suffix + ".part")
    with part.open("wb") as out:
        torch.save(value, out)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def averaged(path: Path) -> dict[str, Tensor]:
    """Return the averaged weights of a checkpoint, or a plain state as it is, in float32."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights: dict[str, Tensor] = state.get("average", state)
    return {name: v.float() if v.is_floating_point() else v for name, v in weights.items()}


def save_state(weights: Path, path: Path) -> None:
    """Write the averaged weights in float16: what a later run starts from."""
    small = {n: v.half() if v.is_floating_point() else v for n, v in averaged(weights).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_atomically(small, path)


class Loop(Generic[Batch]):
    """One run in ``folder``: ``last.pt`` to resume from and ``log.jsonl`` to read."""

    def __init__(self, model: nn.Module, folder: Path, settings: LoopSettings) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.folder = folder
        self.settings = settings
        self.step = 0
        self.average = Average(self.model, settings.ema_decay)
        self.optimiser = torch.optim.AdamW(_groups(model, settings.weight_decay), lr=1e-3)
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoint(self) -> Path:
        """Return the path of the resumable state."""
        return self.folder / "last.pt"

    def resume(self) -> bool:
        """Load ``last.pt`` if there is one; say whether there was."""
        if not self.checkpoint.exists():
            return False
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])
        return True

    def save(self) -> None:
        """Write ``last.pt`` atomically."""
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        save_atomically(state, self.checkpoint)

    def run(
        self,
        make_batch: Callable[[np.random.Generator], Batch],
        losses_of: Callable[[nn.Module, Batch, torch.device], Losses],
        *,
        stop_after_s: float = math.inf,
    ) -> None:
        """Learn until ``settings.steps`` or until the time is up, then write the checkpoint.

        ``losses_of`` returns named losses, of which ``total`` is minimised and all are logged.
        """
        started = saved = time.monotonic()
        logged: list[dict[str, float]] = []
        while self.step < self.settings.steps and time.monotonic() - started < stop_after_s:
            batch = make_batch(np.random.default_rng((self.settings.seed, self.step)))
            logged.append(self._learn(batch, losses_of))
            self.step += 1
            if self.step % self.settings.log_every_steps == 0:
                self._log(logged, time.monotonic() - started)
                logged = []
            if time.monotonic() - saved > self.settings.checkpoint_every_s:
                self.save()
                saved = time.monotonic()
        self.save()

    def _learn(
        self, batch: Batch, losses_of: Callable[[nn.Module, Batch, torch.device], Losses]
    ) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.settings)
        self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bf16):
            losses = losses_of(self.model, batch, self.device)
        self.optimiser.zero_grad(set_to_none=True)
        losses["total"].backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        self.optimiser.step()
        self.average.update(self.model, self.step)
        values = {name: float(value.detach()) for name, value in losses.items()}
        if not math.isfinite(values["total"]):
            raise FloatingPointError(f"step {self.step}: the loss is {values}; lower --rate")
        return values

    def _log(self, logged: list[dict[str, float]], elapsed_s: float) -> None:
        means = {name: sum(v[name] for v in logged) / len(logged) for name in logged[0]}
        line = {
            "step": self.step,
            "rate": learning_rate(self.step, self.settings),
            "elapsed_s": round(elapsed_s, 1),
            **{name: round(value, 4) for name, value in means.items()},
        }
        text = json.dumps(line)
        print(text, flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(text + "\n")


def _groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Decay the kernels only; biases and normalisation are left alone."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
