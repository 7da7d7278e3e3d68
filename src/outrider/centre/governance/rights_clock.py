"""The clock of a person's request: when it is due, and that it stands still while he is asked.

Calendar months, as the law counts them; the days on which an identity was awaited do not count.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits: months to answer, months more with reasons, days to answer a complaint."""

    answer_months: int
    extend_months: int
    complaint_days: int


STATUTORY = Limits(1, 2, 30)


@dataclass(frozen=True)
class Pause:
    """Days (ISO) between which an identity was awaited; until: empty while it still is."""

    since: str
    until: str = ""


class Standing(StrEnum):
    """How a request stands to its time limit."""

    STANDS_STILL = "stands still"
    IN_TIME = "in time"
    SOON = "due within a week"
    OVERDUE = "overdue"


def due_on(
    received: date, pauses: Sequence[Pause], *, complaint: bool, extended: bool, limits: Limits,
    today: date,
) -> date:  # fmt: skip
    """Return the last day on which a request may be answered."""
    months = limits.extend_months if extended else 0
    start = received
    if complaint:
        start += timedelta(days=limits.complaint_days)
    else:
        months += limits.answer_months
    paused = sum((_days(pause, today) for pause in pauses), timedelta())
    return months_after(start, months) + paused


def standing(due: date, pauses: Sequence[Pause], today: date) -> Standing:
    """Return how a request stands that is not answered yet."""
    if any(not pause.until for pause in pauses):
        return Standing.STANDS_STILL
    if today > due:
        return Standing.OVERDUE
    return Standing.SOON if due - today <= _SOON else Standing.IN_TIME


def months_after(day: date, months: int) -> date:
    """Return the day so many calendar months later; the month's last where it has fewer days."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _days(pause: Pause, today: date) -> timedelta:
    until = date.fromisoformat(pause.until) if pause.until else today
    return max(until - date.fromisoformat(pause.since), timedelta())
