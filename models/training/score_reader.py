"""Score a reader on real plates at their labelled boxes and on rendered plates by height.

    python models/training/score_reader.py --model models/reader_int8.tflite --real ../shared/plates

`--model` is a .tflite file or a state (.pt). Marks are compared folded (O as 0, I as 1).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from camera_model import Severity
from reader_data import rendered_patch
from reader_real import RealPlate, box_corners, parts, plain_patch
from reader_text import Patches, decode, folded

from outrider.unit.devices.tflite import choose_runtime, open_network
from outrider.unit.recognise.manifest import choose_straightener, open_store
from outrider.unit.recognise.patch_contrast import stretch_contrast
from outrider.unit.recognise.patch_geometry import cut_patch
from outrider.unit.recognise.straighten import Straightener

Probabilities = npt.NDArray[np.float32]
Reader = Callable[[Patches], Probabilities]
Cut = Callable[[RealPlate], Patches]
HEIGHT_BANDS: Final = ((8, 12), (12, 16), (16, 20), (20, 30), (30, 50), (50, 80))


def load_reader(path: Path) -> Reader:
    """A function from one patch to its [9, 37] probabilities, for either kind of file."""
    if path.suffix == ".tflite":
        return _tflite_reader(path)
    return _torch_reader(path)


def _torch_reader(path: Path) -> Reader:
    import torch
    from reader_net import ReaderNet
    from train_reader import load_weights, start_from

    torch.set_num_threads(1)
    net = ReaderNet().eval()
    start_from(net, load_weights(path))

    def read(patch: Patches) -> Probabilities:
        with torch.no_grad():
            logits, _ = net(torch.from_numpy(patch[None, None].astype(np.float32) / 255))
        return np.asarray(logits.softmax(2)[0].numpy(), np.float32)

    return read


def _tflite_reader(path: Path) -> Reader:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter
    runner = Interpreter(str(path), num_threads=1)
    runner.allocate_tensors()
    (given,) = runner.get_input_details()
    made = max(runner.get_output_details(), key=lambda one: int(np.prod(one["shape"])))

    def read(patch: Patches) -> Probabilities:
        value = patch[None, ..., None].astype(np.float32) / 255
        if given["dtype"] == np.int8:
            scale, zero = given["quantization"]
            value = np.clip(np.round(value / scale) + zero, -128, 127).astype(np.int8)
        runner.set_tensor(given["index"], value)
        runner.invoke()
        out = runner.get_tensor(made["index"])[0]
        if made["dtype"] == np.int8:
            scale, zero = made["quantization"]
            out = (out.astype(np.float32) - zero) * scale
        return np.asarray(out, np.float32)

    return read


def confidence(probabilities: Probabilities) -> float:
    """Product of the slots' best probabilities, O/0 and I/1 taken together."""
    pooled = probabilities.copy()
    pooled[:, 0] += pooled[:, 24]
    pooled[:, 1] += pooled[:, 18]
    return float(pooled.max(1).prod())


def straightened_patches(models: Path) -> Cut:
    """A cutter that moves the labelled box onto the plate's corners first, as the run-time does."""
    store = open_store(models)
    choice = choose_runtime()
    listed = store.manifest.straightener
    if listed is None:
        raise ValueError(f"{models}: the manifest lists no straightener")
    variant = choose_straightener(listed, choice.precision)
    straightener = Straightener(open_network(store, variant, choice))

    def cut(plate: RealPlate) -> Patches:
        grey = np.asarray(cv2.cvtColor(plate.picture, cv2.COLOR_BGR2GRAY), np.uint8)
        corners = straightener.straighten(grey, box_corners(plate.box))
        return stretch_contrast(cut_patch(grey, corners))

    return cut


def score_real(
    read: Reader, root: Path, part: str, misses: Path | None, cut: Cut = plain_patch
) -> None:
    """Print the read rate of each folder, of all and of plates at least 20 px high."""
    tiles: list[npt.NDArray[np.uint8]] = []
    for folder, plates in parts(root, part):
        rows = [_score_one(read, plate, cut) for plate in plates]
        tall = [right for right, height in rows if height >= 20]
        every = [right for right, _ in rows]
        print(
            f"{folder}_{part}: {np.mean(every):.3f} of {len(every)}, "
            f">= 20 px {np.mean(tall):.3f} of {len(tall)}"
        )
        if misses and folder != "detect":
            tiles += [
                _tile(read, p, cut) for p, (right, _) in zip(plates, rows, strict=True) if not right
            ]
    if misses and tiles:
        cv2.imwrite(str(misses), _sheet(tiles))


def _score_one(read: Reader, plate: RealPlate, cut: Cut) -> tuple[bool, float]:
    text = decode(read(cut(plate)).argmax(1))
    return folded(text) == folded(plate.mark), plate.box[3]


def _tile(read: Reader, plate: RealPlate, cut: Cut) -> npt.NDArray[np.uint8]:
    patch = cut(plate)
    found = read(patch)
    tile = np.zeros((160, 264), np.uint8)
    tile[28:156, 4:260] = cv2.resize(patch, (256, 128), interpolation=cv2.INTER_CUBIC)
    label = f"{plate.mark} as {decode(found.argmax(1))} {confidence(found):.2f} h{plate.box[3]:.0f}"
    cv2.putText(tile, label, (4, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 255, 1, cv2.LINE_AA)
    return tile


def _sheet(tiles: list[npt.NDArray[np.uint8]], columns: int = 4) -> npt.NDArray[np.uint8]:
    blank = np.zeros_like(tiles[0])
    tiles = tiles + [blank] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])


def score_rendered(read: Reader, count: int, seed: int) -> None:
    """Print the read rate on rendered plates by height, and how well confidence tells."""
    sure: list[tuple[float, bool]] = []
    for low, high in HEIGHT_BANDS:
        rng = np.random.default_rng((seed, low))
        severity = Severity(plate_height_px=(low, high))
        right = 0
        for _ in range(count):
            patch, target = rendered_patch(rng, severity)
            found = read(patch)
            hit = folded(decode(found.argmax(1))) == folded(decode(target))
            right += hit
            sure.append((confidence(found), hit))
        print(f"rendered {low}-{high} px: {right / count:.3f} of {count}")
    for floor in (0.5, 0.8, 0.9, 0.95, 0.99):
        kept = [hit for value, hit in sure if value >= floor]
        if kept:
            share = len(kept) / len(sure)
            print(f"confidence >= {floor}: {share:.3f} kept, {np.mean(kept):.4f} right")


def score_speed(read: Reader) -> None:
    """Print the least time of 200 patches, one at a time on one thread."""
    patch = np.zeros((64, 128), np.uint8)
    spent = []
    for _ in range(200):
        start = perf_counter()
        read(patch)
        spent.append(perf_counter() - start)
    print(f"ms a patch: {min(spent) * 1e3:.2f} least, {np.median(spent) * 1e3:.2f} median")


def main(arguments: list[str]) -> None:
    """Parse the command line and print the scores."""
    parser = argparse.ArgumentParser(description="Score a reader")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--real", type=Path, help="folder with gb/, drive/, detect/")
    parser.add_argument("--part", choices=("heldout", "train"), default="heldout")
    parser.add_argument("--straighten", type=Path, help="folder of models: straighten first")
    parser.add_argument("--rendered", type=int, default=200, help="plates a height band; 0: none")
    parser.add_argument("--seed", type=int, default=900)
    parser.add_argument("--misses", type=Path, help="PNG of what was not read, to look at")
    chosen = parser.parse_args(arguments)
    read = load_reader(chosen.model)
    if chosen.real:
        cut = straightened_patches(chosen.straighten) if chosen.straighten else plain_patch
        score_real(read, chosen.real, chosen.part, chosen.misses, cut)
    if chosen.rendered:
        score_rendered(read, chosen.rendered, chosen.seed)
    score_speed(read)


if __name__ == "__main__":
    main(sys.argv[1:])
