"""How long a doubtful read waits: by what its pass does, in frames and in time."""

from outrider.clock import NS_PER_S
from outrider.unit.pipeline.patience import GONE_AFTER_FRAMES, LEAST_FRAMES, Patience

START_NS = 5 * NS_PER_S
WAITS_S = 2.0
LONG_NS = START_NS + 2 * NS_PER_S


def test_time_alone_ends_no_wait_and_frames_alone_end_none() -> None:
    """Over from exactly so many frames and exactly so long; one frame or a moment less is not."""
    patience = Patience(START_NS)
    for _ in range(LEAST_FRAMES - 1):
        patience.look(True)
    assert not patience.is_over(LONG_NS, WAITS_S)
    patience.look(True)
    assert not patience.is_over(LONG_NS - 1, WAITS_S)
    assert patience.is_over(LONG_NS, WAITS_S)


def test_a_plate_out_of_sight_ends_the_wait_and_one_that_comes_back_does_not() -> None:
    """So many frames without it, one after another; a frame with it begins the count anew."""
    patience = Patience(START_NS)
    for in_sight in (False, False, True, False, False):
        patience.look(in_sight)
        assert not patience.is_over(START_NS, WAITS_S)
    patience.look(False)
    assert patience.missed == GONE_AFTER_FRAMES
    assert patience.is_over(START_NS, WAITS_S)


def test_no_waiting_is_no_waiting() -> None:
    """A wait of 0 s is over at once."""
    assert Patience(START_NS).is_over(START_NS, 0.0)
