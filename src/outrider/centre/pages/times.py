"""Times as people type them, in UK time: a day, an hour, a span, "last 7 days"."""

import re
from datetime import UTC, datetime, time, timedelta

from outrider.centre.pages.layout import UK
from outrider.centre.search.asking import AskedWrongly, Span, asked_year

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = (
    rf"\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}\s+{_MONTH}(?:\s+\d{{4}})?|\d{{1,2}}/\d{{1,2}}/\d{{4}}"
    r"|today|yesterday"
)
_TIME = r"\d{1,2}:\d{2}"
_AT = rf"(?:{_DAY})(?:[T\s,]+(?:at\s+)?{_TIME})?"
_TO = r"\s*(?:\bto\b|\buntil\b|\band\b|-|–)\s*"
_LAST = re.compile(r"\b(?:last|past)\s+(?:(\d{1,3})\s+)?(hour|day|week|month)s?\b", re.I)
_RANGE = re.compile(
    rf"\b(?:from\s+|between\s+)?(?P<first>{_AT}){_TO}(?P<last>{_AT}|{_TIME})(?!\d)", re.I
)
_SINCE = re.compile(rf"\bsince\s+(?P<first>{_AT})", re.I)
_ONE = re.compile(rf"\b(?:on\s+|at\s+)?(?P<first>{_AT})(?!\d)", re.I)
_LENGTHS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
_AROUND = timedelta(minutes=30)


def take_span(text: str, now: datetime) -> tuple[Span | None, str]:
    """Return the span that a text names, if it does, and the text without it.

    A day is the whole day; an instant is half an hour to either side. Raises AskedWrongly.
    """
    for pattern, read in ((_LAST, _last), (_RANGE, _range), (_SINCE, _since), (_ONE, _one)):
        found = pattern.search(text)
        if found is not None:
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            return read(found, now), rest
    return None, text


def _last(found: re.Match[str], now: datetime) -> Span:
    return Span(now - int(found[1] or 1) * _LENGTHS[found[2].lower()], now)


def _since(found: re.Match[str], now: datetime) -> Span:
    return Span(_begin(found["first"], now), now)


def _one(found: re.Match[str], now: datetime) -> Span:
    begin = _begin(found["first"], now)
    if re.search(_TIME, found["first"]):
        return Span(begin - _AROUND, begin + _AROUND)
    return Span(begin, _end_of_day(begin))


def _range(found: re.Match[str], now: datetime) -> Span:
    begin, last = _begin(found["first"], now), found["last"]
    if re.fullmatch(_TIME, last):
        end = _at(begin.astimezone(UK).date().isoformat(), last)
        if end < begin:  # over midnight
            end += timedelta(days=1)
        return Span(begin, end)
    end = _begin(last, now)
    return Span(begin, end if re.search(_TIME, last) else _end_of_day(end))


def _end_of_day(begin: datetime) -> datetime:
    """Return the last second of the day of its beginning; a day is 23 or 25 hours twice a year."""
    day = begin.astimezone(UK).date() + timedelta(days=1)
    return datetime.combine(day, time(), UK).astimezone(UTC) - timedelta(seconds=1)


def _begin(text: str, now: datetime) -> datetime:
    clock = re.search(rf"{_TIME}$", text)
    day = text[: clock.start()] if clock else text
    day = re.sub(r"\bat\b|[T,]\s*$", " ", day, flags=re.I).strip()
    return _at(_iso(day, now), clock[0] if clock else "0:00")


def _iso(text: str, now: datetime) -> str:
    """Return a day as 2026-11-20."""
    today = now.astimezone(UK).date()
    words = text.lower().split()
    if words[0] in ("today", "yesterday"):
        return (today - timedelta(days=words[0] == "yesterday")).isoformat()
    if "/" in text:
        day, month, year = text.split("/")
        return f"{year}-{int(month):02}-{int(day):02}"
    if len(words) >= 2:
        month_number = _MONTHS.index(words[1][:3]) + 1
        year_number = int(words[2]) if len(words) == 3 else today.year
        if len(words) == 2 and (month_number, int(words[0])) > (today.month, today.day):
            year_number -= 1  # "20 Dec" in November was last year's
        return f"{year_number}-{month_number:02}-{int(words[0]):02}"
    return words[0]


def _at(day: str, clock: str) -> datetime:
    hour, minute = clock.split(":")
    try:
        found = datetime.fromisoformat(f"{day}T{int(hour):02}:{minute}")
    except ValueError as error:
        raise AskedWrongly("time: there is no such day or time, as in 20 Nov 2026 14:00") from error
    asked_year(found)
    return found.replace(tzinfo=UK).astimezone(UTC)
