"""What a plate looks like (`PlateSpec`) and its drawing (`PlateImage`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from outrider.plates.glyphs import CAR, MOTORCYCLE, Contours, GlyphStyle

Rgb = tuple[int, int, int]
RgbImage = npt.NDArray[np.uint8]

BandKind = Literal["eu", "flag", "uk", "green", "plain", "oval"]
CoverKind = Literal["hitch", "tape", "blob"]
SeparatorKind = Literal["", "dot", "dash", "seals"]

WHITE: Final[Rgb] = (232, 232, 228)
YELLOW: Final[Rgb] = (240, 186, 32)
BLACK: Final[Rgb] = (24, 24, 26)
SILVER: Final[Rgb] = (205, 207, 210)
BAND_BLUE: Final[Rgb] = (28, 66, 160)
BAND_GREEN: Final[Rgb] = (0, 160, 90)


@dataclass(frozen=True, slots=True)
class Band:
    """The coloured strip at the left edge: national band, or the green flash."""

    kind: BandKind
    letters: str = "GB"
    width_mm: float = 44.0
    colour: Rgb = BAND_BLUE


@dataclass(frozen=True, slots=True)
class Bolt:
    """A fixing or its cap; position in mm from the plate's top left."""

    x_mm: float
    y_mm: float
    radius_mm: float = 6.0
    colour: Rgb = (200, 200, 200)


@dataclass(frozen=True, slots=True)
class Cover:
    """What hides a part of the plate: a tow ball on its neck, a strip of tape, a leaf or mud.

    Centre and size in mm from the plate's top left; `turn_deg` turns a strip or blob.
    """

    kind: CoverKind
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    turn_deg: float = 0.0
    colour: Rgb = (30, 30, 32)


class Face(Protocol):
    """Letter shapes other than the built ones; lengths in mm at the style's height."""

    def outlines(self, character: str, style: GlyphStyle) -> tuple[Contours, ...]:
        """Return the filled shapes of 0-9 or A-Z from the character's top left."""
        ...

    def width_mm(self, character: str, style: GlyphStyle) -> float:
        """Return the character's width without the gap."""
        ...


@dataclass(frozen=True, slots=True)
class PlateSpec:
    """One plate. `lines` hold the mark with its group gaps as spaces, top line first."""

    lines: tuple[str, ...]
    width_mm: float = 520.0
    height_mm: float = 111.0
    glyphs: GlyphStyle = CAR
    gap_mm: float = 11.0
    group_gap_mm: float = 33.0
    line_gap_mm: float = 19.0
    background: Rgb = WHITE
    ink: Rgb = BLACK
    band: Band | None = None
    border_mm: float = 0.0
    """Stroke of the line along the edge; 0 for none."""
    bolts: tuple[Bolt, ...] = ()
    supplier: str = ""
    """Small print under the mark (dealer, BS AU 145 line)."""
    relief: float = 0.0
    """0 flat print; up to 1 for pressed, 3D or gel characters with lit and dark edges."""
    dirt: float = 0.0
    """0 clean to 1 filthy."""
    shift_mm: tuple[float, float] = (0.0, 0.0)
    """The whole mark off centre, right and down."""
    seed: int = 0
    """Of the dirt and of the dents."""
    bend: float = 0.0
    """0 flat to 1 badly bent, creased or with a corner folded; the corners stay where they are."""
    covers: tuple[Cover, ...] = ()
    face: Face | None = None
    separator: SeparatorKind = ""
    """What stands in the gaps between groups, as abroad."""
    tags: frozenset[str] = field(default_factory=frozenset)

    @property
    def mark(self) -> str:
        """The mark as one string without spaces."""
        return "".join(self.lines).replace(" ", "")


@dataclass(frozen=True, slots=True)
class CharBox:
    """Where a character stands in the drawing, px."""

    character: str
    x0_px: float
    y0_px: float
    x1_px: float
    y1_px: float


@dataclass(frozen=True, slots=True)
class PlateImage:
    """A drawn plate, filling the picture: `rgb` uint8 [H, W, 3]; characters in reading order."""

    rgb: RgbImage
    characters: tuple[CharBox, ...]


def one_line(mark: str, *, background: Rgb = WHITE) -> PlateSpec:
    """The ordinary 520 x 111 mm plate; `mark` with its space."""
    return PlateSpec((mark,), background=background)


def two_line(top: str, bottom: str, *, background: Rgb = YELLOW) -> PlateSpec:
    """The square 285 x 203 mm plate."""
    return PlateSpec((top, bottom), 285.0, 203.0, background=background)


def motorcycle(top: str, bottom: str) -> PlateSpec:
    """A motorcycle's rear plate, 229 x 164 mm."""
    return PlateSpec((top, bottom), 229.0, 164.0, MOTORCYCLE, 10.0, 30.0, 13.0, background=YELLOW)
