"""The crew's own entries, look-back, and that a silent entry leaves no trace."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from outrider.clock import NS_PER_S
from outrider.records import NO_POSITION, Match, Read, Response
from outrider.unit.hotlist.lookback import LookBack
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.own_entries import FILE, LIST_NAME, CrewEntryError, CrewList
from outrider.unit.hotlist.repeat import RepeatRule
from outrider.unit.hotlist.store import HotlistStore
from outrider.wire.crew_entry import FIRST_HASH, CrewEvent, trail_hash
from tests.unit.hotlist.makers import HOUR_NS, NOW_NS, clock, put, read, text, voi


def _crew(root: Path, now_ns: int = NOW_NS) -> CrewList:
    return CrewList(HotlistStore(root), clock(now_ns))


def _meets(root: Path, vrm: str, utc_ns: int = NOW_NS) -> bool:
    matcher = HotlistMatcher(HotlistStore(root), clock())
    found = matcher.match(text(vrm), NO_POSITION, utc_ns)
    matcher.close()
    return bool(found)


def test_added_entry_is_in_force_and_expires(tmp_path: Path) -> None:
    """An entry matches at once, through its last day, and not after it."""
    event = _crew(tmp_path).add("ab12 cde", "PC1234", "left scene", days=2)
    assert (event.vrm, event.expires) == ("AB12CDE", "2026-11-23")
    assert _meets(tmp_path, "AB12CDE")
    assert _meets(tmp_path, "AB12CDE", NOW_NS + 59 * HOUR_NS)
    assert not _meets(tmp_path, "AB12CDE", NOW_NS + 61 * HOUR_NS)
    assert _crew(tmp_path, NOW_NS + 61 * HOUR_NS).entries() == []


def test_removed_entry_is_out_of_force_and_both_are_in_the_trail(tmp_path: Path) -> None:
    """Removing is an event of its own; the trail keeps both for the centre, until it has them."""
    crew = _crew(tmp_path)
    crew.add("AB12CDE", "PC1234", "left scene", days=2)
    crew.remove("AB12CDE", "PC1234", "found")
    assert not _meets(tmp_path, "AB12CDE")
    waiting = crew.unsynced()
    assert [(row.event.action, row.event.comment) for row in waiting] == [
        ("add", "left scene"),
        ("remove", "found"),
    ]
    crew.mark_synced(waiting[:1])
    assert [row.event.action for row in crew.unsynced()] == ["remove"]
    assert crew.verify() == 2


@pytest.mark.parametrize(
    ("vrm", "officer", "comment", "days"),
    [
        ("AB12CDE", "PC1", "why", 0),
        ("AB12CDE", "PC1", "why", 101),
        ("AB12CDE", " ", "why", 1),
        ("AB12CDE", "PC1", "", 1),
        ("**", "PC1", "why", 1),
        ("AB!2", "PC1", "why", 1),
    ],
)
def test_refused_entries_leave_no_trace(
    tmp_path: Path, vrm: str, officer: str, comment: str, days: int
) -> None:
    """An entry without a person, a reason or a fair expiry is refused, and not in the trail."""
    crew = _crew(tmp_path)
    with pytest.raises(CrewEntryError):
        crew.add(vrm, officer, comment, days)
    assert crew.verify() == 0


@pytest.mark.parametrize("with_the_key", [False, True])
def test_altered_trail_is_noticed(tmp_path: Path, with_the_key: bool) -> None:
    """A changed row does not open, or, changed by who has the key, breaks the chain."""
    crew = _crew(tmp_path)
    crew.add("AB12CDE", "PC1234", "left scene", days=2)
    crew.add("AB12CDF", "PC1234", "left scene", days=2)
    keys = HotlistStore(tmp_path).keys
    with crew._open() as db:
        sealed = db.execute("SELECT sealed FROM audit WHERE sequence = 1").fetchone()[0]
        if with_the_key:
            text = keys.open(sealed, "crew trail 1").replace(b"PC1234", b"PC9999")
            sealed = keys.seal(text, "crew trail 1")
        else:
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        db.execute("UPDATE audit SET sealed = ? WHERE sequence = 1", (sealed,))
    with pytest.raises(CrewEntryError, match="row 1"):
        crew.verify()


def test_a_trail_of_an_earlier_version_is_sealed(tmp_path: Path) -> None:
    """What stood in clear is there as before, what had been sent is known, and no byte is left."""
    event = CrewEvent("add", 1, "AB12CDE", "PC1234", "left scene", NOW_NS, "2026-12-24")
    text = event.text()
    digest = trail_hash(1, FIRST_HASH, text)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        columns = "sequence INTEGER PRIMARY KEY, event, previous, hash, synced"
        db.execute(f"CREATE TABLE audit ({columns})")
        db.execute("INSERT INTO audit VALUES (1, ?, ?, ?, 1)", (text, FIRST_HASH, digest))
    crew = _crew(tmp_path)
    assert crew.verify() == 1
    assert crew.entries() == [event]
    assert crew.unsynced() == []
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"AB12CDE" not in path.read_bytes(), path


def test_list_is_healed_after_a_cut_between_trail_and_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry whose list was never built comes into force at the next start."""
    crew = _crew(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(CrewList, "rebuild", lambda self: None)
        crew.add("AB12CDE", "PC1234", "left scene", days=2)
    assert not _meets(tmp_path, "AB12CDE")
    assert _crew(tmp_path).rebuild() is not None
    assert _crew(tmp_path).rebuild() is None
    assert _meets(tmp_path, "AB12CDE")


def _take_in(rig: LookBack, matcher: HotlistMatcher, one: Read) -> list[Match]:
    found = tuple(matcher.match(one.text, one.position, one.at.utc_ns))
    rig.remember(one, found, matcher.revision)
    return list(found)


def test_look_back_finds_what_passed_before_the_change(tmp_path: Path) -> None:
    """When a list changes, a read of an hour ago meets the new entry, once, and no old one."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [voi("AA11AAA")])
    matcher, rig = HotlistMatcher(store, clock()), LookBack()
    assert _take_in(rig, matcher, read("AA11AAA", 0, pass_no=1))
    assert not _take_in(rig, matcher, read("BB22BBB", 10, pass_no=2))
    assert rig.check(matcher) == []
    put(store.list("stolen"), [voi("AA11AAA"), voi("BB22BBB")])
    matcher.refresh()
    matcher.match(text("ZZ99ZZZ"), NO_POSITION, NOW_NS)
    ((one, match),) = rig.check(matcher)
    assert (one.text.vrm, match.entry.vrm) == ("BB22BBB", "BB22BBB")
    assert rig.check(matcher) == []
    matcher.close()


def test_look_back_is_bounded_in_number_age_and_work(tmp_path: Path) -> None:
    """Old reads are let go, and a change of list is worked off a few reads at a time."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [voi("AA11AAA")])
    matcher, rig = HotlistMatcher(store, clock()), LookBack(max_reads=50, max_age_s=100)
    for n in range(80):
        _take_in(rig, matcher, read("BB22BBB", n, pass_no=n))
    assert rig.held == 50
    put(store.list("stolen"), [voi("BB22BBB")])
    matcher.refresh()
    matcher.match(text("ZZ99ZZZ"), NO_POSITION, NOW_NS)
    assert [len(rig.check(matcher, at_most=20)) for _ in range(4)] == [20, 20, 10, 0]
    _take_in(rig, matcher, read("BB22BBB", 1000, pass_no=1000))
    assert rig.held == 1
    matcher.close()


def test_silent_entries_leave_no_trace(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A silent match is given, and nothing else differs: no log line, no health, no revision."""

    def run(root: Path, response: Response) -> tuple[int, list[str], str, dict[str, int]]:
        store = HotlistStore(root)
        put(store.list("covert"), [voi("AB12CDE", response=response)], revision="7")
        caplog.clear()
        matcher, rule = HotlistMatcher(store, clock()), RepeatRule(300, 2000)
        rig = LookBack()
        one = read("AB12CDE", 1 / NS_PER_S)
        for mark in ("AB12CDE", "XY99XYZ"):
            for match in matcher.match(text(mark), NO_POSITION, NOW_NS):
                rule.judge(one, match, False)
        found = _take_in(rig, matcher, one)
        health = matcher.health()
        matcher.close()
        lines = [record.getMessage() for record in caplog.records]
        return len(found), lines, health.detail, health.counts

    with caplog.at_level(logging.DEBUG):
        silent = run(tmp_path / "silent", Response.SILENT)
        openly = run(tmp_path / "open", Response.STOP)
    assert silent == openly
    assert silent[:2] == (1, [])


def test_crew_list_is_a_list_like_any_other(tmp_path: Path) -> None:
    """The crew's list stands beside the others, with revision and generations of its own."""
    put(HotlistStore(tmp_path).list("stolen"), [voi("AA11AAA")])
    _crew(tmp_path).add("AB12CDE", "PC1234", "left scene", days=2)
    matcher = HotlistMatcher(HotlistStore(tmp_path), clock())
    assert {part.split(":")[0] for part in matcher.revision.split(",")} == {LIST_NAME, "stolen"}
    matcher.close()
