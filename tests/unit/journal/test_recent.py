"""What the crew may look back at."""

from outrider.clock import NS_PER_S
from outrider.records import Response
from outrider.unit.journal import RecentReads
from tests.unit.journal import makers


def test_newest_first_and_bounded() -> None:
    """The newest reads are kept, up to the limit, each once."""
    recent = RecentReads(limit=3)
    for number in (1, 2, 3, 4, 4):
        recent.add_read(makers.read(number))
    assert recent.newest(10) == [makers.read(n) for n in (4, 3, 2)]


def test_old_reads_go_with_time() -> None:
    """Reads older than the age are gone, also where nothing new comes in."""
    recent = RecentReads(max_age_s=60)
    recent.add_read(makers.read(0))
    recent.add_hit(makers.hit(0))
    assert recent.newest(10, now_ns=59 * NS_PER_S)
    assert recent.newest(10, now_ns=61 * NS_PER_S) == []
    assert recent.hits(10, now_ns=61 * NS_PER_S) == []


def test_silent_hits_never_come_in() -> None:
    """A silent hit is not on the crew's list."""
    recent = RecentReads()
    recent.add_hit(makers.hit(1, Response.SILENT))
    recent.add_hit(makers.hit(2, Response.OBSERVE))
    assert [hit.hit_id.int for hit in recent.hits(10)] == [2]


def test_find_folds_look_alikes() -> None:
    """A mark is found whether it was typed with O or 0."""
    recent = RecentReads()
    recent.add_read(makers.read(1, vrm="KX20ABO"))
    assert len(recent.find("KX2OAB0")) == 1
    assert recent.find("KX20ABC") == []
