"""People's requests as cases: subject access, rectification, erasure, complaints; each to an end.

Receipt, identity, assignment, decision, letter, sending: each step stands in the trail by the
case's name; no name, address or mark of the person does. Who checks an identity answers nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from outrider.centre.access.grounds import Authorisation
from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.access.purpose import PurposeCode
from outrider.centre.governance.papers import Kept, NotAllowed, Papers
from outrider.centre.governance.rights_case import (
    CLOSED,
    DECIDED,
    LEAST_WORDS,
    MOST_TEXT,
    OPEN,
    RightsCase,
    Vehicle,
    faults_of,
)
from outrider.centre.governance.rights_clock import Limits, Pause, Standing, due_on, standing
from outrider.centre.governance.rights_rules import rules
from outrider.centre.store.columns import to_us
from outrider.centre.store.papers import PaperStore
from outrider.clock import Clock
from outrider.vrm import fold, normalise

_KEPT = timedelta(days=366)


class RightsCases:
    """All requests of all forces; each is seen and answered in its own."""

    def __init__(self, store: PaperStore, clock: Clock, limits: Limits) -> None:
        self._papers = Papers(store, clock, "rights-case", RightsCase)
        self._clock = clock
        self._limits = limits

    def today(self) -> date:
        """Return the day."""
        return self._clock.stamp(self._clock.mono_ns()).utc.date()

    def due(self, case: RightsCase) -> date:
        """Return the last day on which a request may be answered."""
        return due_on(
            date.fromisoformat(case.received), case.pauses,
            complaint=rules().of(case.kind).complaint, extended=bool(case.extended_by),
            limits=self._limits, today=self.today(),
        )  # fmt: skip

    def standing(self, case: RightsCase) -> Standing:
        """Return how a request that is not closed stands to its time limit."""
        return standing(self.due(case), case.pauses, self.today())

    def all(self, person: Person, closed: bool = False) -> list[Kept[RightsCase]]:
        """Return the requests of a person's own force, the first due first."""
        _check_role(person)
        states = (CLOSED,) if closed else (OPEN, DECIDED)
        found = [k for one in states for k in self._papers.list(holder=person.force, state=one)]
        return sorted(found, key=lambda kept: self.due(kept.content))

    def get(self, person: Person, case_id: str) -> Kept[RightsCase]:
        """Return one request of a person's own force. Raises NotAllowed."""
        _check_role(person)
        kept = self._papers.get(case_id)
        if kept is None or kept.content.force != person.force:
            raise NotAllowed("your force has no request of this name")
        return kept

    def overdue(self) -> int:
        """Return how many requests of all forces are overdue."""
        waits = [k.content for state in (OPEN, DECIDED) for k in self._papers.list(state=state)]
        return sum(self.standing(case) is Standing.OVERDUE for case in waits)

    def receive(
        self, person: Person, kind: str, received: str, name: str, contact: str, words: str,
        vehicles: Sequence[Vehicle] = (),
    ) -> Kept[RightsCase]:  # fmt: skip
        """Take a request in. Raises NotAllowed, ValueError with every fault."""
        _check_role(person)
        case_id = self._papers.new_id()
        case = RightsCase(
            f"R/{received[2:4]}/{case_id[-8:].upper()}", kind, person.force, received, name,
            contact, words, tuple(vehicles),
        )  # fmt: skip
        faults = faults_of(case, self.today())
        if faults:
            raise ValueError("; ".join(faults))
        return self._papers.add(
            case, holder=person.force, subject=case.reference, state=OPEN,
            until_us=self._papers.now_us() + _us(_KEPT), by=person.person_id,
            why=f"{kind}: received", paper_id=case_id,
        )  # fmt: skip

    def ask_identity(self, person: Person, case_id: str) -> Kept[RightsCase]:
        """Write down that the person was asked who he is: the clock stands still."""
        kept = self._open(person, case_id)
        if kept.content.identity_by or _awaits(kept.content):
            raise NotAllowed("the identity is known, or was asked for already")
        pauses = (*kept.content.pauses, Pause(self.today().isoformat()))
        return self._change(person, kept, "asked who the person is", pauses=pauses)

    def check_identity(self, person: Person, case_id: str, words: str) -> Kept[RightsCase]:
        """Write down how the person proved who he is, and that the vehicles are his."""
        kept = self._open(person, case_id)
        _check_words(words, "identity: in three words or more, by what it was proved")
        if kept.content.identity_by:
            raise NotAllowed("the identity was checked already")
        if kept.content.assigned_to == person.person_id:
            raise NotAllowed("whoever answers does not check the identity")
        return self._change(
            person, kept, "identity checked", pauses=_ended(kept.content, self.today()),
            identity_by=person.person_id, identity_words=words,
            identity_us=self._papers.now_us(),
        )  # fmt: skip

    def take(self, person: Person, case_id: str) -> Kept[RightsCase]:
        """Become whoever answers. Raises NotAllowed for who checked the identity."""
        kept = self._open(person, case_id)
        if kept.content.identity_by == person.person_id:
            raise NotAllowed("whoever checked the identity does not answer")
        return self._change(person, kept, "taken", assigned_to=person.person_id)

    def extend(self, person: Person, case_id: str, words: str) -> Kept[RightsCase]:
        """Take more time, once, with reasons; before the time is over."""
        kept = self._assigned(person, case_id)
        _check_words(words, "reasons: in three words or more, why the request takes longer")
        if kept.content.extended_by or self.standing(kept.content) is Standing.OVERDUE:
            raise NotAllowed("it was extended already, or its time is over")
        changes = {"extended_by": person.person_id, "extended_words": words}
        return self._change(person, kept, "time extended", **changes)

    def decide(
        self, person: Person, case_id: str, outcome: str, told: str, reasons: str, *,
        reads: int = 0, letter_sha256: str = "",
    ) -> Kept[RightsCase]:  # fmt: skip
        """Decide; the letter is made. Raises NotAllowed, ValueError."""
        kept = self.to_decide(person, case_id, outcome, told, reasons)
        changes = {
            "outcome": outcome, "told": told, "reasons": reasons, "decided_by": person.person_id,
            "reads": reads, "letter_sha256": letter_sha256,
        }  # fmt: skip
        return self._change(person, kept, f"decided: {outcome}", state=DECIDED, **changes)

    def to_decide(
        self, person: Person, case_id: str, outcome: str, told: str, reasons: str
    ) -> Kept[RightsCase]:
        """Return a request that this person may decide so. Raises NotAllowed, ValueError."""
        kept = self._assigned(person, case_id)
        case, kind = kept.content, rules().of(kept.content.kind)
        if not case.identity_by:
            raise NotAllowed("the identity is not checked yet")
        if outcome not in kind.outcomes:
            raise ValueError(f"outcome: one of {', '.join(kind.outcomes)}")
        if outcome != kind.outcomes[0]:
            _check_words(told, "the letter: say in three words or more why not all is done")
        _check_words(reasons, "for the file: in three words or more, what it rests on")
        if len(told) > MOST_TEXT or len(reasons) > MOST_TEXT:
            raise ValueError(f"at most {MOST_TEXT} characters each")
        return kept

    def send(self, person: Person, case_id: str, how: str) -> Kept[RightsCase]:
        """Write down that the letter went: the request is closed. Raises NotAllowed, ValueError."""
        kept = self.get(person, case_id)
        if kept.state != DECIDED:
            raise NotAllowed("there is no letter to send")
        _check_words(how, "sent: in three words or more, how and to where")
        changes = {"sent_on": self.today().isoformat(), "sent_how": how}
        return self._change(person, kept, "sent", state=CLOSED, **changes)

    def withdraw(self, person: Person, case_id: str, words: str) -> Kept[RightsCase]:
        """Close a request that the person has taken back. Raises NotAllowed, ValueError."""
        kept = self._open(person, case_id)
        _check_words(words, "withdrawn: in three words or more, when and how")
        changes = {"outcome": "withdrawn by the person", "reasons": words}
        pauses = _ended(kept.content, self.today())
        return self._change(person, kept, "withdrawn", state=CLOSED, pauses=pauses, **changes)

    def grounds(self, case_id: str) -> Authorisation | None:
        """Return what reads of a request are looked up on: an identity that somebody checked."""
        kept = self._papers.get(case_id)
        if kept is None or not kept.content.identity_by or not kept.content.vehicles:
            return None
        case = kept.content
        marks = frozenset(fold(normalise(one.mark)) for one in case.vehicles)
        first = min(one.since for one in case.vehicles)
        return Authorisation(
            kept.paper_id, case.assigned_to, case.identity_by, Rank.STAFF, case.reference,
            PurposeCode.SUBJECT_RIGHTS, marks, None, _midnight_us(first), case.identity_us,
            kept.paper.until_us, kept.state == CLOSED,
        )  # fmt: skip

    def _open(self, person: Person, case_id: str) -> Kept[RightsCase]:
        kept = self.get(person, case_id)
        if kept.state != OPEN:
            raise NotAllowed("this request is decided")
        return kept

    def _assigned(self, person: Person, case_id: str) -> Kept[RightsCase]:
        kept = self._open(person, case_id)
        if kept.content.assigned_to != person.person_id:
            raise NotAllowed("whoever has taken the request does this: take it first")
        return kept

    def _change(
        self, person: Person, kept: Kept[RightsCase], why: str, state: str = "", **changes: object
    ) -> Kept[RightsCase]:
        content = replace(kept.content, **changes)  # type: ignore[arg-type]
        return self._papers.change(
            kept, content, state=state or kept.state, by=person.person_id, why=why,
            until_us=self._papers.now_us() + _us(_KEPT),
        )  # fmt: skip


def _check_role(person: Person) -> None:
    if Role.INFORMATION_RIGHTS not in person.roles:
        raise NotAllowed("the staff for information rights answer requests")


def _check_words(words: str, fault: str) -> None:
    if len(words.split()) < LEAST_WORDS:
        raise ValueError(fault)


def _awaits(case: RightsCase) -> bool:
    return any(not pause.until for pause in case.pauses)


def _ended(case: RightsCase, today: date) -> tuple[Pause, ...]:
    return tuple(p if p.until else replace(p, until=today.isoformat()) for p in case.pauses)


def _midnight_us(day: str) -> int:
    return to_us(datetime.combine(date.fromisoformat(day), time(), UTC) - timedelta(days=1))


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
