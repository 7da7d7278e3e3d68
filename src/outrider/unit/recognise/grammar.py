"""From fused probabilities to a mark: the grammar settles O/0 and I/1, and nothing else.

A grammar that mends a mark makes plausible wrong plates. It is asked only which of two letters
that are drawn alike is meant; a mark that fits no grammar stays as it was read.
"""

from datetime import date

import numpy as np

from outrider.records import CharacterGuess, PlateText
from outrider.unit.recognise.grounds import NO_GROUNDS, Calibrate, Claim, Grounds
from outrider.unit.recognise.vote import CHARACTERS, Floats, Fused
from outrider.vrm import Family, family, legal_readings

LEAST_ALTERNATIVE = 0.01
"""Probability below which a character's alternative is not worth a look-up."""
MOST_ALTERNATIVES = 4

_SCRAP = 3  # characters

_BARELY_A_MARK = frozenset({Family.UNKNOWN, Family.GUERNSEY})  # four digits may be anything

_LETTERS = {"0": "O", "1": "I"}

INCOMPLETE_AT_MOST = 0.8
"""Confidence of a mark of which a part may be missing: below every alarm point there may be."""


def decide(
    fused: Fused, on: date, calibrate: Calibrate, grounds: Grounds = NO_GROUNDS
) -> PlateText:
    """Return what the plate says, by the grammar in force on the given day.

    Of several legal readings the one that the reader itself prefers, said to be ambiguous.
    An empty text (vrm "") comes back where the likeliest reading has no character. A plate that
    is cut off or partly hidden is never surer than INCOMPLETE_AT_MOST.
    """
    raw = as_seen(fused)
    readings = legal_readings(raw, on) if raw else ()
    vrm = max(readings, key=lambda mark: _letter_log_odds(fused, mark), default=raw)
    kind = family(vrm, on)
    sure = calibrate(Claim(fused.probability, fused.frames, vrm, kind, grounds))
    standing = grounds.standing
    incomplete = standing is not None and standing.incomplete
    return PlateText(
        vrm=vrm,
        raw=raw,
        family=kind,
        confidence=min(sure, INCOMPLETE_AT_MOST) if incomplete else sure,
        characters=tuple(map(_guess, vrm, fused.places)),
        ambiguous=len(readings) > 1,
        standing=standing,
    )


def is_scrap(text: PlateText, sure: float) -> bool:
    """Return whether a text below the confidence `sure` is too short to be taken for a mark.

    Lettering on vans, lamps and grilles reads as two to four characters; real marks as short are
    one in some thousands, and are believed when the reader is sure.
    """
    length = len(text.vrm)
    short = length <= _SCRAP or (length == _SCRAP + 1 and text.family in _BARELY_A_MARK)
    return short and text.confidence < sure


def as_seen(fused: Fused) -> str:
    """Return the likeliest mark with O/0 and I/1 as the reader itself has them."""
    return "".join(
        _LETTERS[char] if char in _LETTERS and odds["01".index(char)] > 0 else char
        for char, odds in zip(fused.key, fused.letter_odds, strict=True)
    )


def _letter_log_odds(fused: Fused, mark: str) -> float:
    """Return how much the reader prefers this choice of O/0 and I/1."""
    letters = [(place, "OI".index(char)) for place, char in enumerate(mark) if char in "OI"]
    return sum(float(fused.letter_odds[place, which]) for place, which in letters)


def _guess(char: str, places: Floats) -> CharacterGuess:
    best = int(places.argmax())
    order = np.argsort(-places, kind="stable")[: MOST_ALTERNATIVES + 1]
    others = tuple(
        (CHARACTERS[i], round(float(places[i]), 4))
        for i in order
        if i != best and places[i] >= LEAST_ALTERNATIVE
    )
    return CharacterGuess(char, round(float(places[best]), 4), others)
