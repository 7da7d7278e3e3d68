"""What a unit asks before it erases: do you hold these rows, now, under these very hashes?

`POST /v1/units/UNIT/holdings`, signed as every request of a unit is:
`{"version": 2, "unit", "sent", "journal", "runs": [{"first", "marks"}]}`: for each run of numbers
without a hole, the first 16 bytes of each row's hash, one after another, in base64. The answer is
signed by the centre, as receipts are: `{"holdings": {"version": 2, "unit", "journal", "request",
"rows", "whole", "over", "aside", "at"}, "signature"}`; request: SHA-256 of the request's body; the
rest are lists of `[first, last]`: rows that are held, those that are held with all the pictures
they name, those that were held and erased when their time was over, and those that came and did
not open, which a unit neither sends again nor erases. What is in none of them is lacking.
"""

import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from outrider.outside import parsing
from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.fields import (
    NO_MORE,
    ONE_FAULT,
    Base64,
    Digest,
    Form,
    Identifier,
    Instant,
    Seq,
    Whole,
)
from outrider.wire.names import Name
from outrider.wire.signed import SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey

VERSION = 2
PURPOSE = "holdings"
MARK_BYTES = 16
MAX_ROWS = 1000
MAX_BYTES = 64 * 1024

_Range = Annotated[list[Seq], Field(min_length=2, max_length=2)]
_Ranges = Annotated[list[_Range], ONE_FAULT, Field(max_length=MAX_ROWS)]


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that a unit holds: its number, and the first 16 bytes of its hash."""

    seq: int
    mark: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """Rows of one journal that a unit asks about. sent: as its header says."""

    unit_id: str
    sent: str
    journal_id: uuid.UUID
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Holdings:
    """Numbers that are held; of them those with all their pictures; those whose time was over.

    aside: numbers that came and did not open: in none of the others.
    """

    rows: frozenset[int] = frozenset()
    whole: frozenset[int] = frozenset()
    over: frozenset[int] = frozenset()
    aside: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows of successive numbers. marks: of each the first 16 bytes of its hash."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    first: Seq
    marks: Annotated[Base64, Field(max_length=MARK_BYTES * MAX_ROWS)]


@dataclass(frozen=True, slots=True)
class _Asked:
    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    version: Whole
    unit: Name
    sent: Annotated[str, Field(max_length=60)]
    journal: Identifier
    runs: Annotated[tuple[_Run, ...], ONE_FAULT, Field(max_length=MAX_ROWS)]


@dataclass(frozen=True, slots=True)
class _Answer:
    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    version: Whole
    unit: Annotated[str, Field(max_length=64)]
    journal: Identifier
    request: Digest
    rows: _Ranges
    whole: _Ranges
    over: _Ranges
    aside: _Ranges
    at: Instant


_QUESTION = Form(_Asked, exact=True)
_MESSAGE = SignedMessage("holdings", _Answer, PURPOSE, MAX_BYTES)


def path(unit_id: str) -> str:
    """Return where a unit asks."""
    return f"/v1/units/{unit_id}/holdings"


def encode_question(question: Question) -> bytes:
    """Return a question as it travels; its claims are in ascending order, at most 1,000."""
    runs: list[tuple[int, bytearray]] = []
    for claim in question.claims:
        if not runs or claim.seq != runs[-1][0] + len(runs[-1][1]) // MARK_BYTES:
            runs.append((claim.seq, bytearray()))
        runs[-1][1].extend(claim.mark)
    asked = _Asked(
        VERSION,
        question.unit_id,
        question.sent,
        question.journal_id,
        tuple(_Run(first, bytes(marks)) for first, marks in runs),
    )
    return canonical.dumps(_QUESTION.plain(asked))


def decode_question(body: bytes) -> Question:
    """Return the question that a body holds. Raises WireError, saying what is wrong."""
    with parsing(WireError, "question"):
        raw = _QUESTION.read(canonical.loads(body, MAX_BYTES))
        claims = tuple(claim for run in raw.runs for claim in _claims(run))
    if raw.version != VERSION:
        raise WireError(f"question version {raw.version}, this version reads {VERSION}")
    if len(claims) > MAX_ROWS:
        raise WireError(f"asks about {len(claims)} rows, at most {MAX_ROWS}")
    return Question(raw.unit, raw.sent, raw.journal, claims)


def _claims(run: _Run) -> list[Claim]:
    marks = run.marks
    if len(marks) % MARK_BYTES:
        raise WireError(f"the marks from row {run.first} are cut short")
    return [
        Claim(run.first + n, marks[n * MARK_BYTES : (n + 1) * MARK_BYTES])
        for n in range(len(marks) // MARK_BYTES)
    ]


def encode_answer(
    question: Question, body: bytes, found: Holdings, at: str, identity: SigningIdentity
) -> bytes:
    """Return what the centre holds, signed. body: of the question; at: ISO 8601."""
    answer = _Answer(
        VERSION,
        question.unit_id,
        question.journal_id,
        hashlib.sha256(body).digest(),
        ranges(found.rows),
        ranges(found.whole),
        ranges(found.over),
        ranges(found.aside),
        at,
    )
    return _MESSAGE.encode(answer, identity)


def decode_answer(data: bytes, body: bytes, question: Question, key: VerifyingKey) -> Holdings:
    """Return what the centre holds of what a question named, and nothing else.

    Raises WireError for what the centre has not signed, or not for this question.
    """
    answer = _MESSAGE.decode(data, key)
    if answer.version != VERSION:
        raise WireError(f"holdings version {answer.version}, this one reads {VERSION}")
    asked = (question.unit_id, question.journal_id, hashlib.sha256(body).digest())
    if (answer.unit, answer.journal, answer.request) != asked:
        raise WireError("holdings that answer another question")
    seqs = [claim.seq for claim in question.claims]
    found = (answer.rows, answer.whole, answer.over, answer.aside)
    return Holdings(*(_within(seqs, spans) for spans in found))


def _within(seqs: Sequence[int], spans: Iterable[Sequence[int]]) -> frozenset[int]:
    """Return the numbers that were asked about and stand in one of the spans."""
    return frozenset(s for first, last in spans for s in seqs if first <= s <= last)


def ranges(seqs: Collection[int]) -> list[list[int]]:
    """Return numbers as runs without a hole, in order."""
    found: list[list[int]] = []
    for seq in sorted(seqs):
        if found and found[-1][1] == seq - 1:
            found[-1][1] = seq
        else:
            found.append([seq, seq])
    return found
