"""Fuse what several frames say of one plate into one distribution a character place.

Characters are left-aligned, so a frame that loses or doubles one shifts all behind it. Each frame
therefore votes under every length that it may show, with the probability that it gives to that
length, and only votes for the length that wins are counted.

Frames of one plate are not independent: what deceives the reader in one mostly does so in the
next. The weighted mean of log-probabilities is hence sharpened by the root of the effective
number of frames, not by the number itself, and no further than the best picture allows: what no
picture resolves, a hundred of them do not settle (chosen on recorded drives: `outrider bench drive`
and a video with a far second car, whose plate of 8 px, read in over a hundred frames with a
probability of some hundredths each, had come out as sure).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from outrider.records import Probabilities
from outrider.unit.recognise.read import ALPHABET, BLANK, SLOTS
from outrider.vrm import fold

CHARACTERS = ALPHABET[:BLANK]
SHARPENING_POWER = 0.5
MOST_SHARPENING = 1.5
"""Of a pass whose best picture shows next to nothing."""
MOST_SHARPENING_PER_WEIGHT = 4.0
"""Added to it for the weight (0..1) of the best picture."""

_FLOOR = 1e-4  # no single frame may forbid a character
_FOLDED = np.array([CHARACTERS.index(fold(char)) for char in CHARACTERS])
_DRAWN_TWICE = tuple((CHARACTERS.index(fold(char)), CHARACTERS.index(char)) for char in "OI")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fused:
    """What the frames say together.

    places: n x 36 over 0-9 A-Z, each row summing to 1, the mass of O at 0 and of I at 1 (they are
    drawn alike). letter_odds: n x 2, log-odds that a 0 is rather O, and a 1 rather I, as the
    reader saw it. length_probability: of n characters. frames: how many voted.
    """

    places: Floats
    letter_odds: Floats
    length_probability: float
    frames: int

    @property
    def key(self) -> str:
        """The likeliest mark, folded."""
        return "".join(CHARACTERS[i] for i in self.places.argmax(axis=1))

    @property
    def probability(self) -> float:
        """Probability of the likeliest mark as the votes have it, not calibrated."""
        return float(self.places.max(axis=1, initial=0).prod() * self.length_probability)

    def probability_of(self, key: str) -> float:
        """Return the least probability that any place gives to its character of a folded mark."""
        if len(key) != len(self.places):
            return 0.0
        chosen = [CHARACTERS.index(char) for char in key]
        return float(self.places[np.arange(len(key)), chosen].min(initial=1.0))


@dataclass(slots=True)
class Vote:
    """Collects the votes of frames; its size does not grow with their number."""

    frames: int = 0
    _weight: float = 0.0
    _heaviest: float = 0.0
    _lengths: Floats = field(default_factory=lambda: np.zeros(SLOTS + 1))
    _length_weights: Floats = field(default_factory=lambda: np.zeros(SLOTS + 1))
    _places: Floats = field(default_factory=lambda: np.zeros((SLOTS + 1, SLOTS, BLANK)))
    _odds: Floats = field(default_factory=lambda: np.zeros((SLOTS + 1, SLOTS, 2)))

    def add(self, probabilities: Probabilities, weight: float) -> None:
        """Count a frame's vote; weight (> 0) says how good its picture of the plate is."""
        if not weight > 0:
            raise ValueError(f"weight {weight} is not above 0")
        lengths = length_distribution(probabilities)
        places, odds = _characters(probabilities)
        self.frames += 1
        self._weight += weight
        self._heaviest = max(self._heaviest, weight)
        self._lengths += weight * np.log(np.maximum(lengths, _FLOOR))
        self._length_weights += weight * lengths
        shares = (weight * lengths)[:, None, None]
        self._places += shares * np.log(np.maximum(places, _FLOOR))
        self._odds += shares * odds

    def fused(self) -> Fused:
        """Return what the frames say together. Raises ValueError before the first vote."""
        if not self.frames:
            raise ValueError("no frame has voted")
        most = MOST_SHARPENING + MOST_SHARPENING_PER_WEIGHT * min(1.0, self._heaviest)
        sharpening = min(most, (self._weight / self._heaviest) ** SHARPENING_POWER)
        lengths = _softmax(self._lengths / self._weight * sharpening)
        count = int(lengths.argmax())
        share = max(float(self._length_weights[count]), 1e-9)
        places = _softmax(self._places[count, :count] / share * sharpening)
        odds = self._odds[count, :count] / share * sharpening
        return Fused(places, odds, float(lengths[count]), self.frames)


def fuse_one(probabilities: Probabilities) -> Fused:
    """Return what a single frame says."""
    vote = Vote()
    vote.add(probabilities, 1.0)
    return vote.fused()


def length_distribution(probabilities: Probabilities) -> Floats:
    """Return the probability of each number of characters, 0..9: that many, then blanks only."""
    blank = np.clip(probabilities[:, BLANK].astype(np.float64), _FLOOR, 1 - _FLOOR)
    filled = np.concatenate([[0.0], np.cumsum(np.log1p(-blank))])
    empty = np.concatenate([np.cumsum(np.log(blank)[::-1])[::-1], [0.0]])
    return _softmax(filled + empty)


def _characters(probabilities: Probabilities) -> tuple[Floats, Floats]:
    """Return each place's folded distribution given that it is not blank, and the O, I log-odds."""
    given = probabilities[:, :BLANK].astype(np.float64) + 1e-9
    given /= given.sum(axis=1, keepdims=True)
    folded = np.zeros_like(given)
    np.add.at(folded.T, _FOLDED, given.T)
    odds = [np.log(given[:, letter] / given[:, digit]) for digit, letter in _DRAWN_TWICE]
    return folded, np.stack(odds, axis=1)


def _softmax(logs: Floats) -> Floats:
    shifted = np.exp(logs - logs.max(axis=-1, keepdims=True, initial=-np.inf))
    total = shifted.sum(axis=-1, keepdims=True)
    return np.asarray(shifted / total)
