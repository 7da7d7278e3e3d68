"""Generations on the disk and the matcher over them: damage, fallback, switching, roll-back."""

import threading
from pathlib import Path

import pytest

from outrider.records import NO_POSITION, Level
from outrider.unit.hotlist.generations import KEPT, GenerationError, Generations
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.open_matcher import open_matcher
from outrider.unit.hotlist.store import HotlistStore, ListNameError
from tests.unit.hotlist.makers import HOUR_NS, NOW_NS, clock, put, text, voi


def _flip(path: Path, place: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0xFF
    path.write_bytes(data)


def _meets(matcher: HotlistMatcher, vrm: str) -> bool:
    return bool(matcher.match(text(vrm), NO_POSITION, NOW_NS))


def test_three_generations_are_kept(tmp_path: Path) -> None:
    """The newest three stay, with nothing else beside them."""
    generations = Generations(tmp_path / "stolen")
    for number in range(5):
        put(generations, [voi(f"AB1{number}CDE")])
    assert [g.number for g in generations.all()] == [3, 4, 5]
    assert len(list(generations.folder.glob("*.sealed"))) == KEPT


def test_damage_falls_back_and_is_told(tmp_path: Path) -> None:
    """A generation with one wrong bit is not used: the one before is, and health says so."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [voi("AA11AAA")])
    newest = put(store.list("stolen"), [voi("BB22BBB")])
    _flip(store.list("stolen").file_of(newest))
    matcher = HotlistMatcher(store, clock())
    assert _meets(matcher, "AA11AAA")
    assert not _meets(matcher, "BB22BBB")
    health = matcher.health()
    assert health.level is Level.FAULT
    assert "000002 is damaged" in health.detail
    assert "goes on with generation 000001" in health.detail
    put(store.list("stolen"), [voi("CC33CCC")])
    matcher.refresh()
    assert _meets(matcher, "CC33CCC")
    assert matcher.health().level is Level.OK
    matcher.close()


def test_all_damaged_is_a_fault_and_not_an_empty_result(tmp_path: Path) -> None:
    """With no sound generation left the unit runs, and says what is wrong and what to do."""
    store = HotlistStore(tmp_path)
    _flip(store.list("stolen").file_of(put(store.list("stolen"), [voi("AA11AAA")])))
    put(store.list("wanted"), [voi("BB22BBB")])
    matcher = HotlistMatcher(store, clock())
    assert _meets(matcher, "BB22BBB")
    health = matcher.health()
    assert health.level is Level.FAULT
    assert "list stolen: no sound generation is left: import it again" in health.detail
    matcher.refresh()
    assert matcher.health() == health
    matcher.close()


def test_damage_under_a_running_unit_keeps_what_it_has(tmp_path: Path) -> None:
    """A bad new generation does not replace the good one that is open."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [voi("AA11AAA")])
    matcher = HotlistMatcher(store, clock())
    for path in store.list("stolen").folder.glob("*.sealed"):
        path.unlink()
    store.list("stolen").pointer_file.unlink()
    matcher.refresh()
    assert _meets(matcher, "AA11AAA")
    matcher.close()


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"name": 1}', b"\xff"])
def test_damaged_pointer_means_the_newest(tmp_path: Path, data: bytes) -> None:
    """Without a readable pointer the newest sound generation is in force."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [voi("AA11AAA")])
    put(store.list("stolen"), [voi("BB22BBB")])
    store.list("stolen").pointer_file.write_bytes(data)
    matcher = HotlistMatcher(store, clock())
    assert _meets(matcher, "BB22BBB")
    matcher.close()


def test_roll_back_by_name_and_one_step(tmp_path: Path) -> None:
    """Roll-back goes one back, or to a named generation, forward too; an unknown name is told."""
    generations = Generations(tmp_path / "stolen")
    for number in range(3):
        put(generations, [voi(f"AB1{number}CDE")])
    assert generations.roll_back().name == "000002"
    assert generations.roll_back().name == "000001"
    with pytest.raises(GenerationError, match="no earlier generation"):
        generations.roll_back()
    assert generations.roll_back("3").name == "000003"
    with pytest.raises(GenerationError, match="no generation 9; kept: 000001, 000002, 000003"):
        generations.roll_back("9")


def test_roll_back_to_a_damaged_generation_is_refused(tmp_path: Path) -> None:
    """What is not sound is not rolled back to; what was in force stays."""
    generations = Generations(tmp_path / "stolen")
    first = put(generations, [voi("AA11AAA")])
    put(generations, [voi("BB22BBB")])
    _flip(generations.file_of(first))
    with pytest.raises(GenerationError, match="damaged"):
        generations.roll_back()
    in_force = generations.in_force()
    assert in_force is not None
    assert in_force.number == 2


def test_a_second_writer_is_kept_out(tmp_path: Path) -> None:
    """Two imports of one list at once: the second is refused, with the reason."""
    generations = Generations(tmp_path / "stolen")
    with generations.lock(), pytest.raises(GenerationError, match="another import"):
        put(Generations(tmp_path / "stolen"), [voi("AA11AAA")])


def test_names_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    """A list name from a package cannot point elsewhere on the disk."""
    for name in ("../x", "a/b", "", ".tuf", "A", "x" * 60):
        with pytest.raises(ListNameError):
            HotlistStore(tmp_path).list(name)


def test_age_is_amber_then_red_and_stands_on_every_hit(tmp_path: Path) -> None:
    """A list's age is on the match, and in health as a warning, then a fault."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [voi("AA11AAA")], published_ns=NOW_NS, revision="12")
    levels = []
    for hours in (1, 25, 73):
        matcher = HotlistMatcher(store, clock(NOW_NS + hours * HOUR_NS))
        (match,) = matcher.match(text("AA11AAA"), NO_POSITION, NOW_NS + hours * HOUR_NS)
        assert match.list_age_s == hours * 3600
        assert match.list_revision == "12"
        levels.append(matcher.health().level)
        matcher.close()
    assert levels == [Level.OK, Level.WARNING, Level.FAULT]


def test_switching_under_load_misses_nothing(tmp_path: Path) -> None:
    """While lists are switched in from another thread, every look-up finds what is in all."""
    store = HotlistStore(tmp_path)
    always = voi("AA11AAA")
    put(store.list("stolen"), [always])
    matcher = HotlistMatcher(store, clock())
    done = threading.Event()

    def switch() -> None:
        for number in range(4):
            put(store.list("stolen"), [voi(f"BB{number}2BBB"), always])
            matcher.refresh()
        done.set()

    other = threading.Thread(target=switch)
    other.start()
    missed = looked = 0
    while not done.is_set():
        looked += 1
        missed += not _meets(matcher, "AA11AAA")
    other.join()
    assert looked > 0
    assert missed == 0
    assert _meets(matcher, "BB32BBB")
    assert matcher.health().counts["failures"] == 0
    matcher.close()


def test_the_watching_thread_takes_a_new_list_in(tmp_path: Path) -> None:
    """An import by another process is in force within seconds, and the thread ends on stop."""
    store = HotlistStore(tmp_path)
    put(store.list("stolen"), [voi("AA11AAA")])
    matcher = HotlistMatcher(store, clock())
    stop = threading.Event()
    matcher.start(stop)
    put(store.list("stolen"), [voi("BB22BBB")])
    waited = threading.Event()
    found = False
    for _ in range(100):
        found = found or _meets(matcher, "BB22BBB")
        if found:
            break
        waited.wait(0.1)
    stop.set()
    matcher.close()
    assert found


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"vrm;reason;x\n", b"vrm,reason\n!!,x\n"])
def test_run_with_a_bad_list_file_is_a_fault_not_a_crash(tmp_path: Path, data: bytes) -> None:
    """`--hotlist` with a bad file: the unit runs, matches nothing, and says so as a fault."""
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    matcher = open_matcher(path, clock())
    assert not _meets(matcher, "AA11AAA")
    health = matcher.health()
    assert health.level is Level.FAULT
    assert "no hotlist in force" in health.detail
    matcher.close()


def test_missing_list_file_and_empty_store(tmp_path: Path) -> None:
    """A file that is not there is a fault; a unit that never had a list is a warning."""
    missing = open_matcher(tmp_path / "none.csv", clock())
    assert missing.health().level is Level.FAULT
    missing.close()
    empty = open_matcher(tmp_path / "store", clock())
    assert empty.health().level is Level.WARNING
    assert "outrider hotlist import" in empty.health().detail
    empty.close()


def test_rejected_rows_of_a_list_file_are_a_warning_without_marks(tmp_path: Path) -> None:
    """What is good in a list file is matched; health names lines, and no mark."""
    path = tmp_path / "list.csv"
    path.write_text("vrm,reason\nAA11AAA,x\nB!!B,y\n")
    matcher = open_matcher(path, clock())
    assert _meets(matcher, "AA11AAA")
    health = matcher.health()
    assert health.level is Level.WARNING
    assert "lines 3" in health.detail
    assert "B!!B" not in health.detail
    matcher.close()
