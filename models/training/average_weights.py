"""The mean of two readers' weights of one lineage: often better than either on plates never met.

    python models/training/average_weights.py --first reader_plus700k.pt --second DIR/last.pt \
        --share 0.3 --out mean.pt

`--share` is the first one's part. Heads that only the second has are taken as they are.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from loop import save_atomically
from torch import Tensor
from train_reader import load_weights


def mean_of(first: dict[str, Tensor], second: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights `share` of the first and the rest of the second, by name."""
    return {
        name: share * first[name] + (1 - share) * value
        if name in first and value.is_floating_point()
        else value
        for name, value in second.items()
    }


def main(given: list[str]) -> None:
    """Write the mean."""
    parser = argparse.ArgumentParser(description="Average two readers' weights")
    parser.add_argument("--first", type=Path, required=True)
    parser.add_argument("--second", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(given)
    first, second = load_weights(chosen.first), load_weights(chosen.second)
    save_atomically(mean_of(first, second, chosen.share), chosen.out)


if __name__ == "__main__":
    main(sys.argv[1:])
