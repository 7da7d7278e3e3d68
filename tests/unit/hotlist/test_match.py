"""What meets what: classes, doubts, arming, order."""

from datetime import date
from pathlib import Path

import pytest

from outrider.clock import ClockQuality, RecordedClock
from outrider.records import NO_POSITION, Level, MatchClass, Response
from outrider.unit.hotlist.arming import contains
from outrider.unit.hotlist.explain import explain
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.wire.hotlist_policy import ListPolicy, PolicyError, policy_from_toml
from tests.unit.hotlist.makers import HOUR_NS, NOW_NS, at, matcher_over, put, text, voi

_CHARING_CROSS = at(51.5074, -0.1278)
_LONDON: dict[str, tuple[tuple[float, float], ...]] = {
    "met": ((51.3, -0.5), (51.7, -0.5), (51.7, 0.3), (51.3, 0.3))
}


def _found(root: Path, listed: str, read: str, **doubts: object) -> list[MatchClass]:
    matcher = matcher_over(root, [voi(listed)])
    found = matcher.match(text(read, **doubts), NO_POSITION, NOW_NS)  # type: ignore[arg-type]
    matcher.close()
    return [match.match_class for match in found]


@pytest.mark.parametrize(
    ("listed", "read", "classes"),
    [
        ("LS15EBC", "LS15EBC", [MatchClass.EXACT]),
        ("LSI5EBC", "LS15EBC", [MatchClass.EXACT]),  # I for 1: the same drawing
        ("AB02CDO", "ABO2CD0", [MatchClass.EXACT]),
        ("LS15EBC", "LS15EBD", []),
        ("LS1?EBC", "LS15EBC", [MatchClass.WILDCARD]),
        ("LS1?EBC", "LS16EBD", []),
        ("LS15*", "LS15EBC", [MatchClass.WILDCARD]),
        ("*EBC", "LS15EBC", [MatchClass.WILDCARD]),
        ("L*E?C", "LS15EBC", [MatchClass.WILDCARD]),
        ("LS15EBC*", "LS15EBC", [MatchClass.WILDCARD]),  # a star may stand for nothing
        ("*S15*C", "LS15EBC", [MatchClass.WILDCARD]),
        ("*S15*D", "LS15EBC", []),
        ("??15EBC", "LS15EBCX", []),
    ],
)
def test_classes(tmp_path: Path, listed: str, read: str, classes: list[MatchClass]) -> None:
    """A read meets an entry exactly, folded, or by wildcard, and otherwise not at all."""
    assert _found(tmp_path, listed, read) == classes


def test_look_alike_only_where_the_reader_doubts(tmp_path: Path) -> None:
    """One other character counts only at a place, and for a character, that the reader names."""
    matcher = matcher_over(tmp_path, [voi("AB18CDE", response=Response.STOP)])
    sure = matcher.match(text("AB1BCDE"), NO_POSITION, NOW_NS)
    elsewhere = matcher.match(text("AB1BCDE", {4: [("G", 0.4)]}), NO_POSITION, NOW_NS)
    other = matcher.match(text("AB1BCDE", {3: [("3", 0.4)]}), NO_POSITION, NOW_NS)
    slight = matcher.match(text("AB1BCDE", {3: [("8", 0.01)]}), NO_POSITION, NOW_NS)
    assert [*sure, *elsewhere, *other, *slight] == []
    (match,) = matcher.match(text("AB1BCDE", {3: [("8", 0.21)]}), NO_POSITION, NOW_NS)
    assert match.match_class is MatchClass.LOOK_ALIKE
    (difference,) = match.differences
    assert (difference.place, difference.read, difference.listed) == (3, "B", "8")
    assert difference.probability_listed == pytest.approx(0.21)
    assert "character 4: read B, listed 8" in "\n".join(explain(match, "AB1BCDE"))
    matcher.close()


def test_two_doubtful_characters_are_not_a_look_alike(tmp_path: Path) -> None:
    """A mark that differs in two characters is another mark, however doubtful both are."""
    doubts = {3: [("8", 0.4)], 0: [("R", 0.4)]}
    assert _found(tmp_path, "RB18CDE", "AB1BCDE", doubts=doubts) == []


def test_missing_and_extra_character_only_without_grammar(tmp_path: Path) -> None:
    """A character more or fewer counts only for a read that fits no grammar."""
    assert _found(tmp_path / "a", "AB12CDE", "AB12CD") == []  # military form: a lawful mark
    assert _found(tmp_path / "b", "AB12CDE", "AB12CDEE") == [MatchClass.LOOK_ALIKE]
    assert _found(tmp_path / "c", "AB12CDE", "B12CDEE") == []
    assert _found(tmp_path / "d", "AB12CDE", "AB2CDE") == [MatchClass.LOOK_ALIKE]
    assert _found(tmp_path / "e", "A12CDE", "AA12CDE") == []


def test_most_urgent_first_and_possibles_last(tmp_path: Path) -> None:
    """Order: possibles last, then priority, then what the crew is asked to do."""
    entries = [
        voi("AB12CDE", "c", priority=3),
        voi("AB12CDE", "a", priority=1),
        voi("AB12CDE", "b", priority=3, response=Response.STOP),
        voi("AB12CDF", "d", priority=1),
    ]
    matcher = matcher_over(tmp_path, entries)
    found = matcher.match(text("AB12CDE", {6: [("F", 0.3)]}), NO_POSITION, NOW_NS)
    assert [match.entry.reason for match in found] == ["a", "b", "c", "d"]
    matcher.close()


def test_dates_are_kept_on_the_unit(tmp_path: Path) -> None:
    """An entry holds from its first day through its weed date, and not outside them."""
    entry = voi("AB12CDE", valid_from=date(2026, 11, 21), weed_date=date(2026, 11, 22))
    matcher = matcher_over(tmp_path, [entry])
    days = [
        len(matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS + 24 * HOUR_NS * d))
        for d in range(4)
    ]
    assert days == [1, 1, 0, 0]
    matcher.close()


def test_a_lost_clock_does_not_disarm(tmp_path: Path) -> None:
    """A unit that believes in 1970 still matches an entry that its list says is valid."""
    matcher = matcher_over(tmp_path, [voi("AB12CDE", valid_from=date(2026, 11, 20))])
    (match,) = matcher.match(text("AB12CDE"), NO_POSITION, 0)
    assert match.list_age_s is None
    matcher.close()


def _matcher_by(clock: RecordedClock, folder: Path) -> HotlistMatcher:
    store = HotlistStore(folder)
    entry = voi("AB12CDE", weed_date=date(2026, 12, 31), armed_hours="Mon-Fri 07:00-19:00")
    put(store.list("stolen"), [entry])
    return HotlistMatcher(store, clock)


def test_a_clock_that_nothing_has_set_disarms_nothing(tmp_path: Path) -> None:
    """Years ahead by a bad clock: the weed date seems past, the hour wrong; it is armed."""
    ahead_ns = NOW_NS + 19 * 365 * 24 * HOUR_NS
    unset = RecordedClock(ahead_ns, 20 * 365 * 86_400.0, ClockQuality.FREE_RUNNING)
    matcher = _matcher_by(unset, tmp_path)
    assert len(matcher.match(text("AB12CDE"), NO_POSITION, ahead_ns)) == 1
    matcher.close()


def test_a_list_that_says_it_is_of_2046_disarms_nothing(tmp_path: Path) -> None:
    """The centre's clock was wrong when it was published: its entries are not weeded for that."""
    store = HotlistStore(tmp_path)
    entry = voi("AB12CDE", weed_date=date(2026, 12, 31))
    put(store.list("stolen"), [entry], published_ns=NOW_NS + 1024 * 7 * 24 * HOUR_NS)
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    assert len(matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS)) == 1
    matcher.close()


def test_a_clock_that_is_sure_disarms_by_date_and_hour(tmp_path: Path) -> None:
    """The same entry, a good clock: past its weed date, or out of its hours, it is not armed."""
    for hours in (19 * 365 * 24, 12):
        now_ns = NOW_NS + hours * HOUR_NS
        matcher = _matcher_by(RecordedClock(now_ns), tmp_path / str(hours))
        assert matcher.match(text("AB12CDE"), NO_POSITION, now_ns) == []
        matcher.close()


def test_a_bad_clock_is_not_said_to_be_the_lists_fault(tmp_path: Path) -> None:
    """Health called the list "172032 h old"; it is the clock that nothing has set."""
    unset = RecordedClock(
        NOW_NS + 172_032 * HOUR_NS, 20 * 365 * 86_400.0, ClockQuality.FREE_RUNNING
    )
    matcher = _matcher_by(unset, tmp_path)
    health = matcher.health()
    assert health.level is Level.WARNING
    assert "by a clock that nothing has set" in health.detail
    matcher.close()


def test_areas_of_list_and_entry(tmp_path: Path) -> None:
    """A list or entry with an area is armed inside it, and where the unit is unknown."""
    policy = ListPolicy(areas=_LONDON)
    matcher = matcher_over(tmp_path, [voi("AB12CDE", armed_area="met")], policy)
    counts = [
        len(matcher.match(text("AB12CDE"), place, NOW_NS))
        for place in (_CHARING_CROSS, at(53.48, -2.24), NO_POSITION)
    ]
    assert counts == [1, 0, 1]
    matcher.close()


def test_hours_of_a_list_are_uk_time(tmp_path: Path) -> None:
    """Hours follow the UK's civil time; a span may run past midnight."""
    policy = ListPolicy(hours="Sat 12:00-13:00; Fri-Sat 22:00-02:00")
    matcher = matcher_over(tmp_path, [voi("AB12CDE")], policy)  # NOW is Saturday noon
    hits = [
        len(matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS + h * HOUR_NS)) for h in range(24)
    ]
    assert [hour for hour, count in enumerate(hits) if count] == [0, 10, 11, 12, 13]
    matcher.close()


def test_cap_of_a_list_never_reveals_silent(tmp_path: Path) -> None:
    """A list's strongest response caps its stops, and leaves silent entries silent."""
    policy = ListPolicy(strongest_response=Response.OBSERVE)
    entries = [voi("AB12CDE", response=Response.STOP), voi("AB12CDF", response=Response.SILENT)]
    matcher = matcher_over(tmp_path, entries, policy)
    responses = [
        matcher.match(text(mark), NO_POSITION, NOW_NS)[0].entry.response
        for mark in ("AB12CDE", "AB12CDF")
    ]
    assert responses == [Response.OBSERVE, Response.SILENT]
    matcher.close()


def test_policy_faults_are_all_told() -> None:
    """A policy file with two faults is refused with both."""
    with pytest.raises(PolicyError, match=r"rank.*hours"):
        policy_from_toml('rank = 0\nhours = "always"\n', "p.toml")


def test_point_in_polygon_with_a_notch() -> None:
    """A concave area holds what is inside it only."""
    notched = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0))
    assert contains(notched, 3.5, 2.0)
    assert not contains(notched, 2.0, 3.0)
    assert not contains(notched, 5.0, 1.0)
