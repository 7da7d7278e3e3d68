"""The one search box: what somebody typed, as a question. It says what it understood, and how.

A mark (AB12 CDE), a part of one (AB1? or *CDE), a place (53.40,-1.50 or SK 352 871, within 2 km),
a unit (unit car-17), a time (20 Nov 2026 14:00 to 16:00, yesterday, last 7 days); a mark
or a part of one may go with a place, and everything with a time.
"""

import re
from datetime import datetime, timedelta

from outrider.centre.pages.places import take_place
from outrider.centre.pages.times import take_span
from outrider.centre.pages.wanted import Kind, Wanted
from outrider.centre.search.asking import AskedWrongly, Span, asked_mark, asked_pattern

MOST_CHARACTERS = 200
_UNIT = re.compile(r"\b(?:unit|camera)\s+([A-Za-z0-9][A-Za-z0-9._-]{0,63})", re.I)
_FILLERS = re.compile(
    r"\b(?:near|in|on|at|of|the|from|within|seen|mark|vrm|plate|part|where|was|is|with)\b", re.I
)
_USUAL = {
    Kind.MARK: timedelta(days=28),
    Kind.PARTIAL: timedelta(days=7),
    Kind.AREA: timedelta(days=1),
    Kind.CAMERA: timedelta(days=1),
}
_HOW = (
    "type a mark (AB12 CDE), a part of one (AB1? or *CDE), a place (53.40,-1.50 or SK 352 871), or "
    "a unit (unit car-17), and a time if you know it (20 Nov 2026 14:00 to 16:00)"
)


def understood(text: str, now: datetime, exact: bool = False) -> Wanted:
    """Return the question that a text asks. Raises AskedWrongly: what is missing, how to ask."""
    if not text.strip():
        raise AskedWrongly(_HOW)
    if len(text) > MOST_CHARACTERS:
        raise AskedWrongly(f"at most {MOST_CHARACTERS} characters")
    place, rest = take_place(text)
    unit, rest = _take_unit(rest)
    span, rest = take_span(rest, now)
    mark = _mark(rest)
    if span is not None and span.since > now:
        raise AskedWrongly("time: that lies in the future")
    kind = _kind(mark, place is not None, unit)
    span = span or Span(now - _USUAL[kind], now)
    if span.until > now:
        span = Span(span.since, now)
    return Wanted(kind, " ".join(text.split()), span, mark, place, unit, exact)


def _take_unit(text: str) -> tuple[str, str]:
    found = _UNIT.search(text)
    if found is None:
        return "", text
    return found[1], f"{text[: found.start()]} {text[found.end() :]}"


def _mark(rest: str) -> str:
    """Return what is left as a mark or a part of one, checked."""
    left = re.sub(r"[\s,-]+", "", _FILLERS.sub(" ", rest)).upper()
    if not left:
        return ""
    try:
        if "?" in left or "*" in left:
            asked_pattern(left)
            return left
        return asked_mark(left)
    except AskedWrongly as error:
        raise AskedWrongly(f"this is not understood; {_HOW}") from error


def _kind(mark: str, placed: bool, unit: str) -> Kind:
    if unit:
        if mark or placed:
            raise AskedWrongly("ask for a unit alone, or for a mark or a place")
        return Kind.CAMERA
    if "?" in mark or "*" in mark:
        return Kind.PARTIAL
    if placed:
        return Kind.AREA
    if mark:
        return Kind.MARK
    raise AskedWrongly(f"a time alone is too much; {_HOW}")
