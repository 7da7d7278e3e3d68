"""Letting go of days: noted and logged, then removed; cut off between, finished later."""

from collections.abc import Sequence

from outrider.centre.store.columns import day_of
from outrider.centre.store.holding import remember
from outrider.centre.store.session import NoteErasure, Session
from outrider.centre.store.sqlite.days import Days
from outrider.centre.store.sqlite.files import IntakeFile
from outrider.centre.store.waiting import forget_before


class Expiry:
    """Drops days of a folder. Whoever calls it holds the lock on moves.

    parts: the opened rows, whose hashes are remembered; then the pictures.
    """

    def __init__(self, intake: IntakeFile, parts: Sequence[Days]) -> None:
        self._intake = intake
        self._parts = parts

    def run(self, before_us: int, note: NoteErasure) -> int:
        """Drop the days that end before an instant, and what waits since before it."""
        self.finish()
        first_kept = day_of(before_us)
        old = [(part, [day for day in part.all() if day < first_kept]) for part in self._parts]
        rows, pictures = (sum(part.count(day) for day in days) for part, days in old)
        with self._intake.writing("erase what is old") as session:
            rows += forget_before(session, before_us)
            for part, days in old[:1]:
                for day in days:
                    _remember(session, part, day)
            for part, days in old:
                _note_dropping(session, part.part, days)
            if rows or pictures:
                note(session, rows, pictures)
        self.finish()
        return rows

    def finish(self) -> None:
        """Remove the days that are noted to go."""
        with self._intake.reading("look for days to drop") as session:
            found = session.rows("SELECT part, day FROM dropping")
        if not found:
            return
        for part in self._parts:
            for name, day in found:
                if name == part.part:
                    part.drop(day)
            part.sweep()
        with self._intake.writing("note that days are dropped") as session:
            session.each("DELETE FROM dropping WHERE part = ? AND day = ?", found)


def _remember(session: Session, opened: Days, day: str) -> None:
    """Note the rows of a day that is about to go."""
    with opened.reading(day) as file:
        if file is None:
            return
        for (journal,) in file.rows("SELECT DISTINCT journal FROM opened"):
            query = "SELECT seq, hash FROM opened WHERE journal = ? ORDER BY seq"
            remember(session, journal, file.rows(query, journal))


def _note_dropping(session: Session, part: str, days: Sequence[str]) -> None:
    session.each("INSERT OR IGNORE INTO dropping VALUES (?, ?)", [(part, day) for day in days])
    session.each("DELETE FROM span WHERE part = ? AND day = ?", [(part, day) for day in days])
