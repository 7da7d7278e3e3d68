"""Plates that were read wrong, on one sheet to look at. It shows real marks: never keep it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from outrider.bench.scoring import ScoredPlate
from outrider.records import Image
from outrider.unit.devices.picture_files import read_rgb

_TILE_W_PX, _TILE_H_PX, _TEXT_H_PX = 240, 120, 44
_COLUMNS = 5
_MOST_TILES = 150
_INK = (20, 20, 20)


class SheetError(ValueError):
    """A sheet may not or cannot be written there."""


def write_sheet(plates: Sequence[ScoredPlate], path: Path) -> int:
    """Write a PNG of plates with the truth and what was read; return how many it shows.

    Raises SheetError for a path inside a Git checkout: pictures of real plates stay out of it.
    """
    refuse_in_checkout(path)
    shown = sorted(plates, key=lambda one: -one.truth.height_px)[:_MOST_TILES]
    rows = max(1, -(-len(shown) // _COLUMNS))
    cell_h = _TILE_H_PX + _TEXT_H_PX
    sheet = np.full((rows * cell_h, _COLUMNS * _TILE_W_PX, 3), 245, np.uint8)
    for i, plate in enumerate(shown):
        y, x = i // _COLUMNS * cell_h, i % _COLUMNS * _TILE_W_PX
        sheet[y : y + cell_h, x : x + _TILE_W_PX] = _tile(plate)
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise SheetError(f"{path}: cannot be written; name a file ending in .png")
    return len(shown)


def refuse_in_checkout(path: Path) -> None:
    """Raise SheetError if the path lies in a Git checkout."""
    for folder in path.resolve().parents:
        if (folder / ".git").exists():
            raise SheetError(f"{path}: lies in the checkout {folder}; name a place outside it")


def _tile(plate: ScoredPlate) -> Image:
    tile = np.full((_TILE_H_PX + _TEXT_H_PX, _TILE_W_PX, 3), 245, np.uint8)
    crop = _crop(read_rgb(Path(plate.picture)), plate.truth.box)
    scale = min((_TILE_W_PX - 6) / crop.shape[1], (_TILE_H_PX - 4) / crop.shape[0])
    size = (max(1, int(crop.shape[1] * scale)), max(1, int(crop.shape[0] * scale)))
    crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    tile[2 : 2 + size[1], 3 : 3 + size[0]] = crop
    read = plate.read
    said = f"{read.text.vrm} {read.text.confidence:.2f}" if read else "not found"
    for text, y in ((f"{plate.truth.mark}  {plate.truth.height_px:.0f} px", 16), (said, 36)):
        cv2.putText(tile, text, (4, _TILE_H_PX + y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, 16)
    return tile


def _crop(image: Image, box: tuple[float, float, float, float]) -> Image:
    x, y, w, h = box
    height, width = image.shape[:2]
    left, right = max(0, int(x - w * 0.2)), min(width, int(x + w * 1.2) + 2)
    top, bottom = max(0, int(y - h * 0.3)), min(height, int(y + h * 1.3) + 2)
    return image[top:bottom, left:right]
