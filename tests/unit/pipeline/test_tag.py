"""Tagging: what a pass gave, with the time and place of its exposure, under a name of its own."""

from dataclasses import dataclass, replace

import numpy as np

from outrider.clock import NS_PER_S, RecordedClock
from outrider.records import Direction, FixQuality, Position, Role, facts_of, uuid7_time
from outrider.unit.pipeline.tag import Tagger, drawn_bits, repeatable_bits
from tests.unit.fakes import ORIGIN, Nowhere, result

BITS = 74


@dataclass
class Along(Nowhere):
    """A unit that has come so many degrees north as seconds have gone by."""

    def at(self, mono_ns: int) -> Position:
        return Position(mono_ns / NS_PER_S, -1.5, 12.0, 90.0, FixQuality.FIX_3D, 0.1, 3.0)


def tagger(recording: str = "drive") -> Tagger:
    """Return a tagger on a recording's clock."""
    return Tagger(RecordedClock(10 * NS_PER_S), Along(), ORIGIN, repeatable_bits(recording))


def test_a_read_has_all_that_its_pass_gave_and_where_and_when() -> None:
    """Time and place are those of the exposure; the rest is the pass's own; corners in tenths."""
    corners = np.array([[1.04, 2.26], [3, 4.44], [5.55, 6], [7, 8.123]], np.float32)
    seen = replace(
        result("AB12CDE"),
        mono_ns=3 * NS_PER_S,
        first_mono_ns=2 * NS_PER_S,
        direction=Direction.RECEDING,
        frames_fused=17,
        corners=corners,
        pictures={Role.OVERVIEW: b"o", Role.PATCH: b"p"},
    )
    named = tagger()
    read_id = named.new_read_id(seen.first_mono_ns)
    read = named.read_of(seen, read_id, "r7")
    assert read.read_id == read_id
    assert read.text == seen.text
    assert (read.at.utc_ns, read.mono_ns) == (13 * NS_PER_S, 3 * NS_PER_S)
    assert read.position == Along().at(3 * NS_PER_S)
    assert read.origin == ORIGIN
    assert (read.direction, read.frames_fused) == (Direction.RECEDING, 17)
    assert read.corners == ((1.0, 2.3), (3.0, 4.4), (5.6, 6.0), (7.0, 8.1))
    assert read.pictures == facts_of(seen.pictures)
    assert read.hotlist_revision == "r7"


def test_every_read_and_every_hit_has_another_name_that_a_replay_gives_again() -> None:
    """Names begin with the time of day; hits, perhaps silent ones, move no read's name."""
    one, other, elsewhere = tagger(), tagger(), tagger("another drive")
    reads = [one.new_read_id(NS_PER_S) for _ in range(40)]
    hits = [one.new_hit_id(NS_PER_S) for _ in range(40)]
    assert len({*reads, *hits}) == 80
    assert all(uuid7_time(name).timestamp() == 11 for name in (*reads, *hits))
    again = []
    for _ in range(40):
        other.new_hit_id(NS_PER_S)
        again.append(other.new_read_id(NS_PER_S))
    assert again == reads
    assert elsewhere.new_read_id(NS_PER_S) not in reads


def test_names_use_all_of_their_bits_and_no_more() -> None:
    """Of 74 bits the highest is set in about every other name: two units never draw the same."""
    for bits in (repeatable_bits("drive"), drawn_bits):
        drawn = [bits(number) for number in range(64)]
        assert all(0 <= one < 2**BITS for one in drawn)
        assert 10 < sum(one >= 2 ** (BITS - 1) for one in drawn) < 54
        assert len(set(drawn)) == 64
