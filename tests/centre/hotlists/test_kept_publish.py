"""What is kept at the centre reaches units: with the next delta, and so does a withdrawal."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from outrider.centre.authority.setup import set_up
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.governance.kept_lists import KeptLists
from outrider.centre.store_of import open_store_of
from outrider.cli import main
from outrider.clock import SystemClock
from outrider.hotlist_import.limits import ImportRefused
from outrider.records import NO_POSITION
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from tests.centre.governance.test_kept_lists import MILD, ONE, STOP, WORDS
from tests.unit.hotlist.centre import Centre
from tests.unit.hotlist.makers import NOW_NS, clock, text, voi

_HALF_DAY_NS = 12 * 3600 * 10**9


def _listed(store: HotlistStore, vrm: str) -> bool:
    matcher = HotlistMatcher(store, clock())
    found = matcher.match(text(vrm), NO_POSITION, NOW_NS)
    matcher.close()
    return bool(found)


def test_a_withdrawal_reaches_a_unit_with_the_next_delta(tmp_path: Path) -> None:
    """Not with a whole list; the last entry, too: an empty list is one."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    entries = [voi(f"AB{n}CDE") for n in range(10, 60)]
    centre.publisher.publish_kept({"kept": entries}, NOW_NS)
    centre.client(store).update()
    assert _listed(store, "AB10CDE")
    for left in (entries[1:], []):
        centre.publisher.publish_kept({"kept": left}, NOW_NS)
        centre.fetcher.asked.clear()
        centre.client(store).update()
        assert not _listed(store, "AB10CDE")
        assert _listed(store, "AB11CDE") is bool(left)
        assert any("-" in path and ".ndjson.zst" in path for path in centre.fetcher.asked)
        if left:
            assert not any("0-2." in path for path in centre.fetcher.asked)


def test_a_list_without_news_is_published_twice_a_day(tmp_path: Path) -> None:
    """Every few minutes the command runs; a unit's list is no revision older for it."""
    publisher = Centre(tmp_path).publisher
    lists = {"kept": [voi("AB12CDE")]}
    assert publisher.publish_kept(lists, NOW_NS)["kept"].revision == 1
    assert publisher.publish_kept(lists, NOW_NS + 1) == {}
    assert publisher.publish_kept(lists, NOW_NS + _HALF_DAY_NS)["kept"].revision == 2


def test_a_list_comes_from_a_file_or_is_kept_here(tmp_path: Path) -> None:
    """Never both: either would drop the other's entries."""
    centre = Centre(tmp_path)
    centre.publish([voi("AB12CDE")], "stolen")
    centre.publisher.publish_kept({"kept": [voi("AB12CDE")]}, NOW_NS)
    with pytest.raises(ImportRefused, match="published from a file"):
        centre.publisher.publish_kept({"stolen": []}, NOW_NS)
    with pytest.raises(ImportRefused, match="kept at the centre"):
        centre.publish([voi("AB12CDE")], "kept")


def test_the_command_publishes_what_is_in_force(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the centre's folder to a signed repository; what waits is left out."""
    system = SystemClock()
    today = system.stamp(system.mono_ns()).utc.date()
    folder = CentreFolder(tmp_path / "centre")
    set_up(folder, ("localhost",), opening_keys(None, folder), system)
    store = open_store_of(folder)
    lists = KeptLists(store, system)
    end = today + timedelta(days=9)
    lists.add(ONE, "stolen", [replace(MILD, weed_date=end)], WORDS)
    lists.add(ONE, "stolen", [replace(STOP, weed_date=end)], WORDS)
    store.close()
    served, keys = tmp_path / "served", [str(tmp_path / f"root-{n}.pem") for n in "ab"]
    for key in keys:
        assert main(["centre", "hotlist", "key", key]) == 0
    given = [word for key in keys for word in ("--root-key", key)]
    where = ["--repository", str(served)]
    assert main(["centre", "hotlist", "stage-root", *where, *given]) == 0
    for key in keys:
        assert main(["centre", "hotlist", "sign-root", *where, "--root-key", key]) == 0
    line = ["centre", "hotlist", "publish-kept", "--dir", str(folder.root), *where]
    assert main(line) == 0
    assert "stolen: revision 1, 1 changes" in capfd.readouterr().out
    assert main(line) == 0
    assert "1 lists, 0 with news" in capfd.readouterr().out
