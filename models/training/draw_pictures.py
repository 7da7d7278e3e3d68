"""Make labelled pictures with drawn plates in real scenes, to fit the confidence on too.

    python models/training/draw_pictures.py --real ../shared/plates --out /tmp/drawn --count 500
    outrider bench accuracy ... --fit-calibration --drawn /tmp/drawn

Heights, light and sharpness as the scenes have them; some of the pictures show lettering, and some
went through a recorder's codec. They hold parts of real scenes: keep them out of the repository.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from detector_composite import Corners, lit, paint_over, paste, seen_corners
from detector_data import (
    Grey,
    Rng,
    Source,
    box_corners,
    cut_view,
    degrade,
    judged,
    moved,
    pick_scene,
    random_view,
    real_sources,
)
from detector_targets import extent
from font_faces import fonts
from hard_plates import HardShares, hard_spec
from lettering import lettering
from reader_data import TRAINING_MIX
from video_chain import through_video

from outrider.plates.draw import draw_plate

SIZE: Final = (480, 640)
SHARES: Final = HardShares(two_line=0.06, black=0.05, alike=0.15, bolted=0.15, short=0.04)
MIX: Final = TRAINING_MIX | {"current": 0.7, "foreign": 0.12}
USUAL_WIDTH_MM: Final = 405.0
LETTERING_SHARE: Final = 0.4
VIDEO_SHARE: Final = 0.25
Row = tuple[str, str, float, float, float, float, str, str]


def drawn_picture(
    name: str, sources: list[Source], rng: Rng, shares: HardShares = SHARES
) -> tuple[Grey, list[Row]] | None:
    """A view of a real scene with drawn plates in the place of its own; None where it has none."""
    chosen = pick_scene(sources, rng)
    matrix = random_view(chosen, SIZE, rng)
    if np.linalg.det(matrix[:, :2]) < 0:
        return None
    picture = cut_view(chosen.picture, matrix, SIZE)
    rows = []
    for box in chosen.boxes:
        old = judged(moved(box_corners(box), matrix), False, SIZE)
        if old is not None:
            rows.append(_row(name, *_replaced(picture, old.corners, old.ignored, rng, shares)))
    if not any(row[6] == "verified" for row in rows):
        return None
    if fonts() and rng.random() < LETTERING_SHARE:
        _letter(picture, rows, rng)
    picture = degrade(picture, rng)
    if rng.random() < VIDEO_SHARE:
        (picture,) = through_video([picture], rng)
    return picture, rows


def _replaced(
    picture: Grey, old: Corners, ignored: bool, rng: Rng, shares: HardShares
) -> tuple[str, Corners, str]:
    """The mark put in a plate's place, its corners, and whether it is one to score."""
    left, _, right, _ = extent(old)
    if ignored or right - left < 24:
        return "", old, "box"
    low, high = paint_over(picture, old)
    spec = hard_spec(rng, shares, MIX)
    grey = draw_plate(spec, 0.8).rgb.astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32)
    plate = lit(np.clip(grey, 0, 255).astype(np.uint8), low, high, rng)
    width = (right - left) * (0.7 if plate.shape[0] > 0.5 * plate.shape[1] else 1.0)
    if len(spec.lines) == 1:
        width *= min(1.0, spec.width_mm / USUAL_WIDTH_MM)  # a short plate's letters are as high
    corners = seen_corners(plate, width * float(rng.uniform(0.85, 1.15)), rng) + old.mean(axis=0)
    target = judged(corners, True, SIZE)
    paste(picture, plate, corners, rng)
    scored = target is not None and not target.ignored
    return spec.mark, corners, "verified" if scored else "partial"


def _row(name: str, mark: str, corners: Corners, status: str) -> Row:
    left, top, right, bottom = (round(float(v), 1) for v in extent(corners))
    return (name, mark, left, top, right - left, bottom - top, status, "drawn")


def _letter(picture: Grey, rows: list[Row], rng: Rng) -> None:
    """Put a piece of lettering where no plate is, in place."""
    view = scene_of_letters(rng)
    height = float(np.exp(rng.uniform(np.log(10), np.log(50))))
    corners = seen_corners(view, height * view.shape[1] / view.shape[0], rng)
    corners += np.array([rng.uniform(60, SIZE[1] - 60), rng.uniform(40, SIZE[0] - 40)], np.float32)
    left, top, right, bottom = extent(corners)
    clear = all(
        right < x - 8 or left > x + w + 8 or bottom < y - 8 or top > y + h + 8
        for _, _, x, y, w, h, *_ in rows
    )
    if clear:
        paste(picture, view, corners, rng)


def scene_of_letters(rng: Rng) -> Grey:
    """A piece of lettering with some of its sign around it."""
    view = lettering(rng)
    return np.clip(view.grey, 0, 255).astype(np.uint8)


def main() -> None:
    """Write the pictures and their labels.csv."""
    parser = argparse.ArgumentParser(description="Draw labelled pictures")
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--short-share", type=float, default=SHARES.short, help="of short marks")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    sources = real_sources(args.real)
    shares = replace(SHARES, short=args.short_share)
    rows: list[Row] = []
    made = tried = 0
    while made < args.count:
        rng = np.random.default_rng((args.seed, tried))
        tried += 1
        name = f"drawn_{made:05d}.png"
        drawn = drawn_picture(name, sources, rng, shares)
        if drawn is not None:
            cv2.imwrite(str(args.out / name), drawn[0])
            rows += drawn[1]
            made += 1
    with (args.out / "labels.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("file", "plate", "x", "y", "w", "h", "status", "country"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
