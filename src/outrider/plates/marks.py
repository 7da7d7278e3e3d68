"""Random marks of every family, about as often as they are met on GB roads, and foreign ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from outrider.plates.european import european

AREA_LETTERS: Final = "ABCDEFGHJKLMNOPRSTUVWXY"
SERIAL_LETTERS: Final = "ABCDEFGHJKLMNOPRSTUVWXYZ"
YEAR_LETTERS: Final = "ABCDEFGHJKLMNPRSTVWXY"
ALL_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS: Final = "0123456789"
NORTHERN_IRELAND: Final = ("AZ", "BZ", "CZ", "DZ", "EZ", "FZ", "GZ", "HZ", "IA", "IB", "IG",
    "IJ", "IL", "IW", "JI", "JZ", "KZ", "LZ", "MZ", "NZ", "OI", "OZ", "PZ", "RZ", "SZ", "TZ",
    "UI", "UZ", "VZ", "WZ", "XI", "XZ", "YZ")  # fmt: skip

EUROPEAN_SHARE: Final = 0.55
"""Of foreign marks; the others have patterns of no country, so that no grammar is learnt."""

Rng = np.random.Generator


def letters(rng: Rng, alphabet: str, count: int) -> str:
    """`count` random characters of `alphabet`."""
    return "".join(alphabet[i] for i in rng.integers(0, len(alphabet), count))


def _number(rng: Rng, most: int) -> str:
    """1 to 9 and up to `most` digits, long ones likelier, no leading zero."""
    count = min(most, int(rng.choice([1, 2, 3, 4], p=[0.1, 0.15, 0.5, 0.25])))
    return str(rng.integers(10 ** (count - 1), 10**count))


def current(rng: Rng) -> str:
    """``AB12 CDE``, 2001 on: age 02-26 or 51-76."""
    year = int(rng.integers(2, 27))
    age = year + 50 if rng.random() < 0.5 and year != 26 else year
    return f"{letters(rng, AREA_LETTERS, 2)}{age:02d} {letters(rng, SERIAL_LETTERS, 3)}"


def prefix(rng: Rng) -> str:
    """``A123 BCD``, 1983-2001, a few of them Q plates."""
    year = "Q" if rng.random() < 0.06 else letters(rng, YEAR_LETTERS, 1)
    return f"{year}{_number(rng, 3)} {letters(rng, AREA_LETTERS, 3)}"


def suffix(rng: Rng) -> str:
    """``ABC 123D``, 1963-83."""
    return f"{letters(rng, AREA_LETTERS, 3)} {_number(rng, 3)}{letters(rng, YEAR_LETTERS, 1)}"


def dateless(rng: Rng) -> str:
    """One to three letters and up to four digits, either order."""
    count = int(rng.choice([1, 2, 3], p=[0.1, 0.3, 0.6]))
    text, number = letters(rng, AREA_LETTERS, count), _number(rng, 4 if count < 3 else 3)
    return f"{text} {number}" if rng.random() < 0.6 else f"{number} {text}"


def northern_ireland(rng: Rng) -> str:
    """Two or three letters with I or Z, up to four digits."""
    lead = letters(rng, AREA_LETTERS, 1) if rng.random() < 0.75 else ""
    text = lead + NORTHERN_IRELAND[rng.integers(len(NORTHERN_IRELAND))]
    number = _number(rng, 4)
    return f"{text} {number}" if rng.random() < 0.85 else f"{number} {text}"


def special(rng: Rng) -> str:
    """Diplomatic, trade, military, Crown dependencies and Irish marks."""
    kind = rng.integers(7)
    number = str(rng.integers(100, 1000))
    if kind == 0:
        return f"{number} {'DX'[rng.integers(2)]} {rng.integers(100, 1000)}"
    if kind == 1:
        return f"{rng.integers(0, 1000):05d}"
    if kind == 2:
        head, tail = letters(rng, ALL_LETTERS, 2), letters(rng, ALL_LETTERS, 2)
        return f"{head} {rng.integers(0, 100):02d} {tail}"
    if kind == 3:
        return f"J {rng.integers(1000, 150000)}"
    if kind == 4:
        return (
            f"{letters(rng, 'NMP', 1)}MN {rng.integers(1, 1000)} {letters(rng, SERIAL_LETTERS, 1)}"
        )
    county = ("D", "C", "G", "KE", "WX", "MO", "LH", "MH", "L", "T")[rng.integers(10)]
    return f"{rng.integers(0, 27):02d}{rng.integers(1, 3)} {county} {rng.integers(1, 10000)}"


def foreign(rng: Rng) -> str:
    """A European country's pattern, or any of two to nine characters in one to three groups."""
    if rng.random() < EUROPEAN_SHARE:
        return european(rng)
    while True:
        groups = []
        for _ in range(int(rng.integers(1, 4))):
            alphabet = (DIGITS, ALL_LETTERS, DIGITS + ALL_LETTERS)[
                rng.choice(3, p=[0.45, 0.4, 0.15])
            ]
            groups.append(letters(rng, alphabet, int(rng.integers(1, 5))))
        text = " ".join(groups)
        if 2 <= len(text) - text.count(" ") <= 9:
            return text


FAMILIES: Final[dict[str, Callable[[Rng], str]]] = {
    "current": current,
    "prefix": prefix,
    "suffix": suffix,
    "dateless": dateless,
    "northern_ireland": northern_ireland,
    "special": special,
    "foreign": foreign,
}
ROAD_MIX: Final = {
    "current": 0.80,
    "prefix": 0.06,
    "suffix": 0.02,
    "dateless": 0.05,
    "northern_ireland": 0.05,
    "special": 0.02,
}
"""Our estimate of what is met on a GB road in 2026; no count was at hand."""


def random_mark(rng: Rng, mix: dict[str, float] | None = None) -> tuple[str, str]:
    """(family, mark with group spaces); `mix` gives each family's weight (default `ROAD_MIX`)."""
    weights = mix or ROAD_MIX
    names = list(weights)
    chances = np.array([weights[n] for n in names])
    family = names[int(rng.choice(len(names), p=chances / chances.sum()))]
    return family, FAMILIES[family](rng)
