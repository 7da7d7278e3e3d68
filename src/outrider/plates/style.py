"""Random plates as they are on the road: layouts, colours, bands, fixings, faces, faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from outrider.plates.glyphs import CAR, MOTORCYCLE, PRE_2001, GlyphStyle
from outrider.plates.marks import Rng, random_mark
from outrider.plates.spec import (
    BAND_BLUE,
    BAND_GREEN,
    BLACK,
    SILVER,
    WHITE,
    YELLOW,
    Band,
    Bolt,
    PlateSpec,
    Rgb,
    SeparatorKind,
)

OLD_FAMILIES: Final = frozenset({"suffix", "dateless", "northern_ireland"})
SUPPLIERS: Final = (
    "PLATES DIRECT  BS AU 145d", "NORTHGATE MOTORS", "Harbour Garage 01632 960017",
    "BS AU 145e  AB1 2CD", "West Street Cars", "www.example.co.uk",
)  # fmt: skip


def random_spec(
    rng: Rng,
    *,
    mark: str | None = None,
    family: str | None = None,
    rear: bool | None = None,
    mix: dict[str, float] | None = None,
) -> PlateSpec:
    """A plate with everything not given chosen at random.

    `mark` holds its group spaces; `family` is then its family (`outrider.plates.marks.FAMILIES`).
    """
    if mark is None:
        family, mark = random_mark(rng, mix)
    family = family or "current"
    if family == "foreign":
        return _foreign(rng, mark)
    rear = bool(rng.random() < 0.5) if rear is None else rear
    spec = _layout(rng, mark, family)
    spec = _coloured(rng, spec, family, rear)
    spec = _banded(rng, spec, family)
    return _worn(rng, spec)


def split_lines(mark: str) -> tuple[str, str] | None:
    """Top and bottom line of a two-line plate, or None where the mark has no place to break."""
    head, _, tail = mark.partition(" ")
    return (head, tail) if tail else None


def _layout(rng: Rng, mark: str, family: str) -> PlateSpec:
    halves = split_lines(mark)
    glyphs = _gb_glyphs(rng, family)
    chance = rng.random()
    if halves and chance < 0.10:
        width = 285.0 if len(max(halves, key=len)) <= 4 else 320.0
        return PlateSpec(halves, width, 203.0, glyphs)
    if halves and chance < 0.17:
        bike = replace(MOTORCYCLE, corner=glyphs.corner)
        return PlateSpec(halves, float(rng.uniform(200, 250)), 164.0, bike, 10.0, 30.0, 13.0)
    width, height = 520.0, 111.0
    if chance > 0.97:
        width, height = 533.0, 152.0
    elif chance > 0.94 or len(mark) < 7:
        width = float(rng.choice([330.0, 405.0, 450.0, 520.0], p=[0.1, 0.2, 0.2, 0.5]))
    return PlateSpec((mark,), width, height, glyphs)


def _gb_glyphs(rng: Rng, family: str) -> GlyphStyle:
    """Mostly the standard's face; before 2001 and from careless suppliers, somewhat other."""
    old = family != "current" and rng.random() < 0.35
    base = PRE_2001 if old else CAR
    loose = 0.06 if rng.random() < 0.35 else 0.015
    jitter = 1 + loose * rng.standard_normal(3)
    thin = rng.random() < (0.10 if family == "current" else 0.35)
    stroke = float(rng.uniform(9.5, 13.0)) if thin else base.stroke_mm * float(jitter[1])
    return replace(
        base,
        width_mm=base.width_mm * float(jitter[0]),
        stroke_mm=stroke,
        corner=float(np.clip(base.corner * jitter[2] + rng.normal(0, 0.02), 0.2, 0.5)),
        m_depth=float(np.clip(rng.normal(0.64, 0.05), 0.45, 1.0)),
        w_apex=float(np.clip(rng.normal(0.33, 0.06), 0.0, 0.55)),
        waist=float(np.clip(rng.normal(0.485, 0.012), 0.42, 0.54)),
        terminal=float(np.clip(rng.normal(0.29, 0.02), 0.22, 0.36)),
        slant=float(rng.uniform(0.05, 0.2)) if rng.random() < 0.01 else 0.0,
    )


def _shade(rng: Rng, colour: Rgb, spread: float) -> Rgb:
    value = np.asarray(colour) * rng.uniform(1 - spread, 1 + spread) + rng.normal(0, 5, 3)
    r, g, b = (int(v) for v in np.clip(value, 0, 255))
    return r, g, b


def _coloured(rng: Rng, spec: PlateSpec, family: str, rear: bool) -> PlateSpec:
    old = family in OLD_FAMILIES and rng.random() < 0.55
    if old:
        ink = _shade(rng, SILVER, 0.15)
        border = float(rng.choice([0.0, 3.0, 5.0]))
        return replace(
            spec,
            background=_shade(rng, BLACK, 0.4),
            ink=ink,
            border_mm=border,
            relief=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.6 else 0.0,
        )
    ground = _shade(rng, YELLOW if rear else WHITE, 0.08)
    raised = rng.random()
    return replace(
        spec,
        background=ground,
        ink=_shade(rng, BLACK, 0.5),
        border_mm=float(rng.choice([2.0, 3.0, 5.0])) if rng.random() < 0.3 else 0.0,
        relief=float(rng.uniform(0.3, 1.0)) if raised < 0.2 else 0.0,
    )


def _banded(rng: Rng, spec: PlateSpec, family: str) -> PlateSpec:
    chance = rng.random()
    if spec.background[0] < 100 or family in {"suffix", "special"} or chance > 0.45:
        return spec
    if chance < 0.07:
        band = Band("green", "", 44.0, BAND_GREEN)
    elif chance < 0.25:
        band = Band("eu", str(rng.choice(["GB", "GB", "IRL", "NI"])), colour=_band_blue(rng))
    elif chance < 0.40:
        letters = str(rng.choice(["UK", "GB", "ENG", "SCO", "CYM"]))
        band = Band("uk", letters, colour=_band_blue(rng))
    else:
        colour = BAND_GREEN if rng.random() < 0.4 else _band_blue(rng)
        band = Band("flag", "UK", colour=colour)
    narrow = spec.width_mm < 400
    return replace(spec, band=replace(band, width_mm=30.0) if narrow else band)


def _band_blue(rng: Rng) -> Rgb:
    return _shade(rng, BAND_BLUE, 0.2)


def _worn(rng: Rng, spec: PlateSpec) -> PlateSpec:
    """Spacing, fixings, small print and dirt."""
    gap, group = spec.gap_mm, spec.group_gap_mm
    if rng.random() < 0.2:
        gap = max(3.0, gap * float(rng.uniform(0.5, 1.5)))
        group = max(gap, group * float(rng.uniform(0.3, 1.5)))
    lines = spec.lines
    if len(lines) == 1 and rng.random() < 0.05:
        lines = (_misspaced(rng, spec.mark),)
    return replace(
        spec,
        lines=lines,
        gap_mm=gap,
        group_gap_mm=group,
        shift_mm=(float(rng.normal(0, 8)), float(rng.normal(0, 2.5))),
        bolts=_bolts(rng, spec),
        supplier=str(rng.choice(SUPPLIERS)) if rng.random() < 0.5 else "",
        dirt=float(rng.uniform(0.1, 1.0) ** 1.5) if rng.random() < 0.35 else 0.0,
        seed=int(rng.integers(1 << 31)),
    )


def _misspaced(rng: Rng, mark: str) -> str:
    """The group gap at the wrong place or gone, to make a word of the mark."""
    at = int(rng.integers(1, len(mark) + 1))
    return f"{mark[:at]} {mark[at:]}".strip()


def _bolts(rng: Rng, spec: PlateSpec) -> tuple[Bolt, ...]:
    chance = rng.random()
    if chance < 0.45:
        return ()
    colours: tuple[Rgb, ...] = (spec.background, BLACK, (190, 190, 195), (120, 110, 100))
    colour = colours[int(rng.integers(len(colours)))]
    radius = float(rng.uniform(3, 10))
    if len(spec.lines) == 2:
        y = float(rng.uniform(0.1, 0.5)) * spec.height_mm
        x = float(rng.uniform(0.1, 0.35)) * spec.width_mm
    else:
        y = spec.height_mm * float(rng.uniform(0.4, 0.6))
        x = spec.width_mm * float(rng.uniform(0.03, 0.4))
    return (Bolt(x, y, radius, colour), Bolt(spec.width_mm - x, y, radius, colour))


def _foreign_glyphs(rng: Rng) -> GlyphStyle:
    """Faces of other countries: thinner, narrower, rounder, with footed 1 or slashed 0."""
    height = float(rng.uniform(65, 85))
    width = height * float(rng.uniform(0.45, 0.72))
    return GlyphStyle(
        height_mm=height,
        width_mm=width,
        stroke_mm=height * float(rng.uniform(0.1, 0.19)),
        corner=float(rng.uniform(0.2, 0.5)),
        slant=float(rng.normal(0, 0.06)) if rng.random() < 0.2 else 0.0,
        waist=float(rng.uniform(0.42, 0.55)),
        terminal=float(rng.uniform(0.24, 0.38)),
        m_depth=float(rng.uniform(0.4, 1.0)),
        w_apex=float(rng.uniform(0.0, 0.5)),
        flag=float(rng.uniform(0.2, 0.5)) if rng.random() < 0.75 else 0.0,
        slab=bool(rng.random() < 0.25),
        flat_three=bool(rng.random() < 0.2),
        zero_mark=float(rng.uniform(0.4, 0.8)) if rng.random() < 0.12 else 0.0,
    )


def _foreign(rng: Rng, mark: str) -> PlateSpec:
    """EU long plates, American and Asian short ones, any two contrasting colours."""
    glyphs = _foreign_glyphs(rng)
    halves = split_lines(mark)
    shape = rng.random()
    lines: tuple[str, ...] = (mark,)
    size = (520.0, 112.0)
    if shape > 0.6:
        size = (float(rng.uniform(300, 400)), float(rng.uniform(140, 170)))
    if halves and shape > 0.85:
        lines, size = halves, (float(rng.uniform(220, 340)), glyphs.height_mm * 2 + 50)
    ground, ink = _foreign_colours(rng)
    band = None
    if rng.random() < 0.5 and shape < 0.6:
        letters = str(rng.choice(["RO", "D", "F", "NL", "PL", "E", "I", "IRL", "H", "CZ"]))
        band = Band("eu", letters, colour=_band_blue(rng))
    spec = PlateSpec(
        lines, *size, glyphs, float(rng.uniform(6, 16)), float(rng.uniform(15, 50)), 16.0,
        ground, ink, band, border_mm=float(rng.choice([0.0, 3.0, 5.0])),
        relief=float(rng.uniform(0, 1)) if rng.random() < 0.5 else 0.0,
        separator=_separator(rng), tags=frozenset({"foreign"}),
    )  # fmt: skip
    worn = _worn(rng, spec)
    return replace(worn, gap_mm=spec.gap_mm, group_gap_mm=spec.group_gap_mm)


def _separator(rng: Rng) -> SeparatorKind:
    """Nothing mostly; a dot, a dash, or the seals of registration and test."""
    kinds: tuple[SeparatorKind, ...] = ("", "dot", "dash", "seals")
    return kinds[int(rng.choice(4, p=[0.5, 0.16, 0.12, 0.22]))]


def _foreign_colours(rng: Rng) -> tuple[Rgb, Rgb]:
    if rng.random() < 0.78:
        return _shade(rng, YELLOW if rng.random() < 0.1 else WHITE, 0.1), _shade(rng, BLACK, 0.6)
    while True:
        a, b = rng.integers(0, 256, (2, 3))
        if abs(float(a.mean() - b.mean())) > 70:
            return _shade(rng, tuple(a), 0.0), _shade(rng, tuple(b), 0.0)
