"""Compare what the models said on aarch64 with what they said on x86-64; exit 1 where they differ.

Usage: python compare.py FOLDER     (with RUNTIME.x86_64.npz and RUNTIME.aarch64.npz)
"""

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from run_models import MODELS, PRECISIONS

from outrider.records import Corners
from outrider.unit.recognise.detect import corners_at, distinct, peaks
from outrider.unit.recognise.manifest import open_store
from outrider.unit.recognise.network import Tensor
from outrider.unit.recognise.patch_geometry import PATCH_H_PX, PATCH_W_PX
from outrider.unit.recognise.read import ALPHABET
from outrider.vrm import fold

LEAST_SAME = 0.99
UNUSED = ("tflite-runtime", "int8")
"""The unit runs float on tflite-runtime 2.14, which is faster there: shown, but not judged."""
CORNER_LIMIT_PX = 1.0
"""Corners further apart than this are not the same corners."""

Outputs = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of so many inputs came out the same, and the largest difference of a number."""

    same: int
    of: int
    largest: str

    @property
    def enough(self) -> bool:
        """Whether something was compared, and 99 % of it is the same."""
        return self.of > 0 and self.same >= LEAST_SAME * self.of


def readers(first: Tensor, second: Tensor) -> Agreement:
    """Compare reader outputs, n x 9 x 37, by the mark of the likeliest characters."""
    same = sum(_mark(one) == _mark(other) for one, other in zip(first, second, strict=True))
    return Agreement(same, len(first), f"{np.abs(first - second).max():.1e} of a probability")


def _mark(rows: Tensor) -> str:
    return fold("".join(ALPHABET[i] for i in rows.argmax(axis=1)).rstrip("-"))


def straighteners(first: Tensor, second: Tensor) -> Agreement:
    """Compare straightener outputs, n x 8, as corners in px of the patch."""
    apart = np.abs((first - second).reshape(-1, 4, 2) * (PATCH_W_PX, PATCH_H_PX)).max(axis=(1, 2))
    return Agreement(int((apart <= CORNER_LIMIT_PX).sum()), len(apart), f"{apart.max():.1e} px")


def detectors(
    first: list[list[Corners]], second: list[list[Corners]], heat_apart: float
) -> Agreement:
    """Compare the plates found in each frame, in any order; each is one input."""
    nearest = [
        min((float(np.abs(plate - other).max()) for other in others), default=np.inf)
        for mine, others in [*zip(first, second, strict=True), *zip(second, first, strict=True)]
        for plate in mine
    ]
    same = sum(apart <= CORNER_LIMIT_PX for apart in nearest)
    largest = f"{max(nearest, default=np.inf):.1e} px, {heat_apart:.1e} of a score"
    # Each plate was looked for from both sides; a plate of one side alone counts against.
    return Agreement(same // 2, -(-len(nearest) // 2), largest)


def found(heats: Tensor, offsets: Tensor) -> list[list[Corners]]:
    """Return each frame's plates, k x 4 x 2 px, as the unit's detector decodes them."""
    models = open_store().manifest.detector
    plates: list[list[Corners]] = []
    for heat, offset in zip(heats[..., 0], offsets, strict=True):
        cells = peaks(heat, models.score_threshold)
        corners = corners_at(heat, offset, cells, models.stride_px)
        kept = distinct(corners, heat[cells[:, 0], cells[:, 1]])
        plates.append([np.asarray(one, np.float32) for one in corners[kept]])
    return plates


def compare(name: str, first: Outputs, second: Outputs) -> Agreement:
    """Compare one model's outputs."""
    if name.startswith("reader"):
        return readers(first[f"{name}.37"], second[f"{name}.37"])
    if name.startswith("straightener"):
        return straighteners(first[f"{name}.8"], second[f"{name}.8"])
    heats = first[f"{name}.1"], second[f"{name}.1"]
    mine, theirs = (found(one[f"{name}.1"], one[f"{name}.8"]) for one in (first, second))
    return detectors(mine, theirs, float(np.abs(heats[0] - heats[1]).max()))


def main(folder: Path) -> int:
    """Print the table; return 1 where a model agrees on under 99 %."""
    print(f"{'runtime (x86-64 / aarch64)':<34} {'model':<22} {'same':>9}  largest difference")
    wrong = 0
    for runtime in ("ai-edge-litert", "tflite-runtime"):
        sides = [dict(np.load(folder / f"{runtime}.{m}.npz")) for m in ("x86_64", "aarch64")]
        machines, versions = zip(*(side["made_by"] for side in sides), strict=True)
        if machines != ("x86_64", "aarch64"):
            raise SystemExit(f"compare.py: made on {machines}, one x86_64 and one aarch64 expected")
        for model, precision in itertools.product(MODELS, PRECISIONS):
            name = f"{model}_{precision}"
            got = compare(name, *sides)
            used = (runtime, precision) != UNUSED
            wrong += used and not got.enough
            said = (
                "" if got.enough else "  DIFFERS" if used else "  differs; not what the unit runs"
            )
            print(
                f"{runtime + ' ' + ' / '.join(versions):<34} {name:<22}"
                f" {f'{got.same}/{got.of}':>9}  {got.largest}{said}"
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
