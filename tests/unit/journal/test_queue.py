"""The queue before the disk: when rows are due, who waits for it, and what is given up first."""

import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from outrider.records import Role
from outrider.unit.journal.queue import Backlog, Entry
from outrider.wire.read_record import RecordKind

NEVER_S = 1e6
"""No test lives to see it: what is due before was due by its number."""


def entry(kind: RecordKind = RecordKind.READ, *, of_hit: bool = False, size: int = 10) -> Entry:
    pictures = {Role.PATCH: bytes(size), Role.OVERVIEW: bytes(size)}
    return Entry(uuid.uuid4(), kind, b"{}", pictures, of_hit, time.monotonic_ns())


@pytest.fixture
def waiting(backlog: Backlog) -> Iterator[threading.Thread]:
    """A producer that has run ahead: its next entry is on its way."""
    for _ in range(3):
        backlog.put(entry())
    thread = threading.Thread(target=backlog.put, args=(entry(),))
    thread.start()
    yield thread
    backlog.set_closing()
    thread.join()


@pytest.fixture
def backlog() -> Backlog:
    return Backlog(wait_above=3)


def test_rows_are_due_when_there_are_as_many_as_one_commit_takes() -> None:
    """Twenty reads are committed at once, however far off the end of their second is."""
    backlog = Backlog()
    for _ in range(19):
        backlog.put(entry())
    assert backlog.take(20, NEVER_S, 0.0) == []
    backlog.put(entry())
    backlog.put(entry())
    assert len(backlog.take(20, NEVER_S, 0.0)) == 20


def test_a_row_is_due_when_it_has_waited_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One read alone is committed within commit_within_s."""
    backlog = Backlog()
    now_ns = 1_000_000_000
    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns)
    backlog.put(entry())
    assert backlog.take(20, 1.0, 0.0) == []
    now_ns += 1_000_000_000
    assert len(backlog.take(20, 1.0, 0.0)) == 1


def test_hits_and_what_officers_did_come_at_once_and_alone() -> None:
    """An urgent entry waits for no number and takes no read along."""
    backlog = Backlog()
    backlog.put(entry())
    urgent = entry(RecordKind.HIT)
    backlog.put(urgent)
    assert backlog.take(20, NEVER_S, 0.0) == [urgent]
    backlog.done([urgent])
    assert backlog.take(20, NEVER_S, 0.0) == []


def test_a_producer_that_runs_ahead_waits_until_rows_are_written(
    backlog: Backlog, waiting: threading.Thread
) -> None:
    """While the disk works the queue stays short: its producer waits, which is counted."""
    while not backlog.counts.waits:
        assert waiting.is_alive()
    assert len(backlog) == 3
    backlog.done(backlog.take(1, NEVER_S, 0.0))
    waiting.join()
    assert len(backlog) == 3
    assert backlog.counts.waits == 1


def test_nobody_waits_for_a_disk_that_takes_nothing(
    backlog: Backlog, waiting: threading.Thread
) -> None:
    """Alarms come from the same thread: a failing disk holds none of them up."""
    while not backlog.counts.waits:
        assert waiting.is_alive()
    backlog.set_failing(True)
    waiting.join()
    assert backlog.put(entry())
    assert len(backlog) == 5


def test_what_does_not_fit_is_lost_and_counted() -> None:
    """The queue is bounded, and each row beyond its bound is counted."""
    backlog = Backlog(keep_rows=2)
    backlog.set_failing(True)
    assert [backlog.put(entry()) for _ in range(4)] == [True, True, False, False]
    assert backlog.counts.lost == 2


def test_what_is_urgent_is_bounded_too() -> None:
    """Two thousand: no card that takes nothing fills the memory with hits."""
    backlog = Backlog()
    backlog.set_failing(True)
    assert all(backlog.put(entry(RecordKind.HIT, size=0)) for _ in range(2000))
    assert not backlog.put(entry(RecordKind.HIT, size=0))
    assert (backlog.counts.lost, len(backlog)) == (1, 2000)


def test_who_does_not_wait_is_not_counted_as_waiting() -> None:
    """While the disk fails, and when the journal closes."""
    for end in (lambda one: one.set_failing(True), Backlog.set_closing):
        backlog = Backlog(wait_above=1)
        end(backlog)
        assert all(backlog.put(entry()) for _ in range(3))
        assert backlog.counts.waits == 0


def test_pictures_are_given_up_in_order_those_of_hits_last() -> None:
    """Overviews go before patches, and those of reads before those of hits."""
    backlog = Backlog(keep_bytes=40)
    backlog.set_failing(True)
    plain, of_hit = entry(), entry(of_hit=True)
    backlog.put(plain)
    backlog.put(of_hit)
    assert backlog.counts.shed_pictures == 0
    backlog.put(entry(size=5))
    assert set(plain.pictures) == {Role.PATCH}
    assert set(of_hit.pictures) == {Role.PATCH, Role.OVERVIEW}
    assert backlog.counts.shed_pictures == 1


def test_pictures_go_one_by_one_to_the_last_of_a_hit() -> None:
    """In the stated order to its end, each counted, and none looked for twice."""
    backlog = Backlog(keep_bytes=40)
    backlog.set_failing(True)
    plain, of_hit, bare = entry(), entry(of_hit=True), entry(RecordKind.AUDIT, size=0)
    backlog.put(plain)
    backlog.put(of_hit)
    left = []
    for keep_bytes in (30, 20, 10, 0):
        backlog.keep_bytes = keep_bytes
        backlog.put(entry(RecordKind.AUDIT, size=0))
        left.append((set(plain.pictures), set(of_hit.pictures)))
    patch, both = {Role.PATCH}, {Role.PATCH, Role.OVERVIEW}
    assert left == [(patch, both), (set(), both), (set(), patch), (set(), set())]
    assert backlog.counts.shed_pictures >= 4
    assert set(bare.pictures) == both, "what was never queued is left alone"


class ToldWaits(threading.Condition):
    """Says when somebody begins to wait; the lock is held until that one does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.begun.set()
        return super().wait(timeout)


def test_a_stop_wakes_the_writer() -> None:
    """It does not go on waiting for a read's time to be over."""
    told = ToldWaits()
    backlog, taken = Backlog(_condition=told), []
    backlog.put(entry())
    thread = threading.Thread(target=lambda: taken.append(backlog.take(20, NEVER_S, 60.0)))
    thread.start()
    assert told.begun.wait(10.0)
    backlog.set_prompt()
    thread.join(10.0)
    assert [len(found) for found in taken] == [1]


def test_a_writer_with_nothing_to_do_rests() -> None:
    """It waits its tick: a loop without rest would take a core of the unit's four."""
    told = ToldWaits()
    assert Backlog(_condition=told).take(20, 1.0, 0.01) == []
    assert told.begun.is_set()


def test_each_wait_of_the_producer_is_counted(backlog: Backlog) -> None:
    """The count says how often, not whether."""
    for _ in range(3):
        backlog.put(entry())
    for waits in (1, 2):
        thread = threading.Thread(target=backlog.put, args=(entry(),))
        thread.start()
        while backlog.counts.waits < waits:
            assert thread.is_alive()
        backlog.done(backlog.take(1, NEVER_S, 0.0))
        thread.join()
    assert backlog.counts.waits == 2


def test_a_stop_makes_all_that_waits_due() -> None:
    """From then on nothing waits for its time or its number; one commit takes as many as ever."""
    backlog = Backlog()
    for _ in range(3):
        backlog.put(entry())
    assert backlog.take(20, NEVER_S, 0.0) == []
    backlog.set_prompt()
    assert len(backlog.take(2, NEVER_S, 0.0)) == 2
    assert len(backlog.take(20, NEVER_S, 0.0)) == 3


def test_what_is_left_at_the_end_goes_in_one_commit() -> None:
    """A card takes as long for fifty rows as for one, and there are two seconds."""
    backlog = Backlog()
    for _ in range(50):
        backlog.put(entry())
    backlog.set_closing()
    assert len(backlog.take(20, NEVER_S, 0.0)) == 50


def test_only_reads_are_told_as_waiting() -> None:
    """A count of all would tell hits, silent ones included."""
    backlog = Backlog()
    for kind in (RecordKind.READ, RecordKind.HIT, RecordKind.READ, RecordKind.AUDIT):
        backlog.put(entry(kind))
    assert backlog.reads_waiting() == 2
    assert len(backlog) == 4
