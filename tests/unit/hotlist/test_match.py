"""What meets what: classes, doubts, arming, order."""

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from outrider.clock import NS_PER_S, ClockQuality, RecordedClock
from outrider.records import NO_POSITION, Level, MatchClass, Part, Position, Response
from outrider.unit.hotlist.arming import contains, is_armed, uk_time
from outrider.unit.hotlist.explain import explain
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import HotlistSettings
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
    assert health.detail.startswith("stolen:")
    assert health.detail.endswith(" old (by a clock that nothing has set)")
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


def test_a_point_is_in_an_area_however_its_corners_lie() -> None:
    """West of two edges it is outside; at the height of a corner it is counted once."""
    square = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
    assert not contains(square, 1.0, -1.0)
    assert not contains(square, 1.0, 3.0)
    diamond = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
    assert contains(diamond, 0.0, 0.0)
    assert not contains(diamond, 0.0, -2.0)
    assert not contains(diamond, 1.0, -2.0)


def test_two_areas_share_a_border_without_gap_or_overlap() -> None:
    """Whoever stands on it is in exactly one of them."""
    west = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0))
    east = ((0.0, 1.0), (2.0, 1.0), (2.0, 2.0), (0.0, 2.0))
    south = ((-2.0, 0.0), (0.0, 0.0), (0.0, 1.0), (-2.0, 1.0))
    assert contains(west, 1.0, 1.0) + contains(east, 1.0, 1.0) == 1
    assert contains(west, 0.0, 0.5) + contains(south, 0.0, 0.5) == 1


@pytest.mark.parametrize("missing", ["latitude", "longitude"])
def test_half_a_position_disarms_nothing(missing: str) -> None:
    """Where the unit is not wholly known, areas do not disarm."""
    whole = at(53.48, -2.24)
    half = Position(
        None if missing == "latitude" else whole.latitude_deg,
        None if missing == "longitude" else whole.longitude_deg,
        *(None, None, whole.quality, None, None),
    )
    entry, policy = voi("AB12CDE", armed_area="met"), ListPolicy(areas=_LONDON)
    assert is_armed(entry, policy, half, uk_time(NOW_NS))
    assert not is_armed(entry, policy, whole, uk_time(NOW_NS))


def test_an_entry_of_tomorrow_is_not_armed_today() -> None:
    """Where the day is sure; by a clock that may be a day behind it is."""
    entry, policy = voi("AB12CDE", valid_from=date(2026, 11, 22)), ListPolicy()
    armed = [
        is_armed(entry, policy, NO_POSITION, uk_time(NOW_NS), error_s)
        for error_s in (0.0, 3600.0, 86_400.0)
    ]
    assert armed == [False, False, True]


def test_uk_time_is_summer_time_in_summer() -> None:
    """Whatever time zone the unit itself is set to."""
    assert uk_time(NOW_NS).strftime("%H:%M %Z") == "12:00 GMT"
    assert uk_time(NOW_NS - 130 * 24 * HOUR_NS).strftime("%H:%M %Z") == "13:00 BST"


def test_hours_hold_while_the_time_is_known_to_a_quarter_of_an_hour() -> None:
    """Out of hours an entry is not armed; where the time is known no better, it is."""
    entry, policy = voi("AB12CDE", armed_hours="Mon-Fri 07:00-19:00"), ListPolicy()
    armed = [
        is_armed(entry, policy, NO_POSITION, uk_time(NOW_NS), error_s) for error_s in (900.0, 901.0)
    ]
    assert armed == [False, True]


def test_a_read_from_just_before_its_list_is_still_timed(tmp_path: Path) -> None:
    """Ten minutes before the list was published says that the clock is ten minutes off."""
    matcher = matcher_over(tmp_path, [voi("AB12CDE", armed_hours="Mon-Fri 07:00-19:00")])
    before_ns = NOW_NS - 600 * NS_PER_S
    assert matcher.match(text("AB12CDE"), NO_POSITION, before_ns) == []
    assert len(matcher.match(text("AB12CDE"), NO_POSITION, before_ns - 301 * NS_PER_S)) == 1
    matcher.close()


@pytest.mark.parametrize(
    ("after_ns", "age_s"), [(HOUR_NS, 3600.0), (1, 1e-9), (0, 0.0), (-1, None)]
)
def test_a_match_says_how_old_its_list_was(
    tmp_path: Path, after_ns: int, age_s: float | None
) -> None:
    """In seconds at the read; unknown where the read is from before the list."""
    matcher = matcher_over(tmp_path, [voi("AB12CDE")])
    (match,) = matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS + after_ns)
    assert match.list_age_s == age_s
    assert (match.list_name, match.differences) == ("stolen", ())
    matcher.close()


def _two_lists(root: Path) -> HotlistMatcher:
    """Return a matcher over two lists: of an hour ago and of now, the second one more urgent."""
    store = HotlistStore(root)
    put(store.list("alpha"), [voi("AB12CDE", priority=4)], NOW_NS - HOUR_NS, revision="1")
    put(store.list("beta"), [voi("AB12CDE", priority=1)], revision="2")
    return HotlistMatcher(store, RecordedClock(NOW_NS))


def test_every_list_is_looked_in_and_the_most_urgent_comes_first(tmp_path: Path) -> None:
    """A mark on two lists is met twice; where both are alike urgent, both are still there."""
    matcher = _two_lists(tmp_path / "two")
    found = matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS)
    assert [(m.list_name, m.list_revision) for m in found] == [("beta", "2"), ("alpha", "1")]
    matcher.close()
    store = HotlistStore(tmp_path / "alike")
    for name in ("alpha", "beta"):
        put(store.list(name), [voi("AB12CDE")])
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    found = matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS)
    assert sorted(m.list_name for m in found) == ["alpha", "beta"]
    matcher.close()


def test_what_is_in_force_is_told_with_every_list(tmp_path: Path) -> None:
    """Revisions in order, the newest list's time, and counts; nothing of 1970 without a list."""
    matcher = _two_lists(tmp_path / "two")
    assert matcher.revision == "alpha:1,beta:2"
    assert matcher.newest_utc_ns == NOW_NS
    health = matcher.health()
    assert (health.name, health.level) == (Part.HOTLIST, Level.OK)
    assert health.detail == "alpha:1, 60 min old; beta:2, 0 ms old"
    assert health.counts == {"lists": 2, "entries": 2, "failures": 0}
    matcher.close()
    none = HotlistMatcher(HotlistStore(tmp_path / "none"), RecordedClock(NOW_NS))
    assert (none.revision, none.newest_utc_ns) == ("", 0)
    none.close()


def test_a_lists_age_is_told_as_it_is(tmp_path: Path) -> None:
    """To the day where it is years: 999.4 days are not a thousand."""
    put(HotlistStore(tmp_path).list("stolen"), [voi("AB12CDE")], revision="1")
    clock = RecordedClock(NOW_NS + round(999.4 * 24 * HOUR_NS))
    matcher = HotlistMatcher(HotlistStore(tmp_path), clock)
    assert matcher.health().detail == "stolen:1, 999 days old"
    matcher.close()


def test_a_new_generation_is_in_force_from_the_next_look(tmp_path: Path) -> None:
    """Whoever looks first, the look-up or the revision on a read; the old file is closed."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [voi("AB12CDE")], revision="1")
    put(store.list("other"), [voi("XY12CDE")], revision="7")
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    opened = {one.name: one.file for one in matcher._serving.lists}
    put(store.list("stolen"), [voi("AB12CDF")], revision="2")
    matcher.refresh()
    assert matcher.revision == "other:7,stolen:2"
    with pytest.raises(sqlite3.ProgrammingError):
        opened["stolen"].entry(1)
    assert opened["other"].entry(1).vrm == "XY12CDE", "a list that stays is not opened again"
    put(store.list("stolen"), [voi("AB12CDG")], revision="3")
    matcher.refresh()
    skipped = matcher._incoming
    put(store.list("stolen"), [voi("AB12CDH")], revision="4")
    matcher.refresh()
    assert len(matcher.match(text("AB12CDH"), NO_POSITION, NOW_NS)) == 1
    assert matcher.match(text("AB12CDG"), NO_POSITION, NOW_NS) == []
    assert len(matcher.match(text("XY12CDE"), NO_POSITION, NOW_NS)) == 1
    assert skipped is not None
    passed_over = next(one.file for one in skipped.lists if one.name == "stolen")
    with pytest.raises(sqlite3.ProgrammingError):
        passed_over.entry(1)
    matcher.close()
    with pytest.raises(sqlite3.ProgrammingError):
        opened["other"].entry(1)


def _health_at(folder: Path, age_h: float, error_s: float | None = None) -> Level:
    """Return the level of a list so old by a clock that is set, or off by up to error_s."""
    now_ns = NOW_NS + round(age_h * HOUR_NS)
    clock = RecordedClock(now_ns)
    if error_s is not None:
        clock = RecordedClock(now_ns, error_s, ClockQuality.FREE_RUNNING)
    store = HotlistStore(folder)
    put(store.list("stolen"), [voi("AB12CDE")])
    matcher = HotlistMatcher(store, clock, HotlistSettings(amber_age_h=24.0, red_age_h=72.0))
    level = matcher.health().level
    matcher.close()
    return level


@pytest.mark.parametrize(
    ("age_h", "level"),
    [
        (-5.0, Level.OK),
        (23.99, Level.OK),
        (24.0, Level.WARNING),
        (71.99, Level.WARNING),
        (72.0, Level.FAULT),
    ],
)
def test_an_old_list_is_amber_then_red(tmp_path: Path, age_h: float, level: Level) -> None:
    """From the very hour that is set."""
    assert _health_at(tmp_path, age_h) is level


@pytest.mark.parametrize(("error_s", "level"), [(28_803, Level.WARNING), (28_800, Level.FAULT)])
def test_by_an_unset_clock_a_list_is_red_only_when_it_is_surely_old(
    tmp_path: Path, error_s: float, level: Level
) -> None:
    """80 h by a clock that may be 8 h ahead is 72 h at least; a second more, and it may be less."""
    assert _health_at(tmp_path, 80.0, error_s) is level


def test_a_list_from_the_future_is_no_hour_old(tmp_path: Path) -> None:
    """A clock behind the centre's makes no negative age, and no old list."""
    matcher = HotlistMatcher(HotlistStore(tmp_path), RecordedClock(NOW_NS - HOUR_NS))
    put(HotlistStore(tmp_path).list("stolen"), [voi("AB12CDE")], revision="1")
    matcher.refresh()
    assert matcher.health().detail.startswith("stolen:1, 0 ")
    matcher.close()


@pytest.mark.parametrize(("asked_for", "level"), [(True, Level.FAULT), (False, Level.WARNING)])
def test_no_entry_in_force_says_so(tmp_path: Path, asked_for: bool, level: Level) -> None:
    """No list, and a list without an entry: a fault where a list was asked for."""
    settings = HotlistSettings(path=tmp_path if asked_for else None)
    without = HotlistMatcher(HotlistStore(tmp_path / "none"), RecordedClock(NOW_NS), settings)
    health = without.health()
    assert (health.name, health.level) == (Part.HOTLIST, level)
    assert "no hotlist in" in health.detail
    assert health.counts == {"lists": 0, "entries": 0, "failures": 0}
    without.close()
    store = HotlistStore(tmp_path / "empty")
    for name in ("alpha", "beta"):
        put(store.list(name), [], revision="1")
    empty = HotlistMatcher(store, RecordedClock(NOW_NS), settings)
    assert empty.health().level is level
    assert "alpha:1, beta:1 is empty" in empty.health().detail
    empty.close()


def test_a_file_that_fails_in_use_is_opened_again_and_the_others_go_on(tmp_path: Path) -> None:
    """The failure is counted, the other list answers, a round opens it again; the fault stays.

    What was not answered may have been listed: that is told until the list comes anew.
    """
    store = HotlistStore(tmp_path)
    put(store.list("alpha"), [voi("AB12CDE")], revision="1")
    put(store.list("beta"), [voi("AB12CDE")], revision="1")
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    for failures in (1, 2):
        broken = next(one for one in matcher._serving.lists if one.name == "alpha")
        broken.file.close()
        found = matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS)
        assert [m.list_name for m in found] == ["beta"]
        assert matcher.revision == "beta:1"
        health = matcher.health()
        assert (health.name, health.level) == (Part.HOTLIST, Level.FAULT)
        assert health.detail.startswith("list alpha: a look-up failed (")
        assert health.counts == {"lists": 1, "entries": 1, "failures": failures}
        assert matcher._wake.is_set(), "the next round is not waited for"
        matcher.refresh()
        assert matcher.revision == "alpha:1,beta:1"
        assert len(matcher.match(text("AB12CDE"), NO_POSITION, NOW_NS)) == 2
        assert matcher.health().level is Level.FAULT
        assert len(matcher.faults) == 1
    put(store.list("alpha"), [voi("AB12CDE")], revision="2")
    matcher.refresh()
    assert matcher.revision == "alpha:2,beta:1"
    assert matcher.health().level is Level.OK
    matcher.close()
