"""GB marks as they are on the road: families by share, and clustered by region and year.

The shares are round figures for cars in Great Britain in 2026: nine in ten carry the current form,
most of them under ten years old; the rest are prefix, cherished dateless, Northern Ireland and
suffix marks. Memory tags follow a steep curve, since cars stay near where they were registered:
marks of one region and year crowd together, which is what makes look-alikes likely.
"""

import random
from collections.abc import Iterator
from datetime import date

from outrider.records import CharacterGuess, PlateText, Response, VehicleOfInterest
from outrider.vrm import LOOK_ALIKES, age_identifiers, family

_SHARES = {"current": 0.885, "prefix": 0.045, "dateless": 0.04, "ni": 0.025, "suffix": 0.005}
_TAG_LETTERS = "ABCDEFGHJKLMNOPRSTUVWXY".replace("I", "")
_SERIAL_LETTERS = "ABCDEFGHJKLMNOPRSTUVWXYZ"
_PREFIX_YEARS = "ABCDEFGHJKLMNPRSTVWXY"
_SUFFIX_YEARS = "ABCDEFGHJKLMNPRSTVWXY"
_NI_AREAS = ("AZ", "BZ", "CZ", "DZ", "EZ", "FZ", "GZ", "HZ", "IG", "IL", "JI", "KZ", "LZ", "OI")
_REASONS = ("stolen", "no insurance", "no keeper", "drugs", "disqualified driver", "wanted")
_MAKES = ("FORD", "VAUXHALL", "VOLKSWAGEN", "BMW", "AUDI", "TOYOTA", "NISSAN", "KIA")
_COLOURS = ("BLACK", "GREY", "WHITE", "BLUE", "RED", "SILVER")
_TAG_STEEPNESS = 0.8
_YEARLY_LOSS = 0.9


class Marks:
    """Draws marks from a seed."""

    def __init__(self, seed: int, on: date) -> None:
        self._dice = random.Random(seed)
        self._on = on
        tags = [a + b for a in _TAG_LETTERS for b in _TAG_LETTERS]
        random.Random(1).shuffle(tags)
        self._tags = tags
        self._tag_weights = _cumulated([1 / (n + 1) ** _TAG_STEEPNESS for n in range(len(tags))])
        ages = sorted(age_identifiers(on), key=lambda age: age % 50)
        newest = max(age % 50 for age in ages)
        self._ages = [f"{age:02d}" for age in ages]
        self._age_weights = _cumulated([_YEARLY_LOSS ** (newest - age % 50) for age in ages])
        self._kinds = [getattr(self, f"_{name}") for name in _SHARES]
        self._kind_weights = _cumulated(list(_SHARES.values()))

    def one(self) -> str:
        """Return a mark."""
        (kind,) = self._dice.choices(self._kinds, cum_weights=self._kind_weights)
        return str(kind())

    def _letters(self, count: int) -> str:
        return "".join(self._dice.choices(_SERIAL_LETTERS, k=count))

    def _number(self, digits: int) -> str:
        return str(self._dice.randrange(1, 10**digits))

    def _current(self) -> str:
        (tag,) = self._dice.choices(self._tags, cum_weights=self._tag_weights)
        (age,) = self._dice.choices(self._ages, cum_weights=self._age_weights)
        return f"{tag}{age}{self._letters(3)}"

    def _prefix(self) -> str:
        return self._dice.choice(_PREFIX_YEARS) + self._number(3) + self._letters(3)

    def _suffix(self) -> str:
        return self._letters(3) + self._number(3) + self._dice.choice(_SUFFIX_YEARS)

    def _dateless(self) -> str:
        letters, number = self._letters(self._dice.choice((1, 2, 2, 3))), self._number(3)
        return letters + number if self._dice.random() < 0.5 else number + letters

    def _ni(self) -> str:
        return self._letters(1) + self._dice.choice(_NI_AREAS) + self._number(4)

    def read(self, mark: str, doubtful_share: float) -> PlateText:
        """Return a read of a mark; each character is doubtful with the given probability.

        A doubtful one has one other character from the table of look-alikes, at 5 to 50 %.
        """
        characters = tuple(self._guess(char, doubtful_share) for char in mark)
        confidence = min(guess.confidence for guess in characters)
        return PlateText(mark, mark, family(mark, self._on), confidence, characters)

    def _guess(self, char: str, doubtful_share: float) -> CharacterGuess:
        others = LOOK_ALIKES.get(char)
        if not others or self._dice.random() >= doubtful_share:
            return CharacterGuess(char, 0.99)
        probability = self._dice.uniform(0.05, 0.5)
        return CharacterGuess(
            char, 1 - probability, ((self._dice.choice(sorted(others)), probability),)
        )

    def entries(self, count: int, wildcards: int) -> Iterator[VehicleOfInterest]:
        """Yield entries with details of ordinary length; the first ones are wildcards."""
        dice = self._dice
        for number in range(count):
            mark = self.one()
            if number < wildcards:
                place = dice.randrange(len(mark))
                mark = mark[:place] + "?" + mark[place + 1 :]
            yield VehicleOfInterest(
                vrm=mark,
                reason=dice.choice(_REASONS),
                response=Response.ASSESS if number % 4 else Response.STOP,
                priority=1 + number % 4,
                make=dice.choice(_MAKES),
                colour=dice.choice(_COLOURS),
                force_area=f"{number % 43 + 1:02d}",
                weed_date=date(2027, 1 + number % 12, 1 + number % 28),
                source_reference=f"26/{number}",
            )


def _cumulated(weights: list[float]) -> list[float]:
    total, out = 0.0, []
    for weight in weights:
        total += weight
        out.append(total)
    return out
