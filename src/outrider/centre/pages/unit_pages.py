"""What the operator sees first: each unit, what is wrong with it, and what to do."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from outrider.centre.authority.overview import UnitLine, overview
from outrider.centre.governance.figures import answers_by_unit
from outrider.centre.governance.register import Register
from outrider.centre.pages.calls import Call, NotHere, Page, Reply
from outrider.centre.search.blind import rate_of

_LATE = timedelta(days=2)
_SILENT = timedelta(days=7)
_ENDS_SOON = timedelta(days=30)
_DRIFT_S = 5.0
_LEAST_ANSWERS = 5
_MISREAD = 0.1
_DISK_FREE = 0.1


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong: in a word, in words, and what to do. red: now; else soon."""

    tag: str
    words: str
    do: str
    red: bool = False


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit as the operator sees it."""

    line: UnitLine
    newest_at: datetime | None
    skew_s: float | None
    right: int
    wrong: int
    troubles: tuple[Trouble, ...]

    @property
    def rate(self) -> float | None:
        """The misread rate that officers' answers measured; None where nobody answered."""
        return rate_of(self.right, self.wrong) if self.right + self.wrong else None


def units(call: Call) -> Reply:
    """Show all of them, the troubled first."""
    backlog = call.desks.store.backlog()
    disk = shutil.disk_usage(call.site.folder.root)
    shown = sorted(_shown(call), key=lambda one: (-len(one.troubles), one.line.unit_id))
    facts = {
        "units": shown, "backlog": backlog, "now": call.site.now,
        "disk_free": disk.free / disk.total, "disk_low": disk.free < _DISK_FREE * disk.total,
        "waits_s": _age_s(backlog.oldest_at, call.site.now),
    }  # fmt: skip
    return Page("units.html", facts)


def unit(call: Call) -> Reply:
    """Show one of them."""
    found = next((one for one in _shown(call) if one.line.unit_id == call.path["unit"]), None)
    if found is None:
        raise NotHere("no unit of this name was ever enrolled")
    aside = [
        one for one in call.desks.store.rows_set_aside(1000) if one.unit_id == call.path["unit"]
    ]
    return Page("unit.html", {"one": found, "aside": aside[:20], "now": call.site.now})


def _age_s(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else (now - at).total_seconds()


def _shown(call: Call) -> list[ShownUnit]:
    register = Register(call.desks.store, call.desks.clock)
    entered, overdue = set(register.all()), register.overdue()
    answers = answers_by_unit(call.desks.store, call.site.now)
    return [_one(line, answers.get(line.unit_id, (0, 0)), call.site.now,
                 _of_register(line.unit_id, entered, overdue))
            for line in overview(call.desks.store)]  # fmt: skip


def _one(
    line: UnitLine, answers: tuple[int, int], now: datetime, more: Sequence[Trouble] = ()
) -> ShownUnit:
    last = max(line.journals, key=lambda journal: journal.last_upload_at, default=None)
    newest = last.last_upload_at if last else None
    skew = last.last_skew_s if last else None
    right, wrong = answers
    troubles = [*_of_uploads(newest, now), *_of_certificate(line, now), *_of_rows(line),
                *_of_figures(skew, right, wrong), *more]  # fmt: skip
    if line.revoked_at is not None:
        troubles = [
            Trouble("revoked", "it is not trusted any more", "enrol it anew when it may work")
        ]
    return ShownUnit(line, newest, skew, right, wrong, tuple(troubles))


def _of_register(unit: str, entered: set[str], overdue: frozenset[str]) -> list[Trouble]:
    if unit not in entered:
        words = "why it is needed was never written down"
        return [Trouble("not entered", words, "enter it in the register")]
    if unit in overdue:
        return [Trouble("review overdue", "its review is overdue", "review it in the register")]
    return []


def _of_uploads(newest: datetime | None, now: datetime) -> list[Trouble]:
    if newest is None:
        return [
            Trouble("never", "it has sent nothing yet", "dock it; see that `outrider sync` runs")
        ]
    if now - newest > _SILENT:
        words = "it has sent nothing for a week"
        return [
            Trouble("silent", words, "find the vehicle; look at the unit's `outrider status`", True)
        ]
    if now - newest > _LATE:
        return [Trouble("late", "it has sent nothing for two days", "ask its crew to dock it")]
    return []


def _of_certificate(line: UnitLine, now: datetime) -> list[Trouble]:
    until = line.certificate_until
    if until is None:
        return []
    if until < now:
        do = "give it a new ticket: `outrider centre enrol-ticket`"
        return [Trouble("certificate over", "it cannot send any more", do, True)]
    if until - now < _ENDS_SOON:
        do = "dock it: it renews its certificate by itself; if it does not, give it a new ticket"
        return [Trouble("certificate ends", "its certificate ends within 30 days", do)]
    return []


def _of_rows(line: UnitLine) -> list[Trouble]:
    found = []
    if line.missing or line.chain_breaks:
        breaks = f"{line.chain_breaks:,} do not follow on the row before"
        words = f"{line.missing:,} rows are missing, {breaks}"
        found.append(
            Trouble("rows missing", words, "dock it; if they do not come, look at its card", True)
        )
    if line.set_aside:
        words = f"{line.set_aside:,} rows do not open"
        do = "look at why below; add the key, or ask the unit's maker"
        found.append(Trouble("set aside", words, do, True))
    if line.forks:
        words = "its card was put back, or goes on twice"
        found.append(Trouble("card", words, "keep the card as it is and ask who had it", True))
    return found


def _of_figures(skew: float | None, right: int, wrong: int) -> list[Trouble]:
    found = []
    if skew is not None and abs(skew) > _DRIFT_S:
        words = f"its clock was off by {skew:+.1f} s at its last upload"
        found.append(Trouble("clock", words, "look at its GPS antenna and its clock's battery"))
    if right + wrong >= _LEAST_ANSWERS and rate_of(right, wrong) > _MISREAD:
        words = f"{wrong} of {right + wrong} hits were misread"
        found.append(Trouble("misreads", words, "clean the lens; look at focus and mounting"))
    return found
