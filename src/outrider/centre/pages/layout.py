"""Templates as text: every word from outside is shown as text, escaped, and never as markup."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from outrider.shown import shown

UK = ZoneInfo("Europe/London")


def finalize(value: object) -> object:
    """Return a value as it is put into a page: the one door for text. None is nothing."""
    if isinstance(value, Markup):  # made by a macro of our own templates, escaped there
        return value
    return "" if value is None else shown(str(value))


def when(at: datetime | None) -> str:
    """Return an instant in UK time, to the second, with which time it is."""
    if at is None:
        return "never"
    return at.astimezone(UK).strftime("%-d %b %Y %H:%M:%S %Z")


def minute(at: datetime | None) -> str:
    """Return an instant in UK time, to the minute."""
    return "never" if at is None else at.astimezone(UK).strftime("%-d %b %Y %H:%M %Z")


def when_us(at_us: int) -> str:
    """Return an instant given in microseconds; what no calendar has spoils no page."""
    try:
        return minute(datetime.fromtimestamp(at_us / 1e6, tz=UTC))
    except (ValueError, OverflowError):
        return "no day of the calendar"


def span(seconds: float | None) -> str:
    """Return how long something is, in words."""
    if seconds is None:
        return "not known"
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if abs(seconds) >= 2 * size or (unit == "minute" and abs(seconds) >= size):
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.0f} seconds"


def spaced(mark: str) -> str:
    """Return a mark as it stands on a plate, where its form is plain: AB12 CDE."""
    current = len(mark) == 7 and mark[:2].isalpha() and mark[2:4].isdigit() and mark[4:].isalpha()
    return f"{mark[:4]} {mark[4:]}" if current else mark


def in_lines(text: str) -> Markup:
    """Return what was typed as several lines, for the field that it was typed in."""
    return escape("\n".join(map(shown, text.splitlines())))


def number(value: float) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,.0f}"


def percent(value: float | None) -> str:
    """Return a share of one."""
    return "not known" if value is None else f"{value:.1%}"


def said(value: object) -> str:
    """Return what a fact of the trail says, in words: lists and names without their signs."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {said(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


class Layout:
    """The templates of this room."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("outrider.centre.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "when": when, "minute": minute, "when_us": when_us, "span": span, "spaced": spaced,
            "number": number, "percent": percent, "said": said, "in_lines": in_lines,
        }  # fmt: skip

    def render(self, template: str, facts: Mapping[str, Any]) -> str:
        """Return a page."""
        return self._environment.get_template(template).render(facts)
