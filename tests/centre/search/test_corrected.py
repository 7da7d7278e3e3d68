"""In every search a read counts as the mark that somebody corrected it to, on both stores."""

import json
import uuid
from collections.abc import Sequence

import pytest

from outrider.centre.access.people import Role
from outrider.centre.access.scope import Action
from outrider.centre.search.answers import CloneSuspect, ShownHit
from outrider.centre.store.filed import Camera, FiledHit, FiledRead
from outrider.centre.store.places import Circle
from outrider.centre.store.questions import Associate, CrossedMark
from tests.centre.access.makers import NOW_US
from tests.centre.search.conftest import Desk, days
from tests.centre.store.sightings import HOUR_US, sighting

TRUE, WRONG, OTHER = "AB12CDE", "ZZ99ZZZ", "LL65LLL"
HERE = Circle(515_000_000, -1_200_000, 500)
THERE = Circle(520_000_000, -1_200_000, 500)


def _correct(desk: Desk, mark: str, *reads: FiledRead) -> None:
    scope = desk.scope(action=Action.CORRECT)
    for read in reads:
        desk.search.correct(scope, uuid.UUID(bytes=read.read_id), mark)


def _together(wrong: Sequence[int] = ()) -> list[FiledRead]:
    """Return two marks behind one another at three cameras; the reads of these numbers misread."""
    rows: list[FiledRead] = []
    for n in range(3):
        camera, at_us = Camera(f"u-{n}", "c", True), NOW_US - (3 - n) * HOUR_US
        for mark, later in ((TRUE, 0), (OTHER, 9_000_000)):
            number = len(rows)
            read_as = WRONG if number in wrong else mark
            rows.append(sighting(number, at_us + later, mark=read_as, camera=camera))
    return rows


def _met(desk: Desk, mark: str) -> list[tuple[str, int]]:
    found = desk.search.associates(desk.scope(), mark, days(1)).rows
    return [(one.other, one.times) for one in found if isinstance(one, Associate)]


@pytest.mark.parametrize("wrong", [2, 3], ids=["the mark asked for", "the other"])
def test_who_was_with_whom_counts_as_corrected(desk: Desk, wrong: int) -> None:
    """One of six reads was misread: corrected, the convoy is whole; the mark read met nobody."""
    rows = _together([wrong])
    desk.store.file(rows)
    assert _met(desk, TRUE) == []
    _correct(desk, TRUE if wrong == 2 else OTHER, rows[wrong])
    assert _met(desk, TRUE) == [(OTHER, 3)]
    assert _met(desk, OTHER) == [(TRUE, 3)]
    pairs = desk.search.convoys(desk.scope(), days(1)).rows
    assert [(p.mark, p.other, p.times) for p in pairs if isinstance(p, Associate)] == [
        (TRUE, OTHER, 3)
    ]


def test_a_read_corrected_away_was_with_nobody(desk: Desk) -> None:
    """Corrected to another mark it counts no longer as the one that was read."""
    rows = _together()
    desk.store.file(rows)
    assert _met(desk, TRUE) == [(OTHER, 3)]
    _correct(desk, WRONG, rows[0])
    assert _met(desk, TRUE) == []
    _correct(desk, TRUE, rows[0])  # taken back
    assert _met(desk, TRUE) == [(OTHER, 3)]


@pytest.mark.parametrize("mark", ["", TRUE])
def test_no_clone_is_suspected_of_what_was_corrected(desk: Desk, mark: str) -> None:
    """A misread explains it; and two reads of one mark are found though one was misread."""
    far = sighting(2, NOW_US - HOUR_US + 300_000_000, latitude_e7=520_000_000)
    other = sighting(3, NOW_US - HOUR_US + 300_000_000, mark=WRONG, latitude_e7=533_000_000)
    desk.store.file([sighting(1, NOW_US - HOUR_US), far, other])

    def suspects() -> list[float]:
        found = desk.search.clone_suspects(desk.scope(), days(7), mark=mark).rows
        return [one.distance_km for one in found if isinstance(one, CloneSuspect)]

    assert suspects() == [55.6]
    _correct(desk, OTHER, far)
    assert suspects() == []
    _correct(desk, TRUE, other)
    assert suspects() == [200.2]


def test_scenes_are_crossed_by_the_corrected_mark(desk: Desk) -> None:
    """Misread at one of the scenes, it was at both."""
    rows = [
        sighting(1, NOW_US - HOUR_US),
        sighting(2, NOW_US - 30 * HOUR_US, mark=WRONG, latitude_e7=520_000_000),
    ]
    desk.store.file(rows)
    scenes = [(HERE, days(0.1)), (THERE, days(2, 0.5))]
    assert desk.search.crossed(desk.scope(), scenes).rows == ()
    _correct(desk, TRUE, rows[1])
    assert desk.search.crossed(desk.scope(), scenes).rows == (CrossedMark(TRUE, (1, 2)),)


def test_every_search_that_names_a_mark_finds_what_was_corrected_to_it(desk: Desk) -> None:
    """First and last, a part of it, in a place, looked back, handed on, and hits; told as such."""
    rows = [sighting(1, NOW_US - 9 * HOUR_US, mark=WRONG), sighting(2, NOW_US - HOUR_US)]
    hit = FiledHit(7, uuid.uuid4().bytes, rows[0], WRONG, "stolen", "stop", "exact", False)
    desk.store.file([*rows, hit])
    _correct(desk, TRUE, rows[0])
    search, scope = desk.search, desk.scope()
    ends = search.ends(scope, TRUE, days(1))
    assert ends.first is not None
    assert (ends.total, ends.first.mark, ends.first.corrected_to) == (2, WRONG, TRUE)
    for answer in (
        search.mark(scope, TRUE, days(1)),
        search.partial(scope, "AB12C*", days(1)),
        search.area(scope, HERE, days(1), marks=[TRUE]),
        search.look_back(scope, "AB12CD?", days(1)),
    ):
        assert [(read.mark, read.corrected_to) for read in answer.reads] == [
            (TRUE, None), (WRONG, TRUE),
        ]  # fmt: skip
        assert answer.total == 2
    (found,) = search.hits(scope, days(1), mark=TRUE).rows
    assert isinstance(found, ShownHit)
    assert (found.mark, found.corrected_to) == (WRONG, TRUE)
    lines: list[bytes] = []
    export = desk.scope(Role.INVESTIGATOR, action=Action.EXPORT)
    search.hand_on(export, days(1), "CPS", lines.append, mark=TRUE)
    assert [json.loads(line)["corrected_to"] for line in lines[1:]] == [TRUE, None]


def test_what_was_read_is_still_found(desk: Desk) -> None:
    """Whoever corrects a read hides it from nobody who asks for the mark that was read."""
    row = sighting(1, NOW_US - HOUR_US)
    desk.store.file([row])
    _correct(desk, WRONG, row)
    for answer in (
        desk.search.mark(desk.scope(), TRUE, days(1)),
        desk.search.partial(desk.scope(), "AB12*", days(1)),
    ):
        assert [(read.mark, read.corrected_to) for read in answer.reads] == [(TRUE, WRONG)]


def test_a_correction_outside_the_scope_changes_no_answer(desk: Desk) -> None:
    """A control room sees its own force's reads: another's, corrected to a mark, adds nothing."""
    foreign = sighting(
        1, NOW_US - HOUR_US, mark=WRONG, camera=Camera("u-e", "c", False, "eastshire")
    )
    desk.store.file([foreign])
    _correct(desk, TRUE, foreign)
    scope = desk.scope(Role.CONTROL_ROOM)
    assert desk.search.mark(scope, TRUE, days(0.9)).total == 0
    assert desk.search.ends(scope, TRUE, days(0.9)).total == 0
    assert desk.search.clone_suspects(desk.scope(), days(1)).rows == ()
