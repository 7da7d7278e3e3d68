"""Insiders: patterns of misuse in what the trail says was searched; told to another's supervisor.

A flag accuses nobody: it opens a review by a supervisor of another team. Each pattern has its own
name and its own numbers, which `outrider bench insider` measures over a year with planted misuse.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from outrider.centre.search.record import Asked, Stage
from outrider.vrm import fold

_SEPARATORS = re.compile(r"[\s.-]+")
_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000


class Pattern(StrEnum):
    """What a flag is for."""

    SAME_MARK = "the same mark again and again"
    OUT_OF_SHIFT = "searches out of shift"
    FAR_FROM_BASELINE = "far more than on their own days"
    LISTS_BROWSED = "lists and parts of marks browsed"
    SAME_PERSON = "somebody's marks again and again"


@dataclass(frozen=True, slots=True)
class Flag:
    """One pattern seen in one person's searches. decisions: those that show it, 20 at most."""

    person: str
    force: str
    team: str
    pattern: Pattern
    words: str
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Where each pattern begins."""

    same_mark_days: int = 5  # on so many days within same_mark_within
    same_mark_within_days: int = 90
    one_of_several_days: int = 3  # each of several marks, under as many cases
    alone: float = 0.8  # so much of all searches of the mark is this person's
    off_hours_searches: int = 6  # so many within 30 days, on 3 days at least
    off_hours_share: float = 0.02  # of the person's own searches fall into such hours
    baseline_times: float = 4.0  # a day that nine of ten of the person's own do not reach
    baseline_least: int = 40
    browsed_a_day: int = 12  # without a single read looked at, or a mark searched, after it
    known_searches: int = 40  # a person's own hours are known from so many on


def flags(asked: Iterable[Asked], limits: Limits | None = None) -> list[Flag]:
    """Return what stands out, by person and pattern."""
    limits = limits or Limits()
    by_person: dict[str, list[Asked]] = defaultdict(list)
    by_mark: Counter[str] = Counter()
    for one in asked:
        if one.stage is not Stage.ASKED:
            continue
        by_person[one.person].append(one)
        by_mark.update(marks_of(one))
    found: list[Flag] = []
    for _, own in sorted(by_person.items()):
        own.sort(key=lambda one: one.at_us)
        found += _same_mark(own, by_mark, limits)
        found += _same_person(own, by_mark, limits)
        found += _out_of_shift(own, limits)
        found += _far_from_baseline(own, limits)
        found += _lists_browsed(own, limits)
    return found


def marks_of(one: Asked) -> list[str]:
    """Return the marks that a question named, folded: however they are typed they are the same.

    A part of a mark counts as one, too: who leaves a character out asks for the same vehicle.
    """
    marks = one.facts.get("marks")
    found = [str(mark) for mark in marks] if isinstance(marks, list) else []
    if one.facts.get("pattern"):
        found.append(str(one.facts["pattern"]))
    return list(dict.fromkeys(fold(_SEPARATORS.sub("", mark).upper()) for mark in found))


def _flag(own: Sequence[Asked], pattern: Pattern, words: str) -> Flag:
    first = own[0]
    decisions = tuple(dict.fromkeys(one.decision_id for one in own))[:20]
    return Flag(first.person, first.force, first.team, pattern, words, decisions)


def _same_mark(own: Sequence[Asked], by_mark: Counter[str], limits: Limits) -> list[Flag]:
    """One mark on many days, that hardly anybody else asks about: no case is worked so."""
    of_mark: dict[str, list[Asked]] = defaultdict(list)
    for one in own:
        for mark in marks_of(one):
            of_mark[mark].append(one)
    found = []
    for mark, some in of_mark.items():
        if len(some) < limits.alone * by_mark[mark]:
            continue
        days = sorted({one.at_us // _DAY_US for one in some})
        dense = _densest(days, limits.same_mark_within_days)
        if dense >= limits.same_mark_days:
            cases = len({one.case for one in some})
            words = f"one mark on {dense} days, under {cases} case references, by nobody else"
            found.append(_flag(some, Pattern.SAME_MARK, words))
    return found


def _same_person(own: Sequence[Asked], by_mark: Counter[str], limits: Limits) -> list[Flag]:
    """Several marks that hardly anybody else asks about, each under several cases: one household.

    One case's marks are asked for under that case; who has a reason of his own invents cases.
    """
    of_mark: dict[str, list[Asked]] = defaultdict(list)
    for one in own:
        for mark in marks_of(one):
            of_mark[mark].append(one)
    private = [
        some
        for mark, some in of_mark.items()
        if len(some) >= limits.alone * by_mark[mark] and _under_many_cases(some, limits)
    ]
    asked = sorted((one for some in private for one in some), key=lambda one: one.at_us)
    days = sorted({one.at_us // _DAY_US for one in asked})
    dense = _densest(days, limits.same_mark_within_days)
    if len(private) < 2 or dense < limits.same_mark_days:
        return []
    words = f"{len(private)} marks on {dense} days, each under several cases, by nobody else"
    return [_flag(asked, Pattern.SAME_PERSON, words)]


def _under_many_cases(some: Sequence[Asked], limits: Limits) -> bool:
    """Whether one mark was asked for on several days within the limit, under as many cases."""
    days = sorted({one.at_us // _DAY_US for one in some})
    cases = len({one.case for one in some})
    return min(cases, _densest(days, limits.same_mark_within_days)) >= limits.one_of_several_days


def _densest(days: Sequence[int], within: int) -> int:
    """Return the most of sorted days that lie within so many."""
    most, first = 0, 0
    for last, day in enumerate(days):
        while day - days[first] >= within:
            first += 1
        most = max(most, last - first + 1)
    return most


def _out_of_shift(own: Sequence[Asked], limits: Limits) -> list[Flag]:
    """Searches in hours in which this person hardly ever works."""
    if len(own) < limits.known_searches:
        return []
    hours = Counter(_hour(one) for one in own)

    def rare(hour: int) -> bool:
        near = sum(hours[(hour + n) % 24] for n in (-1, 0, 1))
        return near < limits.off_hours_share * len(own) * 3

    odd = [one for one in own if rare(_hour(one))]
    first = 0
    for last, one in enumerate(odd):
        while one.at_us - odd[first].at_us >= 30 * _DAY_US:
            first += 1
        some = odd[first : last + 1]
        nights = {o.at_us // _DAY_US for o in some}
        if len(some) >= limits.off_hours_searches and len(nights) >= 3:
            words = f"{len(some)} searches on {len(nights)} days, at hours that are not theirs"
            return [_flag(some, Pattern.OUT_OF_SHIFT, words)]
    return []


def _hour(one: Asked) -> int:
    return one.at_us // _HOUR_US % 24


def _far_from_baseline(own: Sequence[Asked], limits: Limits) -> list[Flag]:
    by_day: dict[int, list[Asked]] = defaultdict(list)
    for one in own:
        by_day[one.at_us // _DAY_US].append(one)
    lengths = sorted(len(some) for some in by_day.values())
    usual = lengths[len(lengths) * 9 // 10]
    most = max(limits.baseline_least, limits.baseline_times * usual)
    found = [some for some in by_day.values() if len(some) > most]
    if not found:
        return []
    words = f"{len(found[0])} searches in a day; {usual} are many for them"
    return [_flag(found[0], Pattern.FAR_FROM_BASELINE, words)]


def _lists_browsed(own: Sequence[Asked], limits: Limits) -> list[Flag]:
    """A day of lists and parts of marks, after which nothing was done with any of it."""
    by_day: dict[int, list[Asked]] = defaultdict(list)
    for one in own:
        by_day[one.at_us // _DAY_US].append(one)
    for some in by_day.values():
        browsed = [one for one in some if one.facts.get("kind") in ("hits", "partial")]
        worked = any(one.facts.get("kind") in ("mark", "read", "ends") for one in some)
        if len(browsed) >= limits.browsed_a_day and not worked:
            words = f"{len(browsed)} lists and parts of marks in a day, none followed up"
            return [_flag(browsed, Pattern.LISTS_BROWSED, words)]
    return []
