"""Plates to learn from: those of the road, and more of what is rare there and hard to read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from font_faces import FontFace, plate_fonts

from outrider.plates.damage import damaged
from outrider.plates.marks import AREA_LETTERS, letters
from outrider.plates.spec import BLACK, Band, Bolt, PlateSpec, Rgb
from outrider.plates.style import random_spec

Rng = np.random.Generator
OLD_MIX: Final = {"suffix": 0.4, "dateless": 0.4, "northern_ireland": 0.2}
ALIKE_LETTERS: Final = "MWNHHVYKRXGOCQDUBPFETL"
ALIKE_DIGITS: Final = "0013445667789"
FONT_SHARE: Final = 0.4
DARK_GROUND: Final = 110
OVAL_SHARE: Final = 0.05
OVAL_WIDTH_MM: Final = 62.0
_TRIES: Final = 60


@dataclass(frozen=True, slots=True)
class HardShares:
    """Share of plates made sure to be in two lines, of those silver on black, and others."""

    two_line: float
    black: float
    alike: float = 0.0
    """Of marks made of characters that are taken for each other."""
    bolted: float = 0.0
    """Of plates with bolts, caps or screws anywhere, in the letters too."""
    short: float = 0.0
    """Of marks of two to five characters on a plate cut to fit them."""


def hard_spec(rng: Rng, shares: HardShares, mix: dict[str, float] | None = None) -> PlateSpec:
    """A random plate by `mix`, of which the shares are of a hard kind; some bent or hidden."""
    chance = rng.random()
    if chance < shares.black:
        spec = _wanted(rng, OLD_MIX, black=True)
    elif chance < shares.black + shares.two_line:
        spec = _wanted(rng, mix, black=False)
    elif chance < shares.black + shares.two_line + shares.short:
        spec = _short(rng)
    else:
        spec = random_spec(rng, mix=mix)
    if len(spec.lines) == 1 and spec.band is None and rng.random() < OVAL_SHARE:
        letters = str(rng.choice(["GB", "UK", "IRL", "D", "NL", "F"]))
        spec = replace(spec, band=Band("oval", letters, OVAL_WIDTH_MM))
    if rng.random() < shares.alike:
        spec = replace(spec, lines=tuple(_alike(line, rng) for line in spec.lines))
    if rng.random() < shares.bolted:
        spec = replace(spec, bolts=_bolts_anywhere(spec, rng))
    if spec.face is None and "foreign" in spec.tags and plate_fonts() and rng.random() < FONT_SHARE:
        spec = _in_a_font(spec, rng)
    return damaged(rng, spec)


def _short(rng: Rng) -> PlateSpec:
    """A dateless mark of two to five characters on a plate not much wider than it."""
    head = letters(rng, AREA_LETTERS, int(rng.integers(1, 4)))
    most = min(3, 5 - len(head))
    number = str(int(rng.integers(1, 10 ** int(rng.integers(1, most + 1)))))
    mark = f"{head} {number}" if rng.random() < 0.55 else f"{number} {head}"
    spec = random_spec(rng, mark=mark, family="dateless")
    if len(spec.lines) > 1:
        return spec
    each = spec.glyphs.width_mm + spec.gap_mm
    ink = each * (len(mark) - 1) + spec.group_gap_mm
    band = spec.band.width_mm if spec.band else 0.0
    return replace(spec, width_mm=band + ink + float(rng.uniform(24, 110)), bolts=())


def _alike(line: str, rng: Rng) -> str:
    """The line with about half of its characters made of those that are mistaken for others."""
    return "".join(
        c if c == " " or rng.random() < 0.5
        else str(rng.choice(list(ALIKE_DIGITS if c.isdigit() else ALIKE_LETTERS)))
        for c in line
    )  # fmt: skip


def _bolts_anywhere(spec: PlateSpec, rng: Rng) -> tuple[Bolt, ...]:
    """One to four fixings, mostly at the characters' height."""
    colours: tuple[Rgb, ...] = (spec.background, spec.ink, (200, 200, 205), (110, 100, 90), BLACK)
    colour = colours[int(rng.integers(len(colours)))]
    return tuple(
        Bolt(
            float(rng.uniform(0.04, 0.96)) * spec.width_mm,
            float(np.clip(rng.normal(0.5, 0.18), 0.08, 0.92)) * spec.height_mm,
            float(rng.uniform(3.0, 9.5)),
            colour,
        )
        for _ in range(int(rng.integers(1, 5)))
    )


def _in_a_font(spec: PlateSpec, rng: Rng) -> PlateSpec:
    """The plate in an installed font's capitals."""
    found = plate_fonts()
    return replace(spec, face=FontFace(found[int(rng.integers(len(found)))]))


def _wanted(rng: Rng, mix: dict[str, float] | None, *, black: bool) -> PlateSpec:
    """The first plate that is dark (or in two lines); after many tries the last one."""
    for _ in range(_TRIES):
        spec = random_spec(rng, mix=mix)
        if (spec.background[0] < DARK_GROUND) if black else len(spec.lines) == 2:
            break
    return spec
