"""Corrections as they stand beside reads: what somebody at the centre says the true mark is.

The read keeps the mark that it was read with, for ever; a correction is a paper of its own, each
state of which is kept. It goes with its read when that is erased.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from outrider.centre.search.answers import FoundRead
from outrider.centre.search.asking import TooMany
from outrider.centre.store.columns import from_us, to_us
from outrider.centre.store.fixes import MOST_FIXES
from outrider.centre.store.papers import CORRECTION, Paper, PaperStore, named, over_within
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.questions import Question
from outrider.centre.store.records import StoreError
from outrider.vrm import fold
from outrider.wire import canonical
from outrider.wire.canonical import WireError

CORRECTED, WITHDRAWN = "corrected", "withdrawn"
_MOST_BYTES = 4096
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Correction:
    """One state of a correction: of which read, to which mark (as typed), by whom, when."""

    read_id: uuid.UUID
    mark: str
    by: str
    at: datetime
    decision_id: str


def as_paper(read: FoundRead, made: Correction, before: Paper | None) -> Paper:
    """Return a correction as the next state of the read's paper.

    One that says what was read takes back the correction before it.
    """
    state = WITHDRAWN if made.mark == read.mark else CORRECTED
    body = canonical.dumps({"decision": made.decision_id, "mark": made.mark})
    revision = 1 if before is None else before.revision + 1
    return Paper(
        CORRECTION, str(made.read_id), revision, made.by, fold(made.mark), state,
        to_us(made.at), to_us(read.at), body,
    )  # fmt: skip


def with_corrections(store: PaperStore, reads: Sequence[FoundRead]) -> tuple[FoundRead, ...]:
    """Return reads with what they were corrected to. Raises StoreError."""
    return _with(store.papers_named(CORRECTION, _names(reads)), reads)


def corrected_in(session: SearchSession, reads: Sequence[FoundRead]) -> tuple[FoundRead, ...]:
    """Return reads with what they were corrected to, within a search. Raises StoreError."""
    if not reads:
        return ()
    with session.papers() as papers:
        return _with(named(papers, CORRECTION, _names(reads)), reads)


def true_marks(session: SearchSession, reads: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return what reads were corrected to, of those that were. Raises StoreError."""
    found: dict[uuid.UUID, str] = {}
    with session.papers() as papers:
        for start in range(0, len(reads), _AT_ONCE):
            names = [str(one) for one in reads[start : start + _AT_ONCE]]
            for paper in named(papers, CORRECTION, names):
                one = _in_force(paper)
                if one is not None:
                    found[one.read_id] = one.mark
    return found


def _names(reads: Sequence[FoundRead]) -> list[str]:
    return [str(read.read_id) for read in reads]


def _with(papers: Sequence[Paper], reads: Sequence[FoundRead]) -> tuple[FoundRead, ...]:
    found = {one.read_id: one for paper in papers if (one := _in_force(paper)) is not None}
    return tuple(
        replace(read, corrected_to=one.mark, corrected_by=one.by, corrected_at=one.at)
        if (one := found.get(read.read_id)) is not None
        else read
        for read in reads
    )


def counting_as(session: SearchSession, question: Question, like: str = "") -> Question:
    """Return a question about marks that finds what was corrected to one of them, too.

    like: marks that fit it count. None is left out: who corrects many reads hides none. Raises
    TooMany, StoreError.
    """
    part: tuple[str, object] = ("subject LIKE ?", like)
    if not like:
        part = session.among("subject", question.marks or (), "text")
    found = fixes_of(session, question.since_us, question.until_us, *part)
    return replace(question, corrected=tuple(uuid.UUID(bytes=read) for read in found))


def fixes_of(
    session: SearchSession, since_us: int, until_us: int, part: str = "", *values: object
) -> dict[bytes, str]:
    """Return the corrections in force of the reads of a span; part: one more condition.

    None is left out. Raises TooMany, StoreError.
    """
    most = MOST_FIXES + 1  # a correction is over when its read is: as_paper
    with session.papers() as papers:
        found = over_within(papers, CORRECTION, CORRECTED, since_us, until_us, most, part, *values)
    if len(found) > MOST_FIXES:
        raise TooMany(f"more than {MOST_FIXES:,} reads of then were corrected: ask for less time")
    return {uuid.UUID(name).bytes: vrm for name, vrm in found}


def _in_force(paper: Paper) -> Correction | None:
    if paper.state != CORRECTED:
        return None
    try:
        body = canonical.loads(paper.body, _MOST_BYTES)
        at, name = from_us(paper.at_us), uuid.UUID(paper.paper_id)
        return Correction(name, str(body["mark"]), paper.holder, at, str(body["decision"]))
    except (WireError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"correction {paper.paper_id}: damaged") from error
