import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.records import MatchClass, Response
from outrider.unit.alarm.protocol import AlertFlags, AlertMatch, AlertResponse
from outrider.unit.alarm.queue import AlertQueue, Entry, Place, alert_id_of
from tests.unit.alarm import makers


def test_newest_and_highest_go_first() -> None:
    """Priority first, then the kind, then the newest."""
    queue = AlertQueue()
    hits = [
        makers.hit(Response.OBSERVE, 2),
        makers.hit(Response.STOP, 2),
        makers.hit(Response.STOP, 2),
        makers.hit(Response.OBSERVE, 1),
    ]
    for at_s, hit in enumerate(hits):
        queue.add(hit, float(at_s))
    assert [entry.hit for entry in queue.in_order()] == [hits[3], hits[2], hits[1], hits[0]]


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=40))
def test_a_full_queue_drops_the_least_grave_and_counts_it(
    given_hits: list[tuple[int, bool]],
) -> None:
    """However hits come, the queue keeps the gravest of them and accounts for all."""
    queue = AlertQueue(capacity=5)
    for at_s, (priority, stop) in enumerate(given_hits):
        queue.add(makers.hit(Response.STOP if stop else Response.ASSESS, priority), float(at_s))
    assert len(queue) + queue.counts.overflowed == queue.counts.raised == len(given_hits)
    kept = sorted(entry.hit.match.entry.priority for entry in queue.in_order())
    assert kept == sorted(priority for priority, _ in given_hits)[: len(kept)]


def test_the_same_hit_twice_is_one_alert() -> None:
    """A hit restored after a restart, and raised again, is not sounded twice."""
    queue, hit = AlertQueue(), makers.hit()
    queue.add(hit, 0.0)
    queue.add(hit, 1.0)
    assert len(queue) == 1
    assert queue.counts.repeated == 1


def test_message_says_possible_late_and_look_back() -> None:
    """A look-alike never goes out as a stop; late after 5 s; look-back is marked."""
    possible = Entry(makers.hit(Response.STOP, 1, MatchClass.LOOK_ALIKE), 1, 0.0).message(1.0)
    assert (possible.match_class, possible.response) == (
        AlertMatch.LOOK_ALIKE,
        AlertResponse.ASSESS,
    )
    doubtful = Entry(makers.hit(doubtful=True), 1, 0.0).message(1.0)
    assert doubtful.match_class == AlertMatch.LOOK_ALIKE
    late = Entry(makers.hit(look_back=True), 1, 0.0).message(6.0)
    assert late.flags == AlertFlags.LATE | AlertFlags.LOOK_BACK
    assert late.age_ms == 6000
    assert late.list_age_min == 1


def test_silent_has_no_form_on_the_wire() -> None:
    """Even if a silent hit came so far, there is no number to send it with."""
    with pytest.raises(KeyError):
        Entry(makers.hit(Response.SILENT), 1, 0.0).message(0.0)


def test_a_lost_session_makes_all_wait_again() -> None:
    """What the unit held must be told again after it was away."""
    queue, hit = AlertQueue(), makers.hit()
    queue.add(hit, 0.0)
    entry = queue.get(alert_id_of(hit))
    assert entry is not None
    entry.place = Place.SOUNDED
    queue.unit_forgot()
    assert queue.next_waiting() is entry
