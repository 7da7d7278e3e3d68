"""Holdings, padding, the crew's trail, certificates of erasure and hours: exact, and bounded."""

import base64
import dataclasses
import hashlib
import json
import tracemalloc
import uuid
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from outrider.clock import ClockQuality, UtcStamp
from outrider.records import uuid7_time
from outrider.wire import batch, holdings, padding
from outrider.wire import checkpoint as checkpoints
from outrider.wire import erasure as erasures
from outrider.wire.audit import AuditKind, new_event
from outrider.wire.canonical import WireError
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.crew_entry import FIRST_HASH, CrewEvent, CrewRecord, trail_hash
from outrider.wire.erasure import Erasure
from outrider.wire.holdings import MARK_BYTES, Claim, Holdings, Question
from outrider.wire.hotlist_policy import parse_hours, within_hours
from outrider.wire.signing import SigningIdentity

CENTRE, OTHER = SigningIdentity.generate(), SigningIdentity.generate()
JOURNAL = uuid.UUID(int=9)
AT = "2026-11-21T05:00:00.000Z"
Q = Question("unit-7", "2026-11-21T05:00:00.000Z;gps", JOURNAL, ())


def question(seqs: list[int]) -> Question:
    return dataclasses.replace(
        Q, claims=tuple(Claim(s, hashlib.sha256(b"%d" % s).digest()[:MARK_BYTES]) for s in seqs)
    )


_seqs = st.lists(st.integers(1, 40), unique=True, max_size=30).map(sorted)


@given(_seqs)
@example([1, 2, 3, 7, 8, 2**61])
def test_a_question_comes_back_as_it_was(seqs: list[int]) -> None:
    """Each run of numbers costs its marks and one number, no more."""
    asked = question(seqs)
    body = holdings.encode_question(asked)
    assert holdings.decode_question(body) == asked
    runs = json.loads(body)["runs"]
    assert [run["first"] for run in runs] == [s for s in seqs if s - 1 not in seqs]
    marks = b"".join(base64.b64decode(run["marks"]) for run in runs)
    assert marks == b"".join(claim.mark for claim in asked.claims)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda q: q | {"version": 1}, "version 1"),
        (lambda q: q | {"journal": "9"}, "journal"),
        (lambda q: q | {"more": 1}, "more"),
        (lambda q: q | {"runs": [{"first": 3, "marks": "AAAA"}]}, "from row 3 are cut short"),
        (lambda q: q | {"runs": [{"first": 0, "marks": ""}]}, "first"),
        (
            lambda q: q
            | {"runs": [{"first": 1, "marks": base64.b64encode(bytes(16 * 1001)).decode()}]},
            "1001 rows|too long|at most",
        ),
    ],
)
def test_a_bad_question_is_refused_with_what_is_wrong(
    change: Callable[[dict[str, Any]], dict[str, Any]], said: str
) -> None:
    """Another version, a field more, marks cut short, too many rows."""
    body = json.loads(holdings.encode_question(question([1, 2])))
    with pytest.raises(WireError, match=said):
        holdings.decode_question(json.dumps(change(body)).encode())


def test_a_thousand_rows_may_be_asked_about_at_once() -> None:
    """And a thousand and one may not."""
    most = question(list(range(1, 1001)))
    assert holdings.decode_question(holdings.encode_question(most)) == most
    with pytest.raises(WireError):
        holdings.decode_question(holdings.encode_question(question(list(range(1, 1002)))))


_some = st.frozensets(st.integers(1, 40))


@given(_seqs, _some, _some, _some, _some)
def test_an_answer_tells_of_what_was_asked_and_of_nothing_else(
    seqs: list[int],
    rows: frozenset[int],
    whole: frozenset[int],
    over: frozenset[int],
    aside: frozenset[int],
) -> None:
    """Whatever the centre holds: each list comes back cut to the question's numbers."""
    asked = question(seqs)
    body = holdings.encode_question(asked)
    found = Holdings(rows, whole, over, aside)
    data = holdings.encode_answer(asked, body, found, AT, CENTRE)
    told = holdings.decode_answer(data, body, asked, CENTRE.public)
    assert told == Holdings(*(one & set(seqs) for one in (rows, whole, over, aside)))
    assert json.loads(data)["holdings"]["at"] == AT


def test_an_answer_counts_for_its_question_alone() -> None:
    """Of another unit, journal or body, or signed by another: nothing may be erased by it."""
    asked = question([1, 2])
    body = holdings.encode_question(asked)
    data = holdings.encode_answer(asked, body, Holdings(frozenset({1})), AT, CENTRE)
    for other in (
        dataclasses.replace(asked, unit_id="unit-8"),
        dataclasses.replace(asked, journal_id=uuid.UUID(int=8)),
    ):
        with pytest.raises(WireError, match="another question"):
            holdings.decode_answer(data, body, other, CENTRE.public)
    with pytest.raises(WireError, match="another question"):
        holdings.decode_answer(data, body + b" ", asked, CENTRE.public)
    with pytest.raises(WireError, match="signature"):
        holdings.decode_answer(data, body, asked, OTHER.public)
    for change in (("rows", [[1, 2]]), ("version", 1)):
        changed = json.loads(data)
        changed["holdings"][change[0]] = change[1]
        with pytest.raises(WireError):
            holdings.decode_answer(json.dumps(changed).encode(), body, asked, CENTRE.public)


@given(_some)
def test_ranges_are_as_few_as_may_be(seqs: frozenset[int]) -> None:
    """In order, without a hole within, with one between."""
    found = holdings.ranges(seqs)
    assert {s for first, last in found for s in range(first, last + 1)} == seqs
    assert all(one[1] + 1 < two[0] for one, two in pairwise(found))


# Padding.

PATH = "/v1/units/unit-7/batches/00000000-0000-0000-0000-000000000001"


@given(st.binary(max_size=64), st.integers(0, 40))
def test_what_is_padded_has_one_size_and_comes_back(body: bytes, longer: int) -> None:
    """Path, type and filler come to one length; the padding is drawn, not told from the body."""
    path = PATH + "x" * longer
    sizes = set()
    for kind in ({"Content-Type": "application/json"}, {}):
        sent, headers = padding.padded(path, body, kind, 64)
        assert len(sent) == 64
        assert padding.is_padded(headers)
        assert not padding.is_padded(kind)
        assert padding.unpadded(sent, headers) == body
        sizes.add(
            len(path) + len(headers.get("Content-Type", "")) + len(headers["Outrider-Filler"])
        )
        assert headers["Outrider-Length"] == f"{len(body):08d}"
    assert len(sizes) == 1


def test_what_does_not_fit_is_not_padded() -> None:
    """A body of the very size does; a longer one, or too long a path, does not."""
    assert padding.padded(PATH, b"x" * 64, {}, 64)[0] == b"x" * 64
    with pytest.raises(ValueError, match="65 bytes"):
        padding.padded(PATH, b"x" * 65, {}, 64)
    assert len(padding.padded("p" * 512, b"", {}, 64)[1]["Outrider-Filler"]) == 0
    with pytest.raises(ValueError, match="do not go"):
        padding.padded("p" * 513, b"", {}, 64)


@pytest.mark.parametrize(
    "said", ["", "5", "00000065", "0000000x", "٠٠٠٠٠٠٠٥", "000000005", "-0000001"]
)
def test_a_length_that_is_none_is_refused(said: str) -> None:
    """Eight digits, and no more than what came."""
    with pytest.raises(WireError, match="Outrider-Length"):
        padding.unpadded(bytes(64), {"Outrider-Length": said})
    assert padding.unpadded(b"body", {}) == b"body"
    assert padding.unpadded(bytes(64), {"Outrider-Length": "00000064"}) == bytes(64)


def test_every_answer_has_one_size() -> None:
    """It is JSON still: none, or with spaces behind it."""
    for answer in (b"", b'{"a": 1}'):
        found = padding.answered(answer)
        assert len(found) == padding.ANSWER_BYTES
        assert json.loads(found) == json.loads(answer or b"{}")


# The crew's trail.


def trail(count: int) -> list[CrewRecord]:
    rows: list[CrewRecord] = []
    previous = FIRST_HASH
    for number in range(1, count + 1):
        event = CrewEvent("add", number, "AB12CDE", "PC 1", "seen", number, "2026-11-22")
        digest = trail_hash(number, previous, event.text())
        rows.append(CrewRecord(number, event, previous, digest))
        previous = digest
    return rows


def test_a_trail_holds_together_row_by_row() -> None:
    """The first begins it; each next one follows the one before, and no other."""
    one, two, three = trail(3)
    assert all(row.is_whole() for row in (one, two, three))
    assert one.follows(None)
    assert two.follows(one)
    assert three.follows(two)
    assert not two.follows(None)
    assert not three.follows(one)
    assert not one.follows(two)
    for changed in (
        dataclasses.replace(one, sequence=2),
        dataclasses.replace(one, previous="f" * 64),
    ):
        assert not changed.follows(None)
    assert not dataclasses.replace(two, sequence=3).follows(one)
    assert not dataclasses.replace(two, previous="f" * 64).is_whole()
    other = dataclasses.replace(two, event=dataclasses.replace(two.event, vrm="AB12CDF"))
    assert not other.is_whole()
    assert one.record_id == uuid.UUID(one.hash[:32])
    assert len({row.record_id for row in (one, two, three)}) == 3


def test_an_events_text_is_the_same_for_ever() -> None:
    """Trails that are written already are checked by it."""
    assert trail(1)[0].event.text() == (
        '{"action":"add","comment":"seen","entry_id":1,"expires":"2026-11-22","officer":"PC 1",'
        '"priority":2,"response":"assess","utc_ns":1,"vrm":"AB12CDE"}'
    )


# What the centre signs.


def test_an_audit_event_says_all_that_it_was_given() -> None:
    """Under a name of its own that begins with its time."""
    at = UtcStamp(1_795_262_400_000_000_000, ClockQuality.GPS, 0.1)
    made = [
        new_event(AuditKind.DISCLOSURE, at, "unit-7", "row 1", "delivery", "centre")
        for _ in range(20)
    ]
    assert len({one.event_id for one in made}) == 20
    one = made[0]
    assert (one.kind, one.at, one.actor, one.subject) == (
        *(AuditKind.DISCLOSURE, at),
        *("unit-7", "row 1"),
    )
    assert (one.justification, one.recipient) == ("delivery", "centre")
    assert uuid7_time(one.event_id).timestamp() == 1_795_262_400


ERASURE = Erasure(AT, "2025-11-21T05:00:00.000Z", 12, 7, ("hold 1",), 99, "a" * 64)
CHECKPOINT = Checkpoint(5, "b" * 64, AT)


def test_certificates_and_checkpoints_come_back_and_count_by_the_centres_key() -> None:
    """Changed in one figure, or signed by another, they are nothing."""
    for data, decode, made in (
        (erasures.encode(ERASURE, CENTRE), erasures.decode, ERASURE),
        (checkpoints.encode(CHECKPOINT, CENTRE), checkpoints.decode, CHECKPOINT),
    ):
        assert data.endswith(b"\n")
        assert decode(data, CENTRE.public) == made
        with pytest.raises(WireError, match="signature"):
            decode(data, OTHER.public)
        with pytest.raises(WireError):
            decode(data.replace(b"5", b"6", 1), CENTRE.public)


# Hours.


def hours_of(text: str) -> set[tuple[int, int]]:
    """Return each hour of a week in which a text holds, by day (Monday is 0) and hour."""
    spans = parse_hours(text)
    return {
        (day, hour)
        for day in range(7)
        for hour in range(24)
        if within_hours(spans, datetime(2026, 11, 23 + day, hour))
    }


@pytest.mark.parametrize(
    ("text", "days", "hours"),
    [
        ("Mon-Fri 07:00-19:00", range(5), range(7, 19)),
        ("mon 07:00-08:00", [0], [7]),
        ("Sat-Mon 10:00-12:00", [5, 6, 0], [10, 11]),
        ("09:00-10:00", range(7), [9]),
        ("", range(7), range(24)),
    ],
)
def test_hours_hold_on_their_days(text: str, days: list[int], hours: list[int]) -> None:
    """From the first minute to before the last; days may run past Sunday; none: always."""
    assert hours_of(text) == {(day, hour) for day in days for hour in hours}


def test_hours_past_midnight_belong_to_the_day_on_which_they_began() -> None:
    """Friday's night ends on Saturday; Sunday's on Monday."""
    night = {(4, 22), (4, 23), (5, 0), (5, 1)}
    assert hours_of("Fri 22:00-02:00") == night
    assert hours_of("Sat 07:00-07:00") == {(5, h) for h in range(7, 24)} | {
        (6, h) for h in range(7)
    }
    assert hours_of("Sun 23:00-01:00; Fri 22:00-02:00") == night | {(6, 23), (0, 0)}


@pytest.mark.parametrize("text", ["always", "Mon 7-8", "Mun 07:00-08:00", "Mon-Fru 07:00-08:00"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    """A wrong day is not taken for every day."""
    with pytest.raises(ValueError, match="hours"):
        parse_hours(text)


MANY = 50_000
BATCH_HEADER = {"version": 2, "unit": "unit-7", "journal": str(JOURNAL), "rows": 0, "gaps": [],
                "epoch": {"id": str(JOURNAL), "first": 1, "after": None}}  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {"keys": [0] * MANY},
        {"keys": [], "gaps": [{}] * MANY},
        {"keys": []} | {f"{n:x}": 0 for n in range(MANY)},
    ],
    ids=["keys", "gaps", "unknown fields"],
)
def test_many_faults_cost_no_more_than_one(more: dict[str, object]) -> None:
    """Some hundred bytes under zstd: no unit takes the intake's memory, or its time, with them."""
    line = json.dumps(BATCH_HEADER | more, separators=(",", ":")).encode() + b"\n"
    body = zstandard.ZstdCompressor().compress(line)
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match=r"keys\.0|gaps\.0|not known"):
            batch.decode(body)
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most_bytes < 25_000_000
