"""What a search can be asked, checked: marks, patterns, spans, places. No database, no scope."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from outrider.centre.store.columns import to_us
from outrider.vrm import VrmError, fold, normalise

_PATTERN = re.compile(r"[0-9A-Z?*]{1,12}\Z")
_LEAST_KNOWN = 2
_YEARS = range(1970, 2200)  # further off, a calendar ends in some zone or other
MOST_WINDOW = timedelta(minutes=10)


class AskedWrongly(ValueError):
    """A question that cannot be asked so: which part, and what is expected. No mark is in it."""


class TooMany(AskedWrongly):
    """There is more than anybody can look through: ask for less."""


@dataclass(frozen=True, slots=True)
class Span:
    """From since to until, both included; aware times."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise AskedWrongly("times: give the time zone, as in 2026-11-20T22:00+00:00")
        asked_year(self.since)
        asked_year(self.until)
        if self.until < self.since:
            raise AskedWrongly("times: the end lies before the start")

    @property
    def since_us(self) -> int:
        """The start in microseconds."""
        return to_us(self.since)

    @property
    def until_us(self) -> int:
        """The end in microseconds."""
        return to_us(self.until)


def asked_year(at: datetime) -> None:
    """Refuse a time that no read can be of. Raises AskedWrongly."""
    if at.year not in _YEARS:
        raise AskedWrongly(f"times: of the years {_YEARS[0]} to {_YEARS[-1]}")


def asked_mark(text: str) -> str:
    """Return a mark as typed, normalised. Raises AskedWrongly."""
    try:
        return normalise(text)
    except VrmError as error:
        raise AskedWrongly("mark: 1 to 9 letters A-Z and digits 0-9") from error


def asked_pattern(text: str) -> str:
    """Return a partial mark (`?`: one character, `*`: any number) as LIKE has it, folded."""
    bare = re.sub(r"[\s-]+", "", text)
    typed = bare.upper()
    if not bare.isascii() or not _PATTERN.match(typed):
        raise AskedWrongly("part of a mark: letters, digits, ? for one character, * for any number")
    if sum(char not in "?*" for char in typed) < _LEAST_KNOWN:
        raise AskedWrongly(f"part of a mark: at least {_LEAST_KNOWN} characters that are known")
    return fold(typed).replace("?", "_").replace("*", "%")


def asked_window(window: timedelta) -> int:
    """Return a window of time in microseconds. Raises AskedWrongly."""
    if not timedelta(seconds=1) <= window <= MOST_WINDOW:
        raise AskedWrongly("window: 1 second to 10 minutes")
    return window // timedelta(microseconds=1)
