"""No sequence of imports, updates, kills and roll-backs leaves a unit without a valid list."""

import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from outrider.hotlist_import.limits import ImportLimits, ImportRefused
from outrider.hotlist_import.list_file import ListFile
from outrider.records import NO_POSITION, VehicleOfInterest
from outrider.unit.hotlist.generations import GenerationError
from outrider.unit.hotlist.importing import import_list
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update_state import UpdateError
from tests.unit.hotlist.centre import ANY_SIZE, Centre
from tests.unit.hotlist.death import Death, dying
from tests.unit.hotlist.makers import NOW_NS, clock, text, voi

Content = frozenset[str]
_MARKS = [f"AB{number}CDE" for number in range(10, 40)]
_CONTENTS = st.frozensets(st.sampled_from(_MARKS), min_size=1, max_size=8)
_DEATHS = st.one_of(
    st.none(),
    st.builds(Death, st.integers(1, 40), st.floats(0, 1), st.booleans()),
)
_GARBAGE = (b"", b"vrm,reason\n", b'vrm,reason\n"AB12', b"\x00\xff\x00", b"a,b,c,d\n1,2,3,4\n")


class Unit(RuleBasedStateMachine):
    """A unit with one list; `may_hold` is every content that it may lawfully hold now."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self._folder.name)
        self.store = HotlistStore(root / "unit")
        self.list = self.store.list("stolen")
        self.centre = Centre(root / "centre")
        self.file = root / "list.csv"
        self.may_hold: set[Content] = set()
        self.ever: set[Content] = set()
        self.running = HotlistMatcher(self.store, clock())

    def teardown(self) -> None:
        self.running.close()
        self._folder.cleanup()

    def _run(self, death: Death | None, new: Content | None, action: Callable[[], object]) -> None:
        before = set(self.may_hold)
        finished = False
        with dying(death or Death(None, 1.0, False)):
            action()
            finished = True
        if new is not None:
            self.ever.add(new)
            self.may_hold = {new} if finished else before | {new}

    @rule(content=_CONTENTS, death=_DEATHS)
    def import_one(self, content: Content, death: Death | None) -> None:
        self.file.write_text("vrm,reason\n" + "".join(f"{vrm},x\n" for vrm in sorted(content)))
        listed = ListFile(self.file, NOW_NS, limits=ANY_SIZE)
        self._run(death, content, lambda: import_list(self.list, listed))

    @rule(data=st.sampled_from(_GARBAGE), death=_DEATHS)
    def import_garbage(self, data: bytes, death: Death | None) -> None:
        self.file.write_bytes(data)

        def action() -> None:
            try:
                import_list(self.list, ListFile(self.file, NOW_NS, limits=ImportLimits()))
            except ImportRefused:
                return
            raise AssertionError("garbage was taken")

        self._run(death, None, action)

    @rule(content=_CONTENTS, death=_DEATHS, break_line=st.booleans())
    def update(self, content: Content, death: Death | None, break_line: bool) -> None:
        with dying(Death(None, 1.0, False)):  # the centre's own syncs only cost time here
            self.centre.publish([voi(vrm) for vrm in sorted(content)])
        self.centre.fetcher.broken = 0.5 if break_line else None

        def action() -> None:
            try:
                self.centre.client(self.store).update()
            except UpdateError:
                assert break_line

        self._run(death, None if break_line else content, action)

    @rule(death=_DEATHS)
    def roll_back(self, death: Death | None) -> None:
        def action() -> None:
            try:
                with self.list.lock():
                    self.list.roll_back()
            except GenerationError:
                return

        self._run(death, None, action)
        self.may_hold = set(self.ever)  # any that was ever in force

    @rule()
    def running_unit_looks_again(self) -> None:
        self.running.refresh()

    @invariant()
    def the_list_in_force_is_whole(self) -> None:
        fresh = HotlistMatcher(self.store, clock())
        health = fresh.health()
        held = _content(self.store)
        found = _matched(fresh)
        fresh.close()
        if held is None:
            assert not self._had, health.detail
            return
        assert held in self.ever
        assert held in self.may_hold
        assert found == held
        self.may_hold = {held}

    @invariant()
    def the_running_unit_matches_a_whole_list(self) -> None:
        found = _matched(self.running)
        assert not found or found in self.ever

    _had = False

    @invariant()
    def once_had_always_has(self) -> None:
        has = self.list.in_force() is not None
        assert has or not self._had
        self._had = self._had or has


def _content(store: HotlistStore) -> Content | None:
    generations = store.list("stolen")
    for generation in generations.candidates():
        assert generations.is_sound(generation)
        with generations.open(generation) as file:
            return frozenset(str(row[0]) for _, row in file.rows())
    return None


def _matched(matcher: HotlistMatcher) -> Content:
    return frozenset(vrm for vrm in _MARKS if matcher.match(text(vrm), NO_POSITION, NOW_NS))


TestUnit = Unit.TestCase
TestUnit.settings = settings(
    max_examples=15,
    stateful_step_count=10,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


_LOOP = """
import sys
from pathlib import Path
from outrider.hotlist_import.list_file import ListFile
from outrider.unit.hotlist.importing import import_list
from outrider.unit.hotlist.store import HotlistStore
store, files = HotlistStore(Path(sys.argv[1])), sys.argv[2:]
print("ready", flush=True)
while True:
    for file in files:
        import_list(store.list("stolen"), ListFile(Path(file), 1))
"""


def _write_list(path: Path, entries: list[VehicleOfInterest]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows((entry.vrm, entry.reason) for entry in entries)


def test_sigkill_at_any_time_leaves_one_list_or_the_other(tmp_path: Path) -> None:
    """A real process, killed for real in mid-import four times, leaves a whole list each time."""
    sizes = {"a": 1500, "b": 1501}
    for name, size in sizes.items():
        entries = [voi(f"A{n // 26 + 1}BC{chr(65 + n % 26)}", name) for n in range(size)]
        _write_list(tmp_path / name, entries)
    store = HotlistStore(tmp_path / "unit")
    import_list(store.list("stolen"), ListFile(tmp_path / "a", 1))
    dice = random.Random(4)
    command = [sys.executable, "-c", _LOOP, str(store.root), *(str(tmp_path / n) for n in sizes)]
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(timeout=dice.uniform(0.01, 0.5))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        matcher = HotlistMatcher(store, clock())
        health = matcher.health()
        assert health.counts["entries"] in sizes.values(), health.detail
        assert "damaged" not in health.detail
        matcher.close()
