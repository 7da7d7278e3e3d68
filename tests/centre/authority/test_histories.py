"""What epochs tell of a card: one history, one that was put back, or two that go on."""

import uuid
from datetime import UTC, datetime, timedelta

from outrider.centre.authority.histories import Fork, Kind, forks
from outrider.centre.store.records import JournalState, SeqRange
from outrider.wire.epoch import Epoch, Past

JOURNAL = uuid.UUID(int=1)
START = datetime(2026, 11, 30, tzinfo=UTC)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def epoch(
    name: int, rows: tuple[int, int], hours: tuple[float, float], after: tuple[int, int] | None
) -> JournalState:
    """Return an epoch with rows first to last, which came between two hours."""
    past = after and Past(uuid.UUID(int=after[0]), after[1], bytes(32))
    return JournalState(
        "unit-7",
        JOURNAL,
        Epoch(uuid.UUID(int=name), rows[0], past),
        (SeqRange(*rows),),
        (),
        (),
        (),
        0,
        at(hours[1]),
        0.0,
        "gps",
        at(hours[0]),
        at(hours[1]),
    )


def test_starts_one_after_another_are_one_history() -> None:
    """Each goes on from the last row of the one before, whenever its rows come."""
    states = [
        epoch(1, (1, 100), (0, 5), None),
        epoch(2, (101, 150), (2, 6), (1, 100)),
        epoch(3, (151, 160), (7, 8), (2, 150)),
    ]
    assert forks(states) == []


def test_a_card_that_was_put_back_has_one_line_that_ended() -> None:
    """Rows beyond the one it goes on from, and none of them after it began."""
    states = [epoch(1, (1, 100), (0, 5), None), epoch(2, (61, 150), (6, 9), (1, 60))]
    assert forks(states) == [Fork(JOURNAL, 60, at(6), Kind.PUT_BACK)]
    again = epoch(3, (41, 50), (10, 11), (1, 40))
    found = forks([*states, again])
    assert [(fork.seq, fork.kind) for fork in found] == [(60, Kind.PUT_BACK), (40, Kind.PUT_BACK)]


def test_two_cards_go_on_side_by_side() -> None:
    """Both lines have new rows after the other began, be it through later starts."""
    first = epoch(1, (1, 60), (0, 1), None)
    one = epoch(2, (61, 90), (2, 3), (1, 60))
    two = epoch(3, (61, 80), (4, 9), (1, 60))
    assert [fork.kind for fork in forks([first, one, two])] == [Kind.PUT_BACK]
    later = epoch(4, (91, 99), (7, 8), (2, 90))
    (fork,) = forks([first, one, two, later])
    assert (fork.kind, fork.seq, fork.at) == (Kind.COPIED, 60, at(4))
    assert "TWO CARDS" in fork.text("unit-7")


def test_a_copy_of_a_card_in_use_is_told_from_its_tail() -> None:
    """The first car goes on in its epoch while the copy has begun another."""
    states = [epoch(1, (1, 100), (0, 9), None), epoch(2, (61, 70), (5, 8), (1, 60))]
    assert [fork.kind for fork in forks(states)] == [Kind.COPIED]
