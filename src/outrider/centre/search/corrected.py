"""Corrections as they stand beside reads: what somebody at the centre says the true mark is.

The read keeps the mark that it was read with, for ever; a correction is a paper of its own, each
state of which is kept. It goes with its read when that is erased.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from outrider.centre.search.answers import FoundRead
from outrider.centre.search.asking import Span, TooMany
from outrider.centre.store.columns import from_us, to_us
from outrider.centre.store.papers import CORRECTION, Paper, PaperStore
from outrider.centre.store.questions import MOST_MARKS
from outrider.centre.store.records import StoreError
from outrider.vrm import fold
from outrider.wire import canonical
from outrider.wire.canonical import WireError

CORRECTED, WITHDRAWN = "corrected", "withdrawn"
_MOST_BYTES = 4096


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
    papers = store.papers_named(CORRECTION, [str(read.read_id) for read in reads])
    found = {one.read_id: one for paper in papers if (one := _in_force(paper)) is not None}
    return tuple(
        replace(read, corrected_to=one.mark, corrected_by=one.by, corrected_at=one.at)
        if (one := found.get(read.read_id)) is not None
        else read
        for read in reads
    )


def corrected_to(store: PaperStore, vrm: str, span: Span) -> tuple[uuid.UUID, ...]:
    """Return the reads of a span that were corrected to a folded mark.

    None is left out: who corrects many reads hides none. Raises TooMany, StoreError.
    """
    found = [
        uuid.UUID(paper.paper_id)
        for paper in store.papers(CORRECTION, subject=vrm, state=CORRECTED)
        if span.since_us <= paper.until_us <= span.until_us  # when the read was made: as_paper
    ]
    if len(found) > MOST_MARKS:
        raise TooMany(
            f"more than {MOST_MARKS} reads were corrected to this mark then: ask for a shorter "
            "time, or for the mark exactly as it was read"
        )
    return tuple(found)


def _in_force(paper: Paper) -> Correction | None:
    if paper.state != CORRECTED:
        return None
    try:
        body = canonical.loads(paper.body, _MOST_BYTES)
        at, name = from_us(paper.at_us), uuid.UUID(paper.paper_id)
        return Correction(name, str(body["mark"]), paper.holder, at, str(body["decision"]))
    except (WireError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"correction {paper.paper_id}: damaged") from error
