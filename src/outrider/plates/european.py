"""Random marks by the patterns of European countries, which GB police meet every day.

A pattern is written with `A` for a letter, `9` for a digit, and spaces between groups. Patterns are
those that the countries' own registration rules describe; how often each is met is our estimate.
"""

from __future__ import annotations

from typing import Final

import numpy as np

Rng = np.random.Generator

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CONSONANTS: Final = "BCDFGHJKLMNPRSTVWXYZ"
NO_ROUND: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
"""Without I, O and Q, which most countries leave out."""
PATTERNS: Final[dict[str, tuple[str, ...]]] = {
    "D": ("A AA 9999", "AA AA 999", "AA A 9999", "AAA AA 999", "AA AA 9999", "A A 9999",
          "AAA AA 99", "A AA 999", "AAA A 999", "AA AA 99"),
    "NL": ("99 AAA 9", "9 AAA 99", "AA 999 A", "A 999 AA", "99 AA AA", "AA 99 AA"),
    "F": ("AA 999 AA", "999 AAA 99", "9999 AA 99"),
    "I": ("AA 999AA",),
    "E": ("9999 AAA", "A 9999 AA"),
    "PL": ("AA 99999", "AAA 9999A", "AAA 99AA", "AA 9999A", "A9 99999"),
    "RO": ("A 99 AAA", "AA 99 AAA", "A 999 AAA"),
    "IRL": ("999 A 99999", "99 A 9999", "999 AA 999"),
    "CZ": ("9A9 9999",), "SK": ("AA 999AA",), "H": ("AAA 999", "AA AA 999"),
    "B": ("9 AAA 999", "AAA 999"), "A": ("A 99999A", "AA 999AA", "AA 9999A"),
    "CH": ("AA 999999", "AA 99999", "AA 9999"), "P": ("AA 99 AA", "99 AA 99", "99 99 AA"),
    "S": ("AAA 999", "AAA 99A"), "DK": ("AA 99 999",), "N": ("AA 99999",), "FIN": ("AAA 999",),
    "LT": ("AAA 999",), "LV": ("AA 9999",), "EST": ("999 AAA",), "BG": ("A 9999 AA", "AA 9999 AA"),
    "GR": ("AAA 9999",), "HR": ("AA 999 AA", "AA 9999 A"), "SLO": ("AA AA 999",),
    "UA": ("AA 9999 AA",),
}  # fmt: skip
COMMON: Final = ("D", "D", "D", "D", "F", "F", "NL", "NL", "PL", "PL", "I", "E", "IRL", "RO", "RO")
"""Countries as often as they are drawn, beside one in three of any country."""
_LETTERS_OF: Final[dict[str, str]] = {
    "D": LETTERS, "RO": LETTERS, "PL": LETTERS, "NL": CONSONANTS, "E": CONSONANTS, "SK": LETTERS,
    "GR": "ABEZHIKMNOPTYX", "BG": "ABEKMHOPCTYX", "UA": "ABCEHIKMOPTX",
}  # fmt: skip


def european(rng: Rng) -> str:
    """A mark of two to nine characters with its group spaces, such as ``HD AB 123``."""
    named = tuple(PATTERNS)
    country = named[rng.integers(len(named))] if rng.random() < 1 / 3 else COMMON[
        rng.integers(len(COMMON))
    ]  # fmt: skip
    patterns = PATTERNS[country]
    pattern = patterns[rng.integers(len(patterns))]
    alphabet = _LETTERS_OF.get(country, NO_ROUND)
    return "".join(_character(rng, place, alphabet) for place in pattern)


def _character(rng: Rng, place: str, alphabet: str) -> str:
    if place == " ":
        return " "
    return str(rng.integers(10)) if place == "9" else alphabet[rng.integers(len(alphabet))]
