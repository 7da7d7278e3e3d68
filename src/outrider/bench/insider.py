"""`outrider bench insider`: misuse planted in a year of made-up searches: recall, and false flags.

People work cases by day or by night, share suspects' marks, have busy days, look through lists and
follow up. Among them some misuse what they have, each in a way that has a name.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from outrider.centre.governance.detector import Pattern, flags
from outrider.centre.search.record import Asked, Stage
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.shown import say_json
from outrider.tables import Table

_DAY_US = 86_400_000_000
_HOUR_US = _DAY_US // 24
_YEAR_DAYS = 365
_BASE_US = 20_400 * _DAY_US


@dataclass(frozen=True, slots=True)
class Figures:
    """One pattern: how many were planted and found; how many who misused nothing were flagged."""

    pattern: str
    planted: int
    found: int
    recall: float
    false_flags: int
    honest_people: int


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands,
        "insider",
        "misuse planted in a year of made-up searches: recall and false flags",
        "outrider bench insider --people 300 --planted 10",
    )
    parser.add_argument("--people", type=int, default=300, help="who misuse nothing (300)")
    parser.add_argument("--planted", type=int, default=10, help="of each pattern (10)")
    parser.add_argument("--seed", type=int, default=1)
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    found = measure(args.people, args.planted, args.seed)
    if args.json:
        say_json([asdict(one) for one in found], indent=1)
        return 0
    title = f"outrider bench insider: a year, seed {args.seed}"
    table = Table("pattern", "planted", "found", "recall", "false flags", "of people", title=title)
    for one in found:
        table.add_row(
            one.pattern, str(one.planted), str(one.found), f"{one.recall:.0%}",
            str(one.false_flags), str(one.honest_people),
        )  # fmt: skip
    Screen().print(table)
    return 0


def measure(people: int, planted: int, seed: int) -> list[Figures]:
    """Return what the detector finds in a made-up year."""
    year, guilty = make_year(people, planted, random.Random(seed))
    raised = {(flag.person, flag.pattern) for flag in flags(year)}
    found = []
    for pattern in Pattern:
        theirs = {name for name, what in guilty.items() if what is pattern}
        caught = {name for name, what in raised if what is pattern}
        false = {name for name in caught if guilty.get(name) is not pattern}
        recall = len(theirs & caught) / max(1, len(theirs))
        found.append(
            Figures(pattern.value, planted, len(theirs & caught), recall, len(false), people)
        )
    return found


def make_year(
    people: int, planted: int, rng: random.Random
) -> tuple[list[Asked], dict[str, Pattern]]:
    """Return a year of searches, and who misused what."""
    guilty = {
        f"bad-{pattern.name.lower()}-{n}": pattern for pattern in Pattern for n in range(planted)
    }
    names = [f"dc-{n}" for n in range(people)] + list(guilty)
    suspects = [f"S{n:06d}" for n in range(people * 3)]
    year: list[Asked] = []
    for name in names:
        year += _work(rng, name, suspects)
        if name in guilty:
            year += _MISUSE[guilty[name]](rng, name)
    year.sort(key=lambda one: one.at_us)
    return year, guilty


def _work(rng: random.Random, name: str, suspects: list[str]) -> Iterator[Asked]:
    """Yield a year of honest work: shifts of early, late or night, two to four cases at a time."""
    start, usual = rng.choice((7, 7, 9, 14, 21)), rng.uniform(1, 8)
    cases = [(f"CR/{rng.randrange(10**5)}/26", rng.sample(suspects, 3)) for _ in range(25)]
    for day in range(_YEAR_DAYS):
        if day % 7 > 4 - rng.randrange(2):
            continue
        case, marks = cases[min(24, day // 15)]
        busy = 3 if rng.random() < 0.02 else 1
        for _ in range(min(20, int(rng.expovariate(1 / usual))) * busy):
            at_us = _BASE_US + day * _DAY_US + round((start + rng.uniform(0, 8.5)) * _HOUR_US)
            kind = rng.choices(("mark", "area", "partial", "hits"), (70, 15, 8, 7))[0]
            mark = rng.choice(marks) if rng.random() < 0.6 else f"W{rng.randrange(10**6):06d}"
            yield _asked(rng, name, at_us, kind, case, [mark] if kind == "mark" else [])


def _same_mark(rng: random.Random, name: str) -> Iterator[Asked]:
    """One private mark, on six to twenty days over some months, each time another case."""
    first = rng.randrange(200)
    for n in range(rng.randrange(6, 20)):
        day = first + n * rng.randrange(3, 9)
        at_us = _BASE_US + day * _DAY_US + 12 * _HOUR_US
        case = f"CR/{rng.randrange(10**5)}/26"
        yield _asked(rng, name, at_us, "mark", case, [f"PRIVATE-{name}"])


def _same_person(rng: random.Random, name: str) -> Iterator[Asked]:
    """Two or three marks of one household by turns, so that none is asked for often."""
    first, marks = rng.randrange(200), [f"HOME{n}-{name}" for n in range(rng.randrange(2, 4))]
    for n in range(rng.randrange(3, 5) * len(marks)):
        at_us = _BASE_US + (first + n * rng.randrange(3, 9)) * _DAY_US + 12 * _HOUR_US
        case = f"CR/{rng.randrange(10**5)}/26"
        yield _asked(rng, name, at_us, "mark", case, [marks[n % len(marks)]])


def _out_of_shift(rng: random.Random, name: str) -> Iterator[Asked]:
    """Some nights in one month, far from any shift of theirs (those of this maker end at 5)."""
    first = rng.randrange(300)
    for night in range(4):
        for _ in range(rng.randrange(2, 4)):
            at_us = _BASE_US + (first + night * 5) * _DAY_US + round(5.9 * _HOUR_US)
            mark = f"N{rng.randrange(10**6):06d}"
            yield _asked(rng, name, at_us, "mark", "CR/1/26", [mark])


def _far(rng: random.Random, name: str) -> Iterator[Asked]:
    """One day of very many searches."""
    day = rng.randrange(300)
    for _ in range(rng.randrange(60, 200)):
        at_us = _BASE_US + day * _DAY_US + round(rng.uniform(9, 15) * _HOUR_US)
        yield _asked(rng, name, at_us, "mark", "CR/2/26", [f"F{rng.randrange(10**6):06d}"])


def _browsed(rng: random.Random, name: str) -> Iterator[Asked]:
    """A weekend day of lists and parts of marks, and nothing else."""
    day = rng.randrange(40) * 7 + 6
    for _ in range(rng.randrange(13, 24)):
        at_us = _BASE_US + day * _DAY_US + round(rng.uniform(9, 15) * _HOUR_US)
        yield _asked(rng, name, at_us, rng.choice(("hits", "partial")), "CR/3/26", [])


_MISUSE = {
    Pattern.SAME_MARK: _same_mark,
    Pattern.OUT_OF_SHIFT: _out_of_shift,
    Pattern.FAR_FROM_BASELINE: _far,
    Pattern.LISTS_BROWSED: _browsed,
    Pattern.SAME_PERSON: _same_person,
}


def _asked(
    rng: random.Random, name: str, at_us: int, kind: str, case: str, marks: list[str]
) -> Asked:
    return Asked(
        Stage.ASKED, f"{rng.getrandbits(64):016x}", at_us, name, "northshire", "cid", "search",
        "serious", "policing-purpose", case, "made-up words of a search", "", "",
        {"kind": kind, "marks": marks}, {},
    )  # fmt: skip
