"""The trail against its hashes, and against checkpoints that left the building."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.centre.audit.lines import as_line, from_line, read_file
from outrider.centre.checkpoints.verify import verify
from outrider.centre.store.records import AuditRow
from outrider.wire import checkpoint as checkpoints
from outrider.wire.audit import AuditKind
from outrider.wire.canonical import WireError
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.signing import SigningIdentity
from tests.centre.audit import makers

ROWS = makers.trail(8)


def at(row: AuditRow) -> Checkpoint:
    return Checkpoint(row.number, row.hash.hex(), "2026-11-21T08:00:00.000Z")


def test_a_sound_trail_is_sound_and_an_empty_one_too() -> None:
    """Nothing is found where nothing is wrong, and the last row is named for a checkpoint."""
    verdict = verify(ROWS, [at(ROWS[3]), at(ROWS[7])])
    assert (verdict.sound, verdict.last, verdict.checkpoints) == (True, 8, 2)
    assert verdict.last_hash == ROWS[-1].hash.hex()
    assert verify([]).sound


@pytest.mark.parametrize("number", range(1, 9))
def test_a_changed_row_is_named(number: int) -> None:
    """Whichever row's event is changed, that row is the first break."""
    rows = list(ROWS)
    changed = replace(rows[number - 1].event, subject="another")
    rows[number - 1] = replace(rows[number - 1], event=changed)
    assert verify(rows).first_break == f"row {number} is not what was written"


@pytest.mark.parametrize("number", range(1, 8))
def test_a_missing_row_is_named(number: int) -> None:
    """A row taken out is missed, wherever but at the end."""
    rows = [row for row in ROWS if row.number != number]
    assert f"row {number} is missing" in verify(rows).first_break


def test_a_row_hashed_anew_is_found_at_the_next() -> None:
    """Whoever changes a row and its hash breaks the chain one row on."""
    one = replace(ROWS[4].event, subject="another")
    rows = list(ROWS)
    rows[4] = makers.chained([row.event for row in ROWS[:4]] + [one])[4]
    assert "row 6 does not follow row 5" in verify(rows).first_break


def test_a_trail_written_anew_shows_against_a_checkpoint() -> None:
    """A trail that is sound by itself is not the one that a checkpoint was taken of."""
    anew = makers.chained([row.event for row in ROWS[:4]] + [makers.event(9)] * 4)
    assert verify(anew).sound
    assert "written anew" in verify(anew, [at(ROWS[5])]).first_break


def test_a_trail_cut_short_shows_against_a_checkpoint() -> None:
    """Without the checkpoint a cut end cannot be seen; with it, it is."""
    assert verify(ROWS[:5]).sound
    assert "rows are gone" in verify(ROWS[:5], [at(ROWS[7])]).first_break


def test_a_part_of_the_trail_is_tied_to_what_came_before_by_a_checkpoint() -> None:
    """From a number on, a checkpoint at that number says what the first row must follow."""
    assert verify(ROWS[5:], after=5).sound
    assert verify(ROWS[5:], [at(ROWS[4])], after=5).checkpoints == 1
    other = makers.trail(8)
    assert "does not follow" in verify(other[5:], [at(ROWS[4])], after=5).first_break


def test_two_checkpoints_that_differ_cannot_both_be_true() -> None:
    """The same one twice is no fault; two of one number that differ are."""
    assert verify(ROWS, [at(ROWS[2])] * 2).sound
    other = makers.trail(8)
    assert "one is false" in verify(ROWS, [at(ROWS[2]), at(other[2])]).first_break


def test_a_checkpoint_is_believed_only_with_the_centres_signature() -> None:
    """Another key, another number or another purpose is no checkpoint."""
    identity = SigningIdentity.generate()
    made = checkpoints.encode(at(ROWS[3]), identity)
    assert checkpoints.decode(made, identity.public) == at(ROWS[3])
    with pytest.raises(WireError, match="signature"):
        checkpoints.decode(made, SigningIdentity.generate().public)
    changed = json.loads(made)
    changed["checkpoint"]["number"] = 5
    with pytest.raises(WireError, match="signature"):
        checkpoints.decode(json.dumps(changed).encode(), identity.public)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(), st.lists).map(
        lambda value: json.dumps({"checkpoint": value, "signature": "x"}).encode()
    )
)
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    """Bytes at random end as a WireError, not as anything else."""
    with pytest.raises(WireError):
        checkpoints.decode(data, SigningIdentity.generate().public)


@given(
    kind=st.sampled_from(AuditKind),
    words=st.tuples(*[st.text(min_size=1).filter(str.strip)] * 4),
)
def test_a_row_survives_its_line(kind: AuditKind, words: tuple[str, str, str, str]) -> None:
    """Whatever words an event holds, its line gives it back and its hash still stands."""
    actor, subject, justification, recipient = words
    event = replace(
        makers.event(1, kind),
        actor=actor, subject=subject, justification=justification, recipient=recipient,
    )  # fmt: skip
    (row,) = makers.chained([event])
    assert as_line(row).count(b"\n") == 1
    assert from_line(as_line(row)) == row
    assert verify([from_line(as_line(row))]).sound


def test_a_damaged_export_names_its_line(tmp_path: Path) -> None:
    """A line that was torn or changed to nonsense is said with its number."""
    path = tmp_path / "trail.ndjson"
    path.write_bytes(b"".join(as_line(row) for row in ROWS)[:-5])
    with pytest.raises(WireError, match="line 8"):
        list(read_file(path))
