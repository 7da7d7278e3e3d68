"""All pairs that met: what arrays find is what looking at every two reads finds."""

import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outrider.centre.store import meetings, pattern_queries
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us
from outrider.centre.store.filed import Camera
from outrider.centre.store.meetings import APART_US
from outrider.centre.store.questions import Associate, Question, TooMuch
from tests.centre.store.sightings import BASE_US, sighting

_MARKS = ("AB12CDE", "AB12CDF", "K70X0", "X1", "ABCDEFGH1")
_TRACKS = st.lists(
    st.tuples(
        st.integers(0, 40).map(lambda n: BASE_US + n * 90_000_000),
        st.integers(1, 3),
        st.sampled_from(_MARKS),
    ),
    max_size=40,
)


def every_two(tracks: list[tuple[int, int, str]], window_us: int, least: int) -> list[Associate]:
    """Look at every two reads."""
    met: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for at_us, camera, mark in tracks:
        for later_us, other_camera, other in tracks:
            if camera == other_camera and mark != other and 0 <= later_us - at_us <= window_us:
                one, two = sorted((mark, other))
                met[one, two].append((at_us, camera))
    found = []
    for (one, two), times in met.items():
        count = len({at_us // APART_US for at_us, _ in times})
        if count >= least:
            cameras, instants = {camera for _, camera in times}, [at_us for at_us, _ in times]
            ends = from_us(min(instants)), from_us(max(instants))
            found.append(Associate(one, two, count, len(cameras), *ends))
    return sorted(found, key=lambda meeting: (-meeting.times, meeting.mark, meeting.other))


@settings(max_examples=300)
@given(_TRACKS, st.sampled_from([1, 90_000_000, 600_000_000]), st.integers(1, 3))
def test_pairs_are_those_that_looking_at_every_two_finds(
    tracks: list[tuple[int, int, str]], window_us: int, least: int
) -> None:
    """Whatever the reads: times, cameras, first and last, order."""
    found = meetings.meetings(meetings.packed(tracks), window_us, least, 1000)
    assert found == every_two(tracks, window_us, least)


def test_both_databases_give_the_same_pairs(store: CentreStore) -> None:
    """Through the store, within its bounds; what is no mark of nine letters meets nobody."""
    rng, rows, tracks = random.Random(3), [], []
    for number in range(400):
        at_us, camera = BASE_US - rng.randrange(10_000_000_000), rng.randrange(3)
        mark = rng.choice(("AB12CDE", "AB12CDF", "K7OXO", "É", "A" * 20))
        unit = Camera(f"u-{camera}", "front", True, "northshire")
        rows.append(sighting(number, at_us, mark=mark, camera=unit))
        if mark.isascii() and len(mark) <= 9:
            tracks.append((at_us, camera, mark.replace("O", "0")))
    store.file(rows)
    bounds = Bounds(0, BASE_US, None, None, coarse=False)
    with store.searching(bounds) as session:
        found = pattern_queries.convoys(session, bounds, Question(0, BASE_US), 60_000_000, 2, 100)
    assert found == every_two(tracks, 60_000_000, 2)
    assert found


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """More reads, or more meetings, than one search may take."""
    data = meetings.packed([(BASE_US + n, 1, f"A{n}") for n in range(30)])
    monkeypatch.setattr(meetings, "MOST_PAIRS", 100)
    with pytest.raises(TooMuch, match="meetings"):
        meetings.meetings(data, 1_000_000, 1, 10)
    monkeypatch.setattr(meetings, "MOST_TRACKS", 29)
    with pytest.raises(TooMuch, match="reads"):
        meetings.meetings(data, 1_000_000, 1, 10)
