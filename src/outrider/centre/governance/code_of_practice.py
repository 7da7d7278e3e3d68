"""Self-assessment against the Code's twelve principles: checks that were run, questions answered.

For fixed and for mobile units apart. What can be measured is (self_checks.py); what cannot is
answered by somebody, by name and day, and anew each year.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from outrider.centre.access.people import Person, Role
from outrider.centre.governance.papers import Kept, NotAllowed, Papers
from outrider.centre.store.papers import PaperStore
from outrider.clock import Clock

KINDS = ("fixed", "mobile")
ANSWERS = ("yes", "partly", "no")
_GOOD_FOR = timedelta(days=366)
_ANSWERERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
_FOR_EVER_US = 2**62


class Principle(BaseModel):
    """One principle, with the names of its checks and its questions by key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    words: str
    checks: tuple[str, ...] = Field(min_length=1)
    question: dict[str, str]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    principle: tuple[Principle, ...]


@cache
def principles() -> tuple[Principle, ...]:
    """Return the twelve, in their order."""
    text = files(__package__).joinpath("code_of_practice.toml").read_text("utf-8")
    return _Table.model_validate(tomllib.loads(text)).principle


@dataclass(frozen=True)
class Checked:
    """What one check found. good: None where there is nothing to measure yet."""

    check: str
    good: bool | None
    words: str


@dataclass(frozen=True)
class Assessment:
    """All checks of one run, of fixed or of mobile units."""

    kind: str
    by: str
    on: str
    checks: tuple[Checked, ...]

    def of(self, check: str) -> Checked | None:
        """Return what a check found."""
        return next((one for one in self.checks if one.check == check), None)


@dataclass(frozen=True)
class Answer:
    """What somebody answered to a question, on a day (ISO)."""

    kind: str
    question: str
    answer: str
    words: str
    by: str
    on: str

    def stale(self, today: date) -> bool:
        """Whether it is older than a year."""
        return date.fromisoformat(self.on) + _GOOD_FOR < today


class SelfAssessments:
    """Runs and answers; each stands in the trail."""

    def __init__(self, store: PaperStore, clock: Clock) -> None:
        self._runs = Papers(store, clock, "self-assessment", Assessment)
        self._answers = Papers(store, clock, "code-answer", Answer)
        self._clock = clock

    def today(self) -> date:
        """Return the day."""
        return self._clock.stamp(self._clock.mono_ns()).utc.date()

    def keep(self, by: str, kind: str, checks: Sequence[Checked]) -> Kept[Assessment]:
        """Keep a run. Raises ValueError where checks of the table are missing."""
        wanted = {name for one in principles() for name in one.checks}
        if kind not in KINDS or {one.check for one in checks} != wanted:
            raise ValueError("a run has every check, of fixed or of mobile units")
        run = Assessment(kind, by, self.today().isoformat(), tuple(checks))
        return self._runs.add(
            run, holder=by, subject=kind, state="run", until_us=_FOR_EVER_US, by=by
        )

    def last(self, kind: str) -> Assessment | None:
        """Return the newest run."""
        found = self._runs.list(subject=kind)
        return found[0].content if found else None

    def answer(
        self, person: Person, kind: str, question: str, answer: str, words: str
    ) -> Kept[Answer]:
        """Answer a question. Raises NotAllowed, ValueError, ConflictError."""
        if not person.roles & _ANSWERERS:
            raise NotAllowed("the operator or an auditor answers")
        if kind not in KINDS or question not in {k for one in principles() for k in one.question}:
            raise ValueError("question: one of the page")
        if answer not in ANSWERS or len(words.split()) < 3:
            raise ValueError(f"answer: {', '.join(ANSWERS)}, and what it rests on in three words")
        given = Answer(kind, question, answer, words, person.person_id, self.today().isoformat())
        name = f"{kind} {question}"
        kept = self._answers.get(name)
        if kept is None:
            return self._answers.add(
                given, holder=person.person_id, subject=kind, state="answered",
                until_us=_FOR_EVER_US, by=person.person_id, paper_id=name,
            )  # fmt: skip
        return self._answers.change(kept, given, state="answered", by=person.person_id)

    def answers(self, kind: str) -> dict[str, Answer]:
        """Return what was answered, by question."""
        return {k.content.question: k.content for k in self._answers.list(subject=kind)}
