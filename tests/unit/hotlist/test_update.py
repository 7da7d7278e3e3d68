"""Updates from a centre: full and delta, faults, and what stays in force meanwhile."""

from pathlib import Path

import pytest

from outrider.records import NO_POSITION, Level
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update_state import Trouble, UpdateError, UpdateHealth
from tests.unit.hotlist.centre import Centre
from tests.unit.hotlist.makers import HOUR_NS, NOW_NS, clock, put, text, voi

_MANY = [
    voi(f"AB{10 + n // 26 % 50:02d}C{chr(65 + n % 26)}{chr(65 + n // 1300)}", f"r{n}")
    for n in range(1500)
]


def _listed(store: HotlistStore, vrm: str) -> bool:
    matcher = HotlistMatcher(store, clock())
    found = matcher.match(text(vrm), NO_POSITION, NOW_NS)
    matcher.close()
    return bool(found)


def test_full_then_delta(tmp_path: Path) -> None:
    """The first update fetches the list whole, the next only what changed, with equal content."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish(_MANY)
    (first,) = centre.client(store).update()
    assert first.generation is not None
    assert first.generation.entries == len(_MANY)
    changed = [*_MANY[10:], voi("XY99XYZ")]
    centre.publish(changed)
    (second,) = centre.client(store).update()
    assert second.generation is not None
    assert second.generation.revision == "2"
    assert any("1-2.ndjson.zst" in path for path in centre.fetcher.asked)
    assert not any("0-2.ndjson.zst" in path for path in centre.fetcher.asked)
    with store.list("stolen").open(second.generation) as file:
        entries = {(row[0], row[1]) for _, row in file.rows()}
    assert entries == {(entry.vrm, entry.reason) for entry in changed}
    assert _listed(store, "XY99XYZ")
    assert not _listed(store, _MANY[0].vrm)


def test_delta_is_a_fraction_of_the_whole(tmp_path: Path) -> None:
    """A percent of churn costs a few percent of the bytes."""
    centre = Centre(tmp_path)
    whole = centre.publish(_MANY).packages[0].ref.size_bytes
    delta = centre.publish(_MANY[20:] + [voi(f"XY{n}ABC") for n in range(20)]).packages[1]
    assert delta.ref.size_bytes < whole / 10


def test_deltas_chain_over_missed_revisions(tmp_path: Path) -> None:
    """A unit that missed updates applies the deltas between in one go."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish(_MANY)
    centre.client(store).update()
    for n in range(3):
        centre.publish([*_MANY[n:], voi(f"XY{n + 1}ABC")])
    (done,) = centre.client(store).update()
    assert done.generation is not None
    assert done.generation.revision == "4"
    assert len(store.list("stolen").all()) == 2
    assert _listed(store, "XY3ABC")
    assert not _listed(store, "XY1ABC")


def test_a_unit_too_far_behind_takes_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the chain of deltas is broken, the snapshot is used."""
    monkeypatch.setattr("outrider.centre.hotlists.publish.KEPT_DELTAS", 1)
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish(_MANY)
    centre.client(store).update()
    for n in range(3):
        centre.publish([*_MANY, voi(f"XY{n + 1}ABC")])
    (done,) = centre.client(store).update()
    assert done.generation is not None
    assert done.generation.revision == "4"
    assert centre.fetcher.asked[-1].endswith("0-4.ndjson.zst")


def test_unchanged_list_only_grows_younger(tmp_path: Path) -> None:
    """Publishing the same list again resets its age on the unit, with a package of bytes."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish(_MANY)
    centre.client(store).update()
    again = centre.publish(_MANY, published_ns=NOW_NS + HOUR_NS)
    assert again.changes == 0
    assert again.packages[1].ref.size_bytes < 1000
    (done,) = centre.client(store, NOW_NS + HOUR_NS).update()
    assert done.generation is not None
    assert done.generation.published_utc_ns == NOW_NS + HOUR_NS


def test_entries_keep_their_numbers(tmp_path: Path) -> None:
    """An entry that goes and comes back gets a new number, so that no number means two things."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    for entries in (
        [voi("AA11AAA"), voi("BB22BBB")],
        [voi("AA11AAA")],
        [voi("AA11AAA"), voi("BB22BBB")],
    ):
        centre.publish(entries)
        centre.client(store).update()
    generations = store.list("stolen")
    in_force = generations.in_force()
    assert in_force is not None
    with generations.open(in_force) as file:
        assert [(number, row[0]) for number, row in file.rows()] == [(1, "AA11AAA"), (3, "BB22BBB")]


def test_line_drop_changes_nothing(tmp_path: Path) -> None:
    """A download cut at any part leaves the old list, and the next try goes through."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish(_MANY)
    centre.client(store).update()
    centre.publish(_MANY[5:])
    for share in (0.0, 0.5, 0.99):
        centre.fetcher.broken = share
        with pytest.raises(UpdateError) as caught:
            centre.client(store).update()
        assert caught.value.trouble is Trouble.UNREACHABLE
        assert _listed(store, _MANY[0].vrm)
    assert UpdateHealth(store).health().level is Level.WARNING
    centre.fetcher.broken = None
    (done,) = centre.client(store).update()
    assert done.generation is not None
    assert not _listed(store, _MANY[0].vrm)
    assert UpdateHealth(store).health().level is Level.OK


def test_a_held_off_revision_does_not_come_back_but_the_next_does(tmp_path: Path) -> None:
    """After a roll-back the update waits for a newer revision than the one turned away from."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    for entries in (_MANY, _MANY[5:]):
        centre.publish(entries)
        centre.client(store).update()
    generations = store.list("stolen")
    with generations.lock():
        generations.roll_back()
    assert _listed(store, _MANY[0].vrm)
    (held,) = centre.client(store).update()
    assert held.generation is None
    assert held.fault == ""
    assert _listed(store, _MANY[0].vrm)
    centre.publish(_MANY[6:])
    (done,) = centre.client(store).update()
    assert done.generation is not None
    assert done.generation.revision == "3"


def test_one_bad_list_keeps_no_other_back(tmp_path: Path) -> None:
    """A list that cannot be taken is told of; the others are updated all the same."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    put(store.list("stolen"), [voi("AB12CDE")], revision="99")
    centre.publish(_MANY)
    centre.publish([voi("XY99XYZ")], name="wanted")
    stolen, wanted = centre.client(store).update()
    assert "older than revision 99" in stolen.fault
    assert stolen.generation is None
    assert wanted.generation is not None
    assert UpdateHealth(store).health().level is Level.FAULT
    assert _listed(store, "AB12CDE")


def test_a_damaged_base_is_replaced_by_the_whole(tmp_path: Path) -> None:
    """Where the list in force has rotted on the card, the delta is not laid over it."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish(_MANY)
    (first,) = centre.client(store).update()
    assert first.generation is not None
    file = store.list("stolen").file_of(first.generation)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    centre.publish(_MANY[5:])
    (done,) = centre.client(store).update()
    assert done.generation is not None
    assert done.generation.revision == "2"
    assert centre.fetcher.asked[-1].endswith("0-2.ndjson.zst")
