"""Score what the reader says of itself: a plate or not, all of it or not, on drawn patches.

python models/training/score_judged.py --weights models/training/state/reader.pt
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np
import torch
from camera_model import Severity, cut, shoot
from incomplete import cut_off, hide
from lettering import lettering
from reader_data import drawn_subject
from reader_net import ReaderNet
from reader_text import BLANK, Answer, Patches
from train_reader import load_weights, start_from

LEGIBLE: Final = Severity((14.0, 80.0))
KINDS: Final = ("whole", "cut", "hidden", "lettering")


def patch_of(kind: str, rng: np.random.Generator) -> tuple[Patches, Answer | None]:
    """A patch of a kind, and its answer where it is a plate."""
    if kind == "lettering":
        return cut(shoot(lettering(rng), rng, LEGIBLE), rng, LEGIBLE), None
    while True:
        subject = drawn_subject(rng)
        if subject.mark is None:
            continue
        if kind == "whole":
            return cut(shoot(subject.view, rng, LEGIBLE), rng, LEGIBLE), subject.answer
        if kind == "cut":
            shot, answer = cut_off(shoot(subject.view, rng, LEGIBLE), subject.mark, rng)
        else:
            view, answer = hide(subject.view, subject.mark, rng)
            shot = shoot(view, rng, LEGIBLE)
        if answer.whole == 0.0:
            return cut(shot, rng, LEGIBLE), answer


def main(given: list[str]) -> None:
    """Print, for each kind, how often the reader calls it a plate, and all of one."""
    parser = argparse.ArgumentParser(description="Score the reader's judgement of itself")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400, help="patches a kind")
    parser.add_argument("--seed", type=int, default=606)
    chosen = parser.parse_args(given)
    torch.set_num_threads(1)
    net = ReaderNet().eval()
    start_from(net, load_weights(chosen.weights))
    for kind in KINDS:
        rng = np.random.default_rng((chosen.seed, KINDS.index(kind)))
        patches = np.stack([patch_of(kind, rng)[0] for _ in range(chosen.count)])
        with torch.no_grad():
            names, judged = net(torch.from_numpy(patches[:, None].astype(np.float32) / 255))
        plate, whole = judged.sigmoid().numpy().T
        text = (names.argmax(2) != BLANK).sum(1).numpy() >= 2
        print(
            f"{kind}: of {chosen.count} a plate {np.mean(plate >= 0.5):.3f},"
            f" all of it {np.mean(whole >= 0.5):.3f}, two characters or more {text.mean():.3f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
