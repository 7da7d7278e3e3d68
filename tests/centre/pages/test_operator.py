"""What the operator sees of units and centre: places, lists, clocks, certificates; what to do."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from outrider.centre.authority.overview import UnitLine, overview
from outrider.centre.folder import HotlistSettings
from outrider.centre.governance.lists_held import Held, ListsHeld
from outrider.centre.governance.whereabouts import last_places
from outrider.centre.hotlists.repository import HotlistRepository, RepositoryFault
from outrider.centre.pages.centre_state import CentreState, centre_state
from outrider.centre.pages.unit_state import Facts, ShownUnit, shown_unit
from outrider.clock import RecordedClock
from outrider.records import VehicleOfInterest
from outrider.wire.hotlist_package import IndexedList
from tests.centre.pages.conftest import NOW_NS, Centre
from tests.unit.hotlist.centre import Centre as ListCentre

HOUR_NS = 3600 * 10**9


@pytest.fixture
def lists(tmp_path: Path) -> ListCentre:
    """A repository in which the demo's list is at its second revision, two days old."""
    made = ListCentre(tmp_path)
    for mark in ("RS21TLN", "RS21TLM"):
        made.publish([VehicleOfInterest(mark, "stolen")], published_ns=NOW_NS - 48 * HOUR_NS)
    return made


def _state(centre: Centre, repository: Path | None, days: float = 0) -> CentreState:
    settings = centre.site.settings.model_copy(
        update={"hotlists": HotlistSettings(repository=repository)}
    )
    clock = RecordedClock(NOW_NS + round(days * 24 * HOUR_NS))
    desks = replace(centre.site.desks, clock=clock)
    return centre_state(replace(centre.site, settings=settings, desks=desks))


def _tags(state: CentreState | ShownUnit) -> dict[str, bool]:
    return {trouble.tag: trouble.red for trouble in state.troubles}


def test_units_that_move_are_told_as_a_square_and_fixed_ones_exactly(centre: Centre) -> None:
    """What moves does not leave the store more closely than a tenth of a degree."""
    places = last_places(centre.site.desks.store, centre.site.now)
    assert len(places) == 12
    for unit, place in places.items():
        in_middle = (
            round(place.latitude_deg * 100) % 10 == 5 and place.latitude_deg * 100 % 1 < 1e-6
        )
        assert place.coarse == ("-car-" in unit) == in_middle, unit


def test_the_map_of_units_says_what_its_table_says(centre: Centre) -> None:
    """Each unit has its number on the map, and in the table its place and when."""
    browser = centre.sign_in("adm-1")
    browser.get("/units")
    drawn = browser.html.split("<svg", 1)[1].split("</svg>")[0]
    assert drawn.count("<rect") == len(set(re.findall(r"<rect[^>]*>", drawn))) > 0
    assert "<circle" in drawn
    rows = browser.html.split("</svg>", 1)[1].split("<tbody", 1)[1].split("<tr")[1:]
    for row in rows:
        place = "about " in row if "-car-" in row else re.search(r"\d\.\d{5}, ", row)
        assert place, row
        assert "stolen 1" in row


def test_what_a_unit_has_is_what_its_newest_read_says(centre: Centre) -> None:
    """Remembered until the journal grows; a unit without a read is not known."""
    line = next(one for one in overview(centre.site.desks.store) if one.journals)
    held = ListsHeld(centre.site.desks.store)
    first = held.of(line.journals)
    assert first is not None
    assert first.lists == (("stolen", "1"),)
    assert held.of(line.journals) is first
    assert held.of(()) is None


def test_a_centre_counts_who_has_which_list_and_how_old_it_is(
    centre: Centre, lists: ListCentre
) -> None:
    """Units with the revision, with an older one, and those of which nothing is known."""
    state = _state(centre, lists.folder / "served")
    assert _tags(state)["old list"] is False
    assert _tags(_state(centre, lists.folder / "served", 2))["old list"] is True
    line = _line(centre)
    held = [Held(centre.site.now, (("stolen", revision),)) for revision in "21"]
    units = [_unit(centre, line, one, state) for one in (*held, None)]
    (told,) = state.lists(units)
    assert (told.name, told.revision, told.have, told.older, told.without) == ("stolen", 2, 1, 1, 1)


def test_a_signature_that_is_over_is_told_with_what_to_do(
    centre: Centre, lists: ListCentre
) -> None:
    """Units would warn their crews; `hotlist renew` mends it."""
    assert "signature" not in _tags(_state(centre, lists.folder / "served"))
    over = _state(centre, lists.folder / "served", 30)
    assert _tags(over)["signature"] is True
    assert "renew" in next(t.do for t in over.troubles if t.tag == "signature")


def test_lists_that_cannot_be_read_are_told_and_end_no_page(centre: Centre, tmp_path: Path) -> None:
    """A folder that is none of a repository, or whose index is gone."""
    state = _state(centre, tmp_path / "nothing")
    assert state.offered is None
    assert _tags(state)["lists"] is True
    with pytest.raises(RepositoryFault, match="cannot be read"):
        HotlistRepository(tmp_path, RecordedClock(NOW_NS)).offered()


def _line(centre: Centre) -> UnitLine:
    return next(
        one for one in overview(centre.site.desks.store) if one.unit_id == "northshire-car-1"
    )


def _unit(centre: Centre, line: UnitLine, held: Held | None, state: CentreState) -> ShownUnit:
    offered = {one.name: one for one in state.offered.lists} if state.offered else {}
    return shown_unit(line, Facts(held=held), offered, centre.site.now)


@pytest.mark.parametrize(
    ("hours", "red"), [(1, None), (25, False), (73, True)], ids=["new", "old", "very old"]
)
def test_a_unit_that_reads_with_an_old_list_is_told(
    centre: Centre, hours: float, red: bool | None
) -> None:
    """By what it noted on a read that is later than the newer list by a day, or by three."""
    out = NOW_NS - 100 * HOUR_NS
    offered = {"stolen": IndexedList("stolen", 7, out, ())}
    held = Held(centre.site.now - timedelta(hours=100 - hours), (("stolen", "6"), ("own", "2")))
    shown = shown_unit(_line(centre), Facts(held=held), offered, centre.site.now)
    assert _tags(shown).get("old list") == red
    assert shown.lists == ("stolen 6 (now 7)", "own 2")


def test_a_clock_that_rests_on_nothing_is_told(centre: Centre) -> None:
    """Though it was right when it was last compared."""
    line = _line(centre)
    loose = [replace(one, last_clock_quality="free-running") for one in line.journals]
    shown = shown_unit(replace(line, journals=tuple(loose)), Facts(), {}, centre.site.now)
    assert "no GPS" in next(one.words for one in shown.troubles if one.tag == "clock")


def test_what_is_not_known_of_a_unit_is_said_so(centre: Centre) -> None:
    """Nothing is shown as well because nobody looked."""
    browser = centre.sign_in("adm-1")
    shown = browser.get("/units/northshire-car-2")
    assert "Its disk not known here" in shown
    assert _state(centre, None).offered is None


def test_the_demos_lists_are_published_and_its_units_have_them(centre: Centre) -> None:
    """Signed as units would fetch them: whoever tries the centre sees who has which."""
    shown = centre.sign_in("adm-1").get("/units")
    assert re.search(r"stolen 1 21 Nov 2026 12:00 GMT, \d+ (?:seconds|hours) ago 12 0 0", shown)
