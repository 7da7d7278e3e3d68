"""Bounded hand-off between threads."""

import threading

import pytest

from outrider.unit.pipeline.handoff import IDLE, Handoff


def test_newest_wins_and_the_drop_is_counted() -> None:
    """A live source never waits: the oldest frame goes, visibly."""
    slot: Handoff[int] = Handoff(1, newest_wins=True)
    for frame in range(5):
        assert slot.put(frame)
    slot.close()
    assert list(slot.items(0.1)) == [4]
    assert slot.dropped == 4


def test_a_file_waits_for_its_reader_and_loses_nothing() -> None:
    """Without newest_wins every item arrives, in order, through one place."""
    slot: Handoff[int] = Handoff(1, newest_wins=False)

    def give() -> None:
        for item in range(1000):
            slot.put(item)
        slot.close()

    giver = threading.Thread(target=give)
    giver.start()
    taken = list(slot.items(5.0))
    giver.join()
    assert taken == list(range(1000))
    assert slot.dropped == 0


def test_closing_frees_a_waiting_giver() -> None:
    """A stop cannot hang on a full hand-off; what could not be given is counted."""
    slot: Handoff[int] = Handoff(1, newest_wins=False)
    slot.put(1)
    results: list[bool] = []
    giver = threading.Thread(target=lambda: results.append(slot.put(2)))
    giver.start()
    slot.close()
    giver.join(5)
    assert not giver.is_alive()
    assert results == [False]
    assert slot.dropped == 1


def test_idle_is_told_when_nothing_comes() -> None:
    """The taker gets its turn for its rounds although no item comes."""
    slot: Handoff[int] = Handoff(1, newest_wins=True)
    assert next(slot.items(0.001)) is IDLE


def test_what_comes_after_the_end_is_refused_and_counted() -> None:
    """Each item that nobody will take is one more dropped."""
    slot: Handoff[int] = Handoff(1, newest_wins=True)
    slot.close()
    assert [slot.put(item) for item in range(3)] == [False] * 3
    assert slot.dropped == 3


def test_a_hand_off_without_room_is_an_error() -> None:
    """It would wait for ever."""
    with pytest.raises(ValueError, match="at least 1"):
        Handoff(0, newest_wins=True)
