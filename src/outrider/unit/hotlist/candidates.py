"""Which entries of one list a mark meets, and how: the only place that says what a match is.

False alarms, not speed, set the limits. One edit anywhere would give a fifth of innocent cars a
candidate in a list of a million; so a look-alike differs in one character, at a place where the
reader itself names the listed character as possible, and a missing or an extra character counts
only for a read that fits no grammar.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from outrider.records import CharacterDifference, MatchClass, PlateText
from outrider.unit.hotlist.lookup import LookupFile
from outrider.vrm import MAX_LENGTH, Family, fold

MAX_LOOK_ALIKES = 24
_CHARACTERS = "023456789ABCDEFGHJKLMNPQRSTUVWXYZ1"  # folded: no O, no I
_LEAST_LENGTH_FOR_EDIT = 5  # a short mark is one edit from too much
_FEW = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a mark meets, by its number."""

    entry_id: int
    match_class: MatchClass
    differences: tuple[CharacterDifference, ...] = ()


def find(file: LookupFile, text: PlateText, min_probability: float) -> list[Candidate]:
    """Return the entries that a mark meets, each once, by its surest class."""
    mark = fold(text.vrm)
    found: dict[int, Candidate] = {}
    for candidate in _all_classes(file, text, mark, min_probability):
        found.setdefault(candidate.entry_id, candidate)
    return list(found.values())


def _all_classes(
    file: LookupFile, text: PlateText, mark: str, min_probability: float
) -> Iterator[Candidate]:
    for number in file.entry_ids(mark):
        yield Candidate(number, MatchClass.EXACT)
    for _, number in _ids_of(file, list(dict.fromkeys(file.wildcard_keys(mark)))):
        yield Candidate(number, MatchClass.WILDCARD)
    near = doubts(text, mark, min_probability)
    if text.family is Family.UNKNOWN:
        near |= edits(mark)
    for key, number in _ids_of(file, list(near)):
        yield Candidate(number, MatchClass.LOOK_ALIKE, (near[key],))


def _ids_of(file: LookupFile, keys: list[str]) -> list[tuple[str, int]]:
    if len(keys) > _FEW:
        return file.entry_ids_of_any(keys)
    return [(key, number) for key in keys for number in file.entry_ids(key)]


def doubts(text: PlateText, mark: str, min_probability: float) -> dict[str, CharacterDifference]:
    """Return the keys with one character as the reader thinks it may be, likeliest first."""
    if len(text.characters) != len(mark):
        return {}
    options = sorted(
        (
            (probability, place, char)
            for place, guess in enumerate(text.characters)
            for char, probability in guess.alternatives
            if probability >= min_probability and char.isalnum() and fold(char) != mark[place]
        ),
        reverse=True,
    )
    return {
        mark[:place] + fold(char) + mark[place + 1 :]: CharacterDifference(
            place, text.vrm[place], char, probability
        )
        for probability, place, char in reversed(options[:MAX_LOOK_ALIKES])
    }


def edits(mark: str) -> dict[str, CharacterDifference]:
    """Return the keys with one character more or fewer than a mark that fits no grammar.

    A difference's probability is 0: the reader had no opinion on a character that it did not see.
    """
    if len(mark) < _LEAST_LENGTH_FOR_EDIT:
        return {}
    found: dict[str, CharacterDifference] = {}
    for place, char in enumerate(mark):
        found[mark[:place] + mark[place + 1 :]] = CharacterDifference(place, char, "", 0.0)
    if len(mark) < MAX_LENGTH:
        for place in range(len(mark) + 1):
            for char in _CHARACTERS:
                key = mark[:place] + char + mark[place:]
                found.setdefault(key, CharacterDifference(place, "", char, 0.0))
    return found
