"""One row of a list becomes an entry, or a clear reason why it does not."""

import re
import unicodedata
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import date, datetime

from outrider.hotlist_import.mapping import Mapping
from outrider.outside import OutsideError
from outrider.records import Response, VehicleOfInterest
from outrider.shown import of_cell
from outrider.vrm import MAX_LENGTH
from outrider.wire.hotlist_policy import parse_hours

MAX_TEXT = 2_000
LEAST_LITERALS = 3
"""Fewest letters and digits in a wildcard: `*` alone would make every car a vehicle of interest."""

_SEPARATORS = re.compile(r"[\s\-·.]+")
_PATTERN = re.compile(r"[0-9A-Z?*]+\Z")
_PRIORITIES = range(1, 5)
_YEARS = range(2000, 2101)
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_A_DATE = re.compile(
    rf"\d{{1,2}}-({_MONTH})[a-z]*(-\d+)?|({_MONTH})[a-z]*-\d+"
    r"|\d{4}-\d\d?-\d\d?([ T].*)?|\d\d?([-.])\d\d?\4\d{2,4}",
    re.IGNORECASE,
)
"""What a spreadsheet makes of marks such as SEP 12 or 1 MAR when it opens a list."""
_NOT_A_ROW = re.compile(
    r"(total|count|number of|rows?|records?|entries|trailer|page)\b.*|.*\b(rows|records|entries)",
    re.IGNORECASE,
)
"""A closing line of an export, such as TOTAL 3."""


class RowError(OutsideError):
    """A row that cannot be an entry; the message says which field, and what is allowed."""


def normalise_pattern(text: str) -> str:
    """Return a mark or wildcard in upper case without separators. Raises RowError."""
    mark = re.sub(r"\*+", "*", _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper())
    literals = sum(char not in "?*" for char in mark)
    if not mark:
        raise RowError("vrm is empty")
    if not _PATTERN.match(mark) or len(mark.replace("*", "")) > MAX_LENGTH:
        raise RowError(f"vrm {text!r}: 1 to {MAX_LENGTH} letters A-Z and digits, ? and *")
    if literals < LEAST_LITERALS and literals < len(mark):
        raise RowError(f"vrm {text!r}: a wildcard needs {LEAST_LITERALS} letters or digits")
    if literals == len(mark) and mark.isalpha():
        raise RowError(f"vrm {text!r}: a mark has a digit; a header, a heading or a total?")
    return mark


def _mark_of_a_list(text: str) -> str:
    """Return a row's mark, where the cell is not something that only looks like one."""
    if _A_DATE.fullmatch(text):
        raise RowError(f"vrm {text!r}: a date, as a spreadsheet makes of a mark: write it as text")
    if _NOT_A_ROW.fullmatch(text):
        raise RowError(f"vrm {text!r}: a closing line, not a mark")
    return normalise_pattern(text)


@dataclass(frozen=True, slots=True)
class EntryMaker:
    """Makes entries of rows by one mapping; area_names are those that an entry may name."""

    mapping: Mapping
    area_names: frozenset[str] = frozenset()

    def make(self, cells: MappingOf[str, str]) -> VehicleOfInterest:
        """Return the entry of a row's cells by field. Raises RowError."""
        texts = {name: self._meaning(name, text) for name, text in cells.items()}
        for name, default in self.mapping.defaults.items():
            texts[name] = texts.get(name) or default
        area, hours = texts.get("armed_area", ""), texts.get("armed_hours", "")
        self._check_arming(area, hours)
        valid_from = self._date("valid_from", texts.pop("valid_from", ""))
        weed_date = self._date("weed_date", texts.pop("weed_date", ""))
        if valid_from and weed_date and weed_date < valid_from:
            raise RowError(
                f"weed_date {weed_date} lies before valid_from {valid_from}: never armed"
            )
        return VehicleOfInterest(
            vrm=_mark_of_a_list(texts.pop("vrm", "")),
            reason=texts.pop("reason", ""),
            response=_response(texts.pop("response", "")),
            priority=_priority(texts.pop("priority", "")),
            valid_from=valid_from,
            weed_date=weed_date,
            **texts,
        )

    def _meaning(self, name: str, raw: str) -> str:
        text = " ".join(of_cell(raw).split())
        if len(text) > MAX_TEXT:
            raise RowError(f"{name} has {len(text)} characters, more than {MAX_TEXT}")
        bad = next((char for char in text if unicodedata.category(char) == "Cc"), None)
        if bad is not None:
            raise RowError(f"{name} holds the control character U+{ord(bad):04X}")
        return self.mapping.values.get(name, {}).get(text.casefold(), text)

    def _check_arming(self, area: str, hours: str) -> None:
        if area and area not in self.area_names:
            raise RowError(f"armed_area {area!r} is not among the list's areas")
        try:
            parse_hours(hours)
        except ValueError as error:
            raise RowError(str(error)) from error

    def _date(self, name: str, text: str) -> date | None:
        if not text:
            return None
        for form in self.mapping.form.date_formats:
            try:
                day = datetime.strptime(text, form).date()
            except (ValueError, re.error):  # re.error: a form that is none
                continue
            if day.year not in _YEARS:
                raise RowError(f"{name} {text!r}: a year of {_YEARS[0]} to {_YEARS[-1]}")
            return day
        raise RowError(f"{name} {text!r} is no date as {', '.join(self.mapping.form.date_formats)}")


def _response(text: str) -> Response:
    try:
        return Response(text.lower() or Response.ASSESS)
    except ValueError as error:
        allowed = ", ".join(response.value for response in Response)
        raise RowError(f"response {text!r}: one of {allowed}") from error


def _priority(text: str) -> int:
    if not text:
        return 3
    if not text.isascii() or not text.isdigit() or int(text) not in _PRIORITIES:
        raise RowError(f"priority {text!r}: 1 (highest) to 4")
    return int(text)
