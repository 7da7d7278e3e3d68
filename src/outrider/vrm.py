"""Vehicle registration marks (VRMs): normalise, fold, grammar, look-alikes.

The families and their letters follow the DVLA's published allocation rules (INF104 and INF46);
"unknown" is a family like any other: a mark that fits nothing is kept and matched raw.
"""

import itertools
import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum

MAX_LENGTH = 9

_SEPARATORS = re.compile(r"[\s\-·.]+")
_ALLOWED = re.compile(r"[0-9A-Z]{1,9}\Z")
_FOLD = str.maketrans("OI", "01")
_UNFOLD = {"0": "0O", "1": "1I"}


class Family(StrEnum):
    """The form that a mark takes, by the era or the authority that issued it."""

    CURRENT = "current"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    Q = "q"
    NORTHERN_IRELAND = "northern-ireland"
    DATELESS = "dateless"
    DIPLOMATIC = "diplomatic"
    TRADE = "trade"
    MILITARY = "military"
    IRISH = "irish"
    ISLE_OF_MAN = "isle-of-man"
    JERSEY = "jersey"
    GUERNSEY = "guernsey"
    GIBRALTAR = "gibraltar"
    UNKNOWN = "unknown"


_IRISH_YEAR = r"(?:8[7-9]|9\d|0\d|1[0-2]|(?:1[3-9]|[2-7]\d)[12])"
_IRISH_COUNTY = r"(?:C[ENW]?|DL?|G|K[EKY]|L[DHKMS]?|M[HNO]|OY|RN|SO|T[NS]?|W[DHWX]?)"

# In order of precedence: the first that fits names the family. Where one text fits two of them
# (J 1234 is Durham's of old and Jersey's; 12345 is Guernsey's and a trade plate) it is one mark
# all the same.
_FORMS: tuple[tuple[Family, re.Pattern[str]], ...] = tuple(
    (family, re.compile(rf"(?:{form})\Z"))
    for family, form in (
        (Family.CURRENT, r"[A-HJ-PR-Y]{2}\d\d[A-HJ-PR-Z]{3}"),
        # MN and MAN were never issued in Great Britain: they are the Isle of Man's.
        (
            Family.ISLE_OF_MAN,
            r"(?:[A-Z]?MN|MAN)[1-9]\d{0,3}[A-Z]?|[1-9]\d{0,3}(?:[A-Z]?MN|MAN)",
        ),
        (Family.Q, r"Q[1-9]\d{0,2}[A-HJ-PR-Y]{3}"),
        (Family.PREFIX, r"[A-HJ-NPR-TV-Y][1-9]\d{0,2}[A-HJ-PR-Y]{3}"),
        (Family.SUFFIX, r"[A-HJ-PR-Y]{3}[1-9]\d{0,2}[A-HJ-NPR-TV-Y]"),
        (
            Family.NORTHERN_IRELAND,
            r"(?=[A-Z]*[IZ])[A-Z]{2,3}[1-9]\d{0,3}|[1-9]\d{0,3}(?=[A-Z]*[IZ])[A-Z]{2,3}",
        ),
        (
            Family.DATELESS,
            r"[A-HJ-PR-Y]{1,2}[1-9]\d{0,3}|[A-HJ-PR-Y]{3}[1-9]\d{0,2}"
            r"|[1-9]\d{0,3}[A-HJ-PR-Y]{1,2}|[1-9]\d{0,2}[A-HJ-PR-Y]{3}",
        ),
        (Family.JERSEY, r"J[1-9]\d{0,5}|JSY[1-9]\d{0,3}"),
        (Family.GIBRALTAR, r"G[1-9]\d{0,4}|G\d{4}[A-Z]"),
        (Family.DIPLOMATIC, r"[1-9]\d\d[DX]\d{3}"),
        (Family.GUERNSEY, r"[1-9]\d{0,4}"),
        (Family.TRADE, r"\d{5}"),
        (Family.MILITARY, r"\d\d[A-Z]{2}\d\d|[A-Z]{2}\d\d[A-Z]{2}"),
        (
            Family.IRISH,
            rf"{_IRISH_YEAR}{_IRISH_COUNTY}[1-9]\d{{0,5}}|ZV[1-9]\d{{0,5}}"
            rf"|{_IRISH_YEAR}CD[1-9]\d{{0,2}}",
        ),
    )
)

# Letters then digits, or digits then letters: how many authorities elsewhere write their marks.
_OF_ELSEWHERE = re.compile(r"(?:[A-Z]{1,3}\d{1,6}|\d{1,6}[A-Z]{1,3})\Z")

# Glyph pairs that a reader confuses on a GB plate, each way. A pair is here because real and
# rendered plates show it, not because keyboards do.
_CONFUSED_PAIRS = (
    "0D 0Q 8B 5S 2Z 1L 1T 7T 6G CG UV VY WM WH MN HN HM EF PR PF 38 39 3B 69 68 98 17 4A XK KR"
    " DQ JU OQ OD OC CO EB"
)


def _pairs_to_table(pairs: str) -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for pair in pairs.split():
        first, second = pair[0], pair[1]
        table.setdefault(first, set()).add(second)
        table.setdefault(second, set()).add(first)
    return {char: frozenset(others) for char, others in table.items()}


LOOK_ALIKES = _pairs_to_table(_CONFUSED_PAIRS)
"""For each character, those that it is mistaken for (O/0 and I/1 aside: they fold)."""


class VrmError(ValueError):
    """A text that cannot be a registration mark; the message says why."""


def normalise(text: str) -> str:
    """Return the mark in upper case without spaces, hyphens or dots.

    Raises VrmError where something other than A-Z and 0-9 remains, or nothing, or too much.
    """
    bare = _SEPARATORS.sub("", text)
    mark = bare.upper()
    # Before the change of case: a dotless i becomes an I by it, and a sharp s two letters.
    if not bare.isascii() or not _ALLOWED.match(mark):
        raise VrmError(
            f"{text!r} is no registration mark: 1 to {MAX_LENGTH} letters A-Z and digits 0-9"
        )
    return mark


def fold(mark: str) -> str:
    """Return the look-up key of a normalised mark: O as 0 and I as 1, drawn alike on a plate."""
    return mark.translate(_FOLD)


def age_identifiers(on: date) -> frozenset[int]:
    """Return the age identifiers of the current family that are issued by the given day."""
    year = on.year % 100
    spring = year if on >= date(on.year, 3, 1) else year - 1
    autumn = year if on >= date(on.year, 9, 1) else year - 1
    return frozenset(range(2, spring + 1)) | frozenset(range(51, autumn + 51))


def family(mark: str, on: date) -> Family:
    """Return the family of a normalised mark as it stood on the given day."""
    for name, form in _FORMS:
        if form.match(mark) and (name is not Family.CURRENT or _issued(mark, on)):
            return name
    return Family.UNKNOWN


def _issued(mark: str, on: date) -> bool:
    return int(mark[2:4]) in age_identifiers(on)


def unfoldings(key: str) -> Iterator[str]:
    """Yield every mark that folds to the key, as drawn by an O/0 and I/1 each way."""
    choices = (_UNFOLD.get(char, char) for char in key)
    return ("".join(chars) for chars in itertools.product(*choices))


def legal_readings(mark: str, on: date) -> tuple[str, ...]:
    """Return the marks that fold as this one does and fit a grammar.

    One reading: the mark is resolved. Several: it is ambiguous. None: it fits no grammar. A mark
    that itself fits none, yet could be one of another country's (X12345), stands among them as it
    was given: the grammar does not know that it is wrong.
    """
    found = tuple(m for m in unfoldings(fold(mark)) if family(m, on) is not Family.UNKNOWN)
    if found and mark not in found and _OF_ELSEWHERE.match(mark):
        return (*found, mark)
    return found
