"""Find what the detector takes for plates in its training pictures, to look there more often.

    python models/training/mine_negatives.py --model FILE.tflite --real ../shared/plates --out FILE

Writes JSON lines ``[source, scene index, x, y, height]`` for detections off every box. Some of
them are plates that nobody boxed: that is why the loss doubts small ones, and why it pays to look
at the sheet of crops that ``--sheet`` writes before using the list.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from detector_data import Grey, Scene, real_sources
from score_detector import Seen, TfliteMaps, boxes_of, find

LEAST_SCORE = 0.3
ROOM = 0.3


def off_every_box(scene: Scene, seen: Seen) -> list[tuple[float, float, float]]:
    """Return x, y of the centre and height of detections that touch no labelled box."""
    out = []
    for left, top, right, bottom in boxes_of(seen.corners[seen.scores >= LEAST_SCORE]):
        x, y, w, h = scene.boxes.T if len(scene.boxes) else np.zeros((4, 0))
        clear = (
            (right < x - ROOM * w)
            | (left > x + (1 + ROOM) * w)
            | (bottom < y - ROOM * h)
            | (top > y + (1 + ROOM) * h)
        )
        if clear.all():
            out.append(((left + right) / 2, (top + bottom) / 2, bottom - top))
    return out


def crop(picture: Grey, x: float, y: float, height: float) -> Grey:
    """Cut a 160 x 80 px look at a place, for the sheet."""
    half = max(12.0, 1.5 * height)
    matrix = np.array([[40 / half, 0, 80 - 40 / half * x], [0, 40 / half, 40 - 40 / half * y]])
    return np.asarray(cv2.warpAffine(picture, matrix, (160, 80)), np.uint8)


def main() -> None:
    """Mine as the command line says."""
    parser = argparse.ArgumentParser(description="Mine the detector's false answers.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sheet", type=Path, help="PNG of the first 120 crops")
    args = parser.parse_args()
    maps = TfliteMaps(args.model)
    crops: list[Grey] = []
    with args.out.open("w", encoding="utf-8") as out:
        for source in real_sources(args.real):
            for index, scene in enumerate(source.scenes):
                for x, y, height in off_every_box(scene, find(maps, scene.picture)):
                    out.write(json.dumps([source.name, index, x, y, height]) + "\n")
                    crops.append(crop(scene.picture, x, y, height))
    print(f"{len(crops)} places")
    if args.sheet and crops:
        step = max(1, len(crops) // 120)
        shown = crops[::step][:120]
        shown += [np.zeros((80, 160), np.uint8)] * (-len(shown) % 10)
        rows = [np.hstack(shown[i : i + 10]) for i in range(0, len(shown), 10)]
        cv2.imwrite(str(args.sheet), np.vstack(rows))


if __name__ == "__main__":
    main()
