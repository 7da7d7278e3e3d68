"""Letting go of days, and of the part of a day that is over: noted and logged, then removed.

What is cut off between is finished by whoever comes next.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from outrider.centre.store.columns import day_of
from outrider.centre.store.holding import remember
from outrider.centre.store.session import NoteErasure, Row, Session
from outrider.centre.store.sqlite.days import Days
from outrider.centre.store.sqlite.files import IntakeFile
from outrider.centre.store.waiting import forget_before

_TRIM = "trim"  # in `dropping`: the part of a day of before an instant, in microseconds
_Place = tuple[int, int]


class Expiry:
    """Drops days of a folder. Whoever calls it holds the lock on moves.

    parts: the opened rows, whose hashes are remembered; then the pictures.
    """

    def __init__(self, intake: IntakeFile, parts: Sequence[Days]) -> None:
        self._intake = intake
        self._opened, self._pictures = parts

    def run(self, before_us: int, note: NoteErasure) -> int:
        """Erase all of before an instant, and what waits since before it; return the rows."""
        self.finish()
        with self._intake.erasing("erase what is old") as session:
            rows = forget_before(session, before_us)
            for journal, old in self._old(before_us):
                remember(session, journal, old)
                rows += len(old)
            pictures = self._count_pictures(session, before_us)
            for part in (self._opened, self._pictures):
                _note_dropping(session, part.part, _before(part, before_us))
            session.run("INSERT OR IGNORE INTO dropping VALUES (?, ?)", _TRIM, str(before_us))
            if rows or pictures:
                note(session, rows, pictures)
        self.finish()
        return rows

    def _old(self, before_us: int) -> Iterator[tuple[int, list[Row]]]:
        """Yield (seq, hash) of the rows that are over, by journal, a day at a time."""
        for day in self._days(before_us):
            with self._opened.reading(day) as file:
                if file is None:
                    continue
                query = (
                    "SELECT journal, seq, hash FROM opened WHERE filed_us < ? ORDER BY journal, seq"
                )
                of_journal: dict[int, list[Row]] = defaultdict(list)
                for journal, seq, digest in file.rows(query, before_us):
                    of_journal[journal].append((seq, digest))
            yield from of_journal.items()

    def _days(self, before_us: int) -> list[str]:
        """Return the days in which a row may be over: whole ones, and the one that is cut."""
        return [day for day in self._opened.all() if day <= day_of(before_us)]

    def _count_pictures(self, session: Session, before_us: int) -> int:
        whole = sum(self._pictures.count(day) for day in _before(self._pictures, before_us))
        over = self._pictures_over(session, before_us)
        return whole + sum(self._count_in(day, places, before_us) for day, places in over.items())

    def _count_in(self, day: str, places: Sequence[_Place], before_us: int) -> int:
        with self._pictures.reading(day) as file:
            if file is None:
                return 0
            found = file.one("SELECT count(*) FROM picture WHERE arrived_us < ?", before_us)
            count = 0 if found is None else int(found[0])
            query = "SELECT count(*) FROM picture WHERE journal = ? AND seq = ? AND arrived_us >= ?"
            for place in places:
                found = file.one(query, *place, before_us)
                count += 0 if found is None else int(found[0])
            return count

    def _pictures_over(self, session: Session, before_us: int) -> dict[str, list[_Place]]:
        """Return the days that keep pictures of rows that are over, which may have come later."""
        found: dict[str, list[_Place]] = {day_of(before_us): []}
        kept = set(self._pictures.all()) - set(_before(self._pictures, before_us))
        for journal, rows in self._old(before_us):
            days = session.rows(
                "SELECT day FROM span WHERE part = ? AND journal = ? AND first_seq <= ? "
                "AND last_seq >= ?",
                self._pictures.part,
                journal,
                rows[-1][0],
                rows[0][0],
            )
            for (day,) in days:
                if day in kept:
                    found.setdefault(day, []).extend((journal, seq) for seq, _ in rows)
        return found

    def finish(self) -> None:
        """Remove what is noted to go."""
        with self._intake.reading("look for days to drop") as session:
            found = session.rows("SELECT part, day FROM dropping")
        if not found:
            return
        for part, day in found:
            if part == _TRIM:
                self._trim(int(day))
        for one in (self._opened, self._pictures):
            for part, day in found:
                if part == one.part:
                    one.drop(day)
            one.sweep()
        with self._intake.writing("note that days are dropped") as session:
            session.each("DELETE FROM dropping WHERE part = ? AND day = ?", found)

    def _trim(self, before_us: int) -> None:
        """Erase pictures of rows that are over, then the rows of the day that is cut."""
        with self._intake.reading("look for pictures to erase") as session:
            over = self._pictures_over(session, before_us)
        for day, places in over.items():
            with self._pictures.erasing(day) as file:
                if file is not None:
                    file.run("DELETE FROM picture WHERE arrived_us < ?", before_us)
                    file.each("DELETE FROM picture WHERE journal = ? AND seq = ?", places)
        with self._opened.erasing(day_of(before_us)) as file:
            if file is not None:
                file.run("DELETE FROM opened WHERE filed_us < ?", before_us)


def _before(part: Days, before_us: int) -> list[str]:
    """Return the days that end before an instant."""
    return [day for day in part.all() if day < day_of(before_us)]


def _note_dropping(session: Session, part: str, days: Sequence[str]) -> None:
    session.each("INSERT OR IGNORE INTO dropping VALUES (?, ?)", [(part, day) for day in days])
    session.each("DELETE FROM span WHERE part = ? AND day = ?", [(part, day) for day in days])
