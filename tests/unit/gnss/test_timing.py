"""The receiver's time laid over the monotonic clock."""

from hypothesis import given
from hypothesis import strategies as st

from outrider.clock import NS_PER_S
from outrider.unit.gnss.timing import FixTiming
from tests.unit.gnss.conftest import UTC_NS

MS = 1_000_000


def test_late_reports_do_not_move_the_instant_of_a_fix() -> None:
    """Reports that come 300 ms late are placed as if they had come in time."""
    timing = FixTiming(latency_s=0.1)
    for second in range(10):
        timing.place(UTC_NS + second * NS_PER_S, second * NS_PER_S + 100 * MS)
    late = timing.place(UTC_NS + 10 * NS_PER_S, 10 * NS_PER_S + 400 * MS)
    assert late.mono_ns == 10 * NS_PER_S
    assert late.trusted


@given(delays=st.lists(st.integers(0, 400), min_size=2, max_size=60))
def test_instants_never_lie_after_their_report_and_never_go_back(delays: list[int]) -> None:
    """Whatever the delays, a fix was true before it came, and later fixes were true later."""
    timing = FixTiming(latency_s=0.1)
    last_ns = -(1 << 62)
    for second, delay_ms in enumerate(delays):
        came_ns = second * NS_PER_S + delay_ms * MS
        placed = timing.place(UTC_NS + second * NS_PER_S, came_ns)
        assert last_ns < placed.mono_ns <= came_ns - 100 * MS
        last_ns = placed.mono_ns


def test_a_lone_jump_of_the_time_is_not_believed() -> None:
    """One report with a wrong time neither sets the clock nor moves the next fix."""
    timing = FixTiming(latency_s=0.0)
    for second in range(5):
        timing.place(UTC_NS + second * NS_PER_S, second * NS_PER_S)
    wrong = timing.place(UTC_NS + 7200 * NS_PER_S, 5 * NS_PER_S)
    assert not wrong.trusted
    assert wrong.mono_ns == 5 * NS_PER_S
    right = timing.place(UTC_NS + 6 * NS_PER_S, 6 * NS_PER_S)
    assert right.trusted
    assert right.mono_ns == 6 * NS_PER_S
    assert timing.steps == 0


def test_a_lasting_step_is_believed_at_the_third_report() -> None:
    """The receiver's time steps back for good: it is taken up, and instants stay in order."""
    timing = FixTiming(latency_s=0.0)
    for second in range(5):
        timing.place(UTC_NS + second * NS_PER_S, second * NS_PER_S)
    trusted = [
        timing.place(UTC_NS + (second - 3600) * NS_PER_S, second * NS_PER_S).trusted
        for second in range(5, 9)
    ]
    assert trusted == [False, False, True, True]
    assert timing.steps == 1
    assert timing.place(UTC_NS + (9 - 3600) * NS_PER_S, 9 * NS_PER_S).mono_ns == 9 * NS_PER_S
