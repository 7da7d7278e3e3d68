"""Meet what was read on pictures with what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from outrider.bench.labels import LabelledBox, LabelledPicture
from outrider.records import Image
from outrider.unit.recognise.detect import iou
from outrider.unit.recognise.still import StillPlate
from outrider.vrm import Family, family, fold

_DARK_BELOW, _DIM_BELOW = 90.0, 150.0
_SAME_PLACE_IOU = 0.2  # boxes drawn by people are loose, and some plates are a few px high


class Colour(StrEnum):
    """Ground of a plate as it looks, measured on its middle: no label tells it."""

    WHITE = "white or grey"
    YELLOW = "yellow"
    BLACK = "black"


class Light(StrEnum):
    """How bright the plate is in the picture: its ground, or on a dark plate its characters."""

    DARK = "dark"
    DIM = "dim"
    BRIGHT = "bright"


@dataclass(frozen=True, slots=True)
class ScoredPlate:
    """A verified plate and the read that was given of it, if any."""

    picture: str
    truth: LabelledBox
    family: Family
    colour: Colour
    light: Light
    read: StillPlate | None

    @property
    def exact(self) -> bool:
        """Whether the mark is right as given."""
        return self.read is not None and self.read.text.vrm == self.truth.mark

    @property
    def right(self) -> bool:
        """Whether it is right with O as 0 and I as 1, which are drawn alike."""
        return self.read is not None and fold(self.read.text.vrm) == fold(self.truth.mark)


@dataclass(frozen=True, slots=True)
class Scored:
    """All that was scored. elsewhere: reads on no box at all; pictures: how many were looked at."""

    plates: tuple[ScoredPlate, ...]
    elsewhere: tuple[StillPlate, ...]
    pictures: int

    def plus(self, other: "Scored") -> "Scored":
        """Return both together."""
        return Scored(
            self.plates + other.plates,
            self.elsewhere + other.elsewhere,
            self.pictures + other.pictures,
        )


def score_picture(
    picture: LabelledPicture, image: Image, reads: Sequence[StillPlate], on: date
) -> Scored:
    """Give each read to the box that it overlaps most; image: uint8 H x W x 3, RGB.

    Of several reads on one box the surest counts. A read on a box that is not scored counts
    neither way; one on no box counts as elsewhere.
    """
    owners = [_owner(picture.boxes, read) for read in reads]
    plates = []
    for index, truth in enumerate(picture.boxes):
        if not truth.scored:
            continue
        own = [read for read, owner in zip(reads, owners, strict=True) if owner == index]
        best = max(own, key=lambda read: read.text.confidence, default=None)
        colour, light = ground_of(image, truth.box), light_of(image, truth.box)
        name = family(truth.mark, on)
        plates.append(ScoredPlate(str(picture.path), truth, name, colour, light, best))
    elsewhere = tuple(read for read, owner in zip(reads, owners, strict=True) if owner is None)
    return Scored(tuple(plates), elsewhere, 1)


def _owner(boxes: Sequence[LabelledBox], read: StillPlate) -> int | None:
    found = _corner_box(read.box)
    overlaps = [_nearness(_corner_box(one.box), found) for one in boxes]
    best = int(np.argmax(overlaps)) if overlaps else 0
    return best if overlaps and overlaps[best] >= _SAME_PLACE_IOU else None


def _nearness(truth: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Return the overlap, or just enough where each holds the other's centre."""
    centre, other = (found[:2] + found[2:]) / 2, (truth[:2] + truth[2:]) / 2
    inside = bool(((centre > truth[:2]) & (centre < truth[2:])).all())
    holds = bool(((other > found[:2]) & (other < found[2:])).all())
    return max(iou(truth, found), _SAME_PLACE_IOU if inside and holds else 0.0)


def _corner_box(box: tuple[float, float, float, float]) -> NDArray[np.float64]:
    x, y, w, h = box
    return np.array([x, y, x + w, y + h], np.float64)


def ground_of(image: Image, box: tuple[float, float, float, float]) -> Colour:
    """Return the colour of a plate's ground: the brighter half of a light plate's pixels.

    On a black plate the characters are the fewer, brighter pixels, so that the mean lies nearer
    the dark end of the plate's own range.
    """
    pixels = _middle(image, box)
    if not pixels.size:
        return Colour.WHITE
    grey = pixels.mean(axis=1)
    low, high = np.percentile(grey, [5, 95])
    if np.median(grey) < low + 0.4 * (high - low):
        return Colour.BLACK
    red, green, blue = pixels[grey >= np.median(grey)].mean(axis=0)
    return Colour.YELLOW if (red + green) / 2 - blue > 0.18 * max(red, green, 1) else Colour.WHITE


def light_of(image: Image, box: tuple[float, float, float, float]) -> Light:
    """Return how bright a plate is: the level, 0 to 255, that a tenth of its pixels reach."""
    pixels = _middle(image, box)
    level = float(np.percentile(pixels.mean(axis=1), 90)) if pixels.size else 255.0
    if level < _DARK_BELOW:
        return Light.DARK
    return Light.DIM if level < _DIM_BELOW else Light.BRIGHT


def _middle(image: Image, box: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Return the pixels of a box without its rim, n x 3."""
    x, y, w, h = (round(value) for value in box)
    middle = image[max(0, y + h // 8) : y + h - h // 8, max(0, x + w // 16) : x + w - w // 16]
    return np.asarray(middle, np.float64).reshape(-1, 3)
