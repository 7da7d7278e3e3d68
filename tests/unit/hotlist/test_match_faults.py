"""What a bad list, a locked one or a failing store costs: never the other lists, nor the watch."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from outrider.clock import RecordedClock
from outrider.records import NO_POSITION, Level
from outrider.unit.hotlist.generations import Generation, Generations
from outrider.unit.hotlist.keys import LockedError
from outrider.unit.hotlist.lookup import LookupFile, LookupFileError
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from tests.unit.hotlist.makers import NOW_NS, put, text, voi


@pytest.fixture
def store(tmp_path: Path) -> HotlistStore:
    """Two lists, each with the same mark."""
    made = HotlistStore(tmp_path / "lists")
    for name in ("alpha", "beta"):
        put(made.list(name), [voi("AB12CDE")], revision="1")
    return made


def met(matcher: HotlistMatcher, vrm: str = "AB12CDE") -> list[str]:
    return sorted(m.list_name for m in matcher.match(text(vrm), NO_POSITION, NOW_NS))


Opens = Callable[[Generations, Generation], LookupFile]


class Opening:
    """Stands before the opening of generations: counts, and fails where it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real: Opens = Generations.open
        self.opened: list[str] = []
        self.fails: dict[str, Exception] = {}
        monkeypatch.setattr(Generations, "open", lambda *one: self._open(*one))

    def _open(self, generations: Generations, generation: Generation) -> LookupFile:
        name = generations.folder.name
        self.opened.append(name)
        if name in self.fails:
            raise self.fails[name]
        return self._real(generations, generation)


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Opening:
    return Opening(monkeypatch)


def test_a_locked_list_stays_as_it_was_and_is_tried_at_each_round(
    store: HotlistStore, opening: Opening
) -> None:
    """The other list goes on; what was open stays open; with the key there, the new one comes."""
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    put(store.list("alpha"), [voi("AB12CDF")], revision="2")
    put(store.list("beta"), [voi("AB12CDE")], revision="2")
    opening.fails["alpha"] = LockedError("no key")
    for _ in range(2):
        opening.opened.clear()
        matcher.refresh()
        assert "alpha" in opening.opened, "it is tried again"
        assert met(matcher) == ["alpha", "beta"]
        assert matcher.revision == "alpha:1,beta:2"
        assert matcher.health().level is Level.FAULT
        assert matcher.health().detail == "list alpha: locked: no key"
    opening.fails.clear()
    matcher.refresh()
    assert (met(matcher), met(matcher, "AB12CDF")) == (["beta"], ["alpha"])
    assert matcher.health().level is Level.OK
    matcher.close()


def test_two_locked_lists_both_go_on_as_they_were(store: HotlistStore, opening: Opening) -> None:
    """With new generations of both behind a key that is not there; both are told, once each."""
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    for name in ("alpha", "beta"):
        put(store.list(name), [voi("AB12CDF")], revision="2")
        opening.fails[name] = LockedError("no key")
    for _ in range(2):
        matcher.refresh()
        assert met(matcher) == ["alpha", "beta"]
        assert matcher.revision == "alpha:1,beta:1"
        said = "list alpha: locked: no key; list beta: locked: no key"
        assert matcher.health().detail == said
    matcher.close()


def test_two_bad_lists_are_both_told(store: HotlistStore, opening: Opening) -> None:
    """Neither hides the other, and nothing is in force."""
    opening.fails = {name: LockedError("no key") for name in ("alpha", "beta")}
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    detail = matcher.health().detail
    assert detail == "list alpha: locked: no key; list beta: locked: no key"
    assert met(matcher) == []
    matcher.close()


def test_a_list_without_a_sound_generation_is_given_up_until_it_changes(
    store: HotlistStore, opening: Opening
) -> None:
    """It is not opened again at each round, its fault stays told, the other list answers."""
    opening.fails["alpha"] = LookupFileError("no usable look-up file")
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    opening.opened.clear()
    for _ in range(3):
        matcher.refresh()
        assert met(matcher) == ["beta"]
        told = matcher.health().detail.split("; ")
        assert told[0] == "list alpha: no usable look-up file"
        assert "no sound generation is left" in told[-1]
    assert opening.opened == []
    opening.fails.clear()
    put(store.list("alpha"), [voi("AB12CDE")], revision="3")
    matcher.refresh()
    assert met(matcher) == ["alpha", "beta"]
    matcher.close()


def test_a_known_list_goes_on_where_its_new_generation_is_bad(
    store: HotlistStore, opening: Opening
) -> None:
    """What is in force stays, and the bad one is looked at once."""
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    put(store.list("alpha"), [voi("AB12CDF")], revision="2")
    opening.fails["alpha"] = LookupFileError("no usable look-up file")
    for _ in range(3):
        matcher.refresh()
        assert met(matcher) == ["alpha", "beta"]
    assert opening.opened.count("alpha") == 3, "once at the start, then each of two generations"
    matcher.close()


def test_a_file_that_failed_is_closed(store: HotlistStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault says of what the look-up died; its file is not left open."""
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    broken = next(one.file for one in matcher._serving.lists if one.name == "alpha")

    def fail(number: int) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(broken, "entry", fail)
    assert met(matcher) == ["beta"]
    assert "image is malformed" in matcher.health().detail
    with pytest.raises(sqlite3.ProgrammingError):
        broken.entry_ids("AB12CDE")
    matcher.close()


class Rounds(threading.Event):
    """Ends the watch after so many rounds; notes how each was waited for."""

    def __init__(self, stop: threading.Event, rounds: int) -> None:
        super().__init__()
        self.waited: list[float | None] = []
        self.cleared = 0
        self._stop_event, self._rounds = stop, rounds

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        if len(self.waited) == self._rounds:
            self._stop_event.set()
        return False

    def clear(self) -> None:
        self.cleared += 1
        super().clear()


def test_the_watch_waits_between_its_looks_and_outlives_a_failing_store(
    store: HotlistStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a second, or at once where a look-up failed; each failure is counted."""
    matcher = HotlistMatcher(store, RecordedClock(NOW_NS))
    stop = threading.Event()
    matcher._wake = Rounds(stop, 3)

    def fail() -> None:
        raise OSError("input/output error")

    monkeypatch.setattr(store, "names", fail)
    matcher.start(stop)
    thread = matcher._thread
    assert thread is not None
    assert thread.name == "hotlist"
    assert thread.daemon, "a store that hangs does not hold the process"
    matcher.close()
    assert not thread.is_alive(), "nothing looks at the files any more when they are closed"
    assert (matcher._wake.waited, matcher._wake.cleared) == ([1.0] * 3, 3)
    assert matcher.health().counts["failures"] == 3
