"""How a list as a whole is to be treated: its rank, the strongest response, areas and hours."""

import re
from datetime import datetime, time
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from outrider.outside import OutsideError, parsing, toml_table
from outrider.records import Response
from outrider.wire.fields import faults_in

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+)?"
    r"(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)\Z"
)
_FAULTS_SHOWN = 20
MAX_BYTES = 512 * 1024
MAX_AREAS = 200
MAX_VERTICES = 2000
"""Of one area; all of a list's together: ten times as many. A look-up walks every edge."""
NAME_FORM = r"^[a-z0-9][a-z0-9._-]{0,47}$"

Degrees = tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]]


class PolicyError(OutsideError):
    """A list's policy cannot be used; the message lists every fault."""


class ListPolicy(BaseModel):
    """Settings of one list. areas: name -> polygon of (latitude, longitude) in degrees WGS 84.

    rank orders lists, 1 first. strongest_response caps what the list may ask for: `assess` turns
    its stops into assess. area and hours arm the whole list; an entry may have its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: Annotated[int, Field(ge=1, le=99)] = 10
    strongest_response: Response = Response.STOP
    area: Annotated[str, Field(max_length=100)] = ""
    hours: Annotated[str, Field(max_length=500)] = ""
    areas: dict[
        Annotated[str, Field(max_length=100)],
        Annotated[tuple[Degrees, ...], Field(min_length=3, max_length=MAX_VERTICES)],
    ] = Field(default_factory=dict, max_length=MAX_AREAS)

    @field_validator("hours")
    @classmethod
    def _hours_parse(cls, value: str) -> str:
        parse_hours(value)
        return value

    @field_validator("areas")
    @classmethod
    def _areas_are_bounded(
        cls, value: dict[str, tuple[Degrees, ...]]
    ) -> dict[str, tuple[Degrees, ...]]:
        vertices = sum(map(len, value.values()))
        if vertices > 10 * MAX_VERTICES:
            raise ValueError(f"{vertices} corners in all, at most {10 * MAX_VERTICES}: simplify")
        return value

    @model_validator(mode="after")
    def _area_is_known(self) -> "ListPolicy":
        if self.area and self.area not in self.areas:
            raise ValueError(f"area {self.area!r} is not among [areas]: {sorted(self.areas)}")
        return self


def policy_from(data: Any, where: str) -> ListPolicy:
    """Return a policy from JSON or TOML data. Raises PolicyError, listing every fault."""
    with parsing(PolicyError, where):
        try:
            return ListPolicy.model_validate(data)
        except ValidationError as error:
            faults = faults_in(error, most=_FAULTS_SHOWN)
            raise PolicyError(f"{where}: {faults}") from error


def policy_from_toml(text: str, where: str) -> ListPolicy:
    """Return a policy from a TOML text. Raises PolicyError."""
    try:
        return policy_from(toml_table(text, where), where)
    except OutsideError as error:
        raise PolicyError(error) from error


Span = tuple[frozenset[int], time, time]


def parse_hours(text: str) -> tuple[Span, ...]:
    """Return the spans of `Mon-Fri 07:00-19:00; Sat 22:00-04:00`: weekdays (Monday 0), from, to.

    Raises ValueError where a span has another form.
    """
    return tuple(_span(part.strip().lower()) for part in text.split(";") if part.strip())


def _span(text: str) -> Span:
    found = _SPAN.match(text)
    if not found:
        raise ValueError(f"hours {text!r}: write them as 'Mon-Fri 07:00-19:00'")
    first = _DAYS.index(found["first"]) if found["first"] in _DAYS else None
    if (found["first"] and first is None) or (found["last"] or "mon") not in _DAYS:
        raise ValueError(f"hours {text!r}: days are {', '.join(_DAYS)}")
    days = range(7) if first is None else _days(first, found["last"])
    start, end = time.fromisoformat(found["start"]), time.fromisoformat(found["end"])
    return frozenset(days), start, end


def _days(first: int, last: str | None) -> list[int]:
    end = first if last is None else _DAYS.index(last)
    return [(first + step) % 7 for step in range((end - first) % 7 + 1)]


def within_hours(spans: tuple[Span, ...], local: datetime) -> bool:
    """Return whether a local time lies in a span; one that ends before it starts runs overnight."""
    return not spans or any(_in_span(span, local) for span in spans)


def _in_span(span: Span, local: datetime) -> bool:
    days, start, end = span
    now, today = local.time(), local.weekday()
    if start < end:
        return today in days and start <= now < end
    return (today in days and now >= start) or ((today - 1) % 7 in days and now < end)
