"""Labelled pictures: a folder with a labels.csv, as `../shared/plates` has them.

Columns: file, plate, x, y, w, h (px, from the top left), status, country and others. Rows of
status `verified` are scored; every other box is there so that what is read on it counts neither
way.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from outrider.vrm import VrmError, normalise

LABELS_NAME = "labels.csv"
_SCORED = "verified"
_COLUMNS = {"file", "plate", "x", "y", "w", "h", "status"}


class LabelError(ValueError):
    """Labels cannot be used: which file and line, and what is wrong."""


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box (x, y, w, h, px) with its mark; scored: verified by eye."""

    mark: str
    box: tuple[float, float, float, float]
    scored: bool

    @property
    def height_px(self) -> float:
        """Height of the box."""
        return self.box[3]


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture and all of its boxes."""

    path: Path
    boxes: tuple[LabelledBox, ...]


def load(folder: Path, only: Sequence[Path] = (), split: str = "") -> list[LabelledPicture]:
    """Return the pictures of a folder's labels.csv, in its order.

    only: CSVs with a column `file`, such as a held-out split: pictures in none of them are left
    out. split: only rows whose column `split` says so. A row without a box stands for a picture
    without plates. Raises LabelError where a file cannot be read or a row makes no sense.
    """
    labels = folder / LABELS_NAME
    boxes: dict[str, list[LabelledBox]] = {}
    for line, row in _rows(labels, _COLUMNS | ({"split"} if split else set())):
        if split and row["split"] != split:
            continue
        found = boxes.setdefault(row["file"], [])
        if row["w"]:
            found.append(_box(row, f"{labels}:{line}"))
    wanted = {row["file"] for split in only for _, row in _rows(split, {"file"})}
    pictures = [
        LabelledPicture(folder / name, tuple(found))
        for name, found in boxes.items()
        if not only or name in wanted
    ]
    if not pictures:
        chosen = bool(only or split)
        raise LabelError(f"{labels}: no picture" + (" that the split names" if chosen else ""))
    return pictures


def _rows(path: Path, needed: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if missing := needed - set(reader.fieldnames or ()):
                raise LabelError(f"{path}: no column {', '.join(sorted(missing))}")
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"{path}: cannot be read: {error}") from error


def _box(row: dict[str, str], where: str) -> LabelledBox:
    try:
        x, y, w, h = (float(row[name]) for name in "xywh")
    except ValueError as error:
        raise LabelError(f"{where}: x, y, w, h: {error}") from error
    scored = row["status"] == _SCORED
    try:
        mark = normalise(row["plate"]) if row["plate"] else ""
    except VrmError as error:
        if scored:
            raise LabelError(f"{where}: {error}") from error
        mark = ""
    if scored and not mark:
        raise LabelError(f"{where}: verified, but no mark")
    return LabelledBox(mark, (x, y, w, h), scored)
