"""How old a read may be: spans of days, or of calendar months."""

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Age:
    """An age: days, or calendar months; one of the two is none."""

    days: int = 0
    months: int = 0

    def before(self, at: datetime) -> datetime:
        """Return the instant that lies so far before an aware one."""
        return months_before(at, self.months) - timedelta(days=self.days)


def months_before(at: datetime, months: int) -> datetime:
    """Return the instant so many calendar months before; the month's last day where it has less."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)
