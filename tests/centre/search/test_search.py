"""What searches answer, and what they refuse, on both stores."""

import uuid
from dataclasses import replace
from datetime import datetime

import pytest

from outrider.centre.access.people import Role
from outrider.centre.access.purpose import PurposeCode
from outrider.centre.access.scope import Action, Scope
from outrider.centre.access.why_not import Denied
from outrider.centre.search import corrected, reads
from outrider.centre.search.answers import CloneSuspect, ShownHit
from outrider.centre.search.asking import AskedWrongly, Span, TooMany
from outrider.centre.search.core import SearchFault
from outrider.centre.search.record import Stage
from outrider.centre.store.filed import Camera, FiledAnswer, FiledHit
from outrider.centre.store.places import Circle
from outrider.centre.store.questions import Associate, CrossedMark
from outrider.centre.store.records import StoreError
from outrider.centre.store.search_ports import Cancel, Cancelled
from tests.centre.access.makers import DAY_US, NOW, NOW_US, authorisation, person
from tests.centre.search.conftest import Desk, days
from tests.centre.store.sightings import sighting

HOUR_US = DAY_US // 24
HERE = Circle(515_000_000, -1_200_000, 500)
THERE = Circle(520_000_000, -1_200_000, 500)


@pytest.fixture
def reads_here(desk: Desk) -> Desk:
    """A mark an hour, a day, 89 and 91 days ago; others beside it."""
    desk.store.file(
        [
            sighting(1, NOW_US - HOUR_US),
            sighting(2, NOW_US - DAY_US, latitude_e7=520_000_000),
            sighting(3, NOW_US - 89 * DAY_US),
            sighting(4, NOW_US - 91 * DAY_US),
            sighting(5, NOW_US - HOUR_US + 1, mark="AB12CDF"),
            sighting(6, NOW_US - 2 * HOUR_US, mark="K7OXO", camera=Camera("u-2", "c", True)),
        ]
    )
    return desk


def test_a_mark_is_found_within_the_scope(reads_here: Desk) -> None:
    """90 days without more, newest first, as a page with its total."""
    answer = reads_here.search.mark(reads_here.scope(), "ab12 cde", days(90))
    assert [read.mark for read in answer.reads] == ["AB12CDE"] * 3
    assert answer.total == 3
    assert answer.reads[0].latitude_deg == 51.5
    assert answer.reads[0].unit_id == "unit-1"


def test_whoever_corrects_many_reads_hides_none(
    reads_here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of too many corrections to a mark none is left out without a word; those of then count."""
    monkeypatch.setattr(corrected, "MOST_FIXES", 1)
    search, scope = reads_here.search, reads_here.scope(action=Action.CORRECT)
    for key, at_us in ((2, NOW_US - DAY_US), (1, NOW_US - HOUR_US)):
        search.correct(scope, uuid.UUID(bytes=sighting(key, at_us).read_id), "ZZ99ZZZ")
    found = search.mark(reads_here.scope(), "ZZ99ZZZ", days(2, 0.5))
    assert [read.corrected_to for read in found.reads] == ["ZZ99ZZZ"]
    with pytest.raises(TooMany, match="for less time"):
        search.mark(reads_here.scope(), "ZZ99ZZZ", days(2))


def test_a_search_that_reaches_past_the_scope_is_denied_not_cut(reads_here: Desk) -> None:
    """91 days are refused, with what to do; the denial is in the trail."""
    scope = reads_here.scope()
    with pytest.raises(Denied, match="begins at"):
        reads_here.search.mark(scope, "AB12CDE", days(91))
    assert [asked.stage for asked in reads_here.trail()] == [Stage.DENIED]


def test_an_authorisation_shows_its_marks_and_no_other(reads_here: Desk) -> None:
    """Under it the old read is seen; another mark, or no mark, is denied."""
    scope = reads_here.scope(authorisation=authorisation())
    assert reads_here.search.mark(scope, "AB12CDE", days(300)).total == 4
    with pytest.raises(Denied, match="other marks"):
        reads_here.search.mark(scope, "AB12CDF", days(300))
    with pytest.raises(Denied, match="other marks"):
        reads_here.search.area(scope, HERE, days(300))


def test_folded_and_exact_differ_by_o_and_0(reads_here: Desk) -> None:
    """K70X0 finds K7OXO by its drawing; exactly, it does not."""
    scope = reads_here.scope()
    assert reads_here.search.mark(scope, "K70X0", days(1)).total == 1
    assert reads_here.search.mark(scope, "K70X0", days(1), exact=True).total == 0
    assert reads_here.search.mark(scope, "K7OXO", days(1), exact=True).total == 1


@pytest.mark.parametrize(
    ("pattern", "marks"),
    [
        ("AB12CD?", {"AB12CDE", "AB12CDF"}),
        ("*12C*", {"AB12CDE", "AB12CDF"}),
        ("?7O*", {"K7OXO"}),
        ("*XF?", set()),
        ("A?1?*E", {"AB12CDE"}),
    ],
)
def test_parts_of_marks(reads_here: Desk, pattern: str, marks: set[str]) -> None:
    """`?` is one character, `*` any number."""
    answer = reads_here.search.partial(reads_here.scope(), pattern, days(90))
    assert {read.mark for read in answer.reads} == marks


def test_area_and_camera(reads_here: Desk) -> None:
    """Who was there and then; and what one unit read."""
    scope = reads_here.scope()
    assert reads_here.search.area(scope, HERE, days(1)).total == 3
    assert reads_here.search.area(scope, HERE, days(1), marks=["AB12CDF"]).total == 1
    assert reads_here.search.camera(scope, "u-2", days(1)).total == 1
    assert reads_here.search.camera(scope, "u-3", days(1)).total == 0


def test_a_route_is_the_oldest_first_and_pages_join(reads_here: Desk) -> None:
    """Page by page the whole route."""
    scope, found, page = reads_here.scope(), [], ""
    while True:
        answer = reads_here.search.route(scope, "AB12CDE", days(90), page=page, size=2)
        found += [read.at for read in answer.reads]
        page = answer.next_page
        if not page:
            break
    assert found == sorted(found)
    assert len(found) == 3


def test_first_and_last(reads_here: Desk) -> None:
    """The ends of what the scope shows."""
    ends = reads_here.search.ends(reads_here.scope(), "AB12CDE", days(90))
    assert ends.first is not None
    assert ends.last is not None
    assert (ends.last.at - ends.first.at).days == 88


def test_scenes_crossed(reads_here: Desk) -> None:
    """The mark that was at both scenes."""
    scenes = [(HERE, days(0.1)), (THERE, days(2, 0.5))]
    found = reads_here.search.crossed(reads_here.scope(), scenes)
    assert found.rows == (CrossedMark("AB12CDE", (1, 2)),)


def test_associates_and_convoys(desk: Desk) -> None:
    """Who was behind, three times on three cameras."""
    rows = []
    for n in range(3):
        camera = Camera(f"u-{n}", "c", True)
        at = NOW_US - (3 - n) * HOUR_US
        rows.append(sighting(2 * n, at, camera=camera))
        rows.append(sighting(2 * n + 1, at + 9_000_000, mark="LL65LLL", camera=camera))
    desk.store.file(rows)
    found = desk.search.associates(desk.scope(), "AB12CDE", days(1))
    assert [(m.other, m.times, m.cameras) for m in found.rows if isinstance(m, Associate)] == [
        ("LL65LLL", 3, 3)
    ]
    assert len(desk.search.convoys(desk.scope(), days(1)).rows) == 1
    assert desk.search.associates(desk.scope(), "AB12CDE", days(1), least=4).rows == ()


def test_clones_are_suspected_with_their_doubt(reads_here: Desk) -> None:
    """55 km in a day is none; 55 km in five minutes is."""
    scope = reads_here.scope()
    assert reads_here.search.clone_suspects(scope, days(7)).rows == ()
    later = NOW_US - HOUR_US + 300_000_000
    reads_here.store.file([sighting(50, later, latitude_e7=520_000_000)])
    (found,) = reads_here.search.clone_suspects(scope, days(7)).rows
    assert isinstance(found, CloneSuspect)
    assert (found.mark, found.distance_km, found.minutes) == ("AB12CDE", 55.6, 5.0)
    assert "misread" in found.doubt


def _hit(desk: Desk) -> uuid.UUID:
    hit_id = uuid.uuid4()
    read = sighting(1, NOW_US - HOUR_US)
    hit = FiledHit(7, hit_id.bytes, read, "AB12CDE", "stolen", "stop", "exact", False)
    answer = FiledAnswer(8, hit_id.bytes, NOW_US - HOUR_US + 9, "misread", "AB12CDF")
    desk.store.file([read, hit, answer])
    return hit_id


def test_hits_by_list_response_and_outcome(desk: Desk) -> None:
    """A hit with its answer; the original mark stands beside the correction."""
    hit_id = _hit(desk)
    scope = desk.scope()
    (found,) = desk.search.hits(scope, days(1), list_name="stolen", answer="misread").rows
    assert isinstance(found, ShownHit)
    assert (found.hit_id, found.mark, found.note) == (hit_id, "AB12CDE", "AB12CDF")
    assert desk.search.hits(scope, days(1), response="observe").rows == ()
    assert desk.search.hits(scope, days(1), answer="none").rows == ()
    with pytest.raises(Denied, match="hits"):
        desk.search.hits(desk.scope(Role.SENIOR_OFFICER), days(1))


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_ends_a_calendar_is_refused_in_words(at: str) -> None:
    """In another zone it is no date at all."""
    with pytest.raises(AskedWrongly, match="of the years"):
        Span(*sorted((datetime.fromisoformat(at), NOW)))


def test_one_hit_is_found_by_its_name_and_within_the_scope_alone(desk: Desk) -> None:
    """Whatever its age and however many there are; a control room of another force has none."""
    hit_id = _hit(desk)
    found = desk.search.hit(desk.scope(), hit_id)
    assert (found.hit.hit_id, found.hit.answer, found.times) == (hit_id, "misread", 1)
    assert desk.search.hit(desk.scope(Role.CONTROL_ROOM), hit_id).times == 1
    assert [(one.facts, one.stage.value) for one in desk.trail()[-2:]] == [
        ({"kind": "hit", "hit": str(hit_id)}, stage) for stage in ("asked", "answered")
    ]
    other = person(Role.CONTROL_ROOM, force="eastshire")
    with pytest.raises(AskedWrongly, match="lies in your scope"):
        desk.search.hit(desk.scope(person=other), hit_id)
    with pytest.raises(AskedWrongly, match="lies in your scope"):
        desk.search.hit(desk.scope(), uuid.uuid4())
    with pytest.raises(Denied, match="hits"):
        desk.search.hit(desk.scope(Role.SENIOR_OFFICER), hit_id)


def test_hits_of_silent_entries_are_told_to_intelligence_alone(desk: Desk) -> None:
    """To nobody else: not in a list, not by name, not in how often a vehicle was met."""
    hit_ids = [uuid.uuid4() for _ in range(2)]
    seen = [sighting(n, NOW_US - HOUR_US - n) for n in range(2)]
    hits = [
        FiledHit(9 + n, one.bytes, seen[n], "AB12CDE", "x", response, "exact", False)
        for n, (one, response) in enumerate(zip(hit_ids, ("silent", "assess"), strict=True))
    ]
    desk.store.file([*seen, *hits])
    for role in (Role.ANALYST, Role.INVESTIGATOR, Role.CONTROL_ROOM, Role.SUPERVISOR):
        scope = desk.scope(role)
        assert [one.hit_id for one in _shown(desk, scope)] == hit_ids[1:], role
        assert desk.search.hits(scope, days(0.9), response="silent").rows == ()
        with pytest.raises(AskedWrongly, match="lies in your scope"):
            desk.search.hit(scope, hit_ids[0])
        assert desk.search.hit(scope, hit_ids[1]).times == 1
        fresh = desk.search.fresh_hits(scope, days(0.9), (), 10)
        assert [one.hit_id for one in fresh] == hit_ids[1:], role
        assert desk.search.fresh_hits(scope, days(0.9), hit_ids[1:], 10) == ()
    told = desk.scope(Role.INTELLIGENCE)
    assert {one.hit_id for one in _shown(desk, told)} == set(hit_ids)
    assert desk.search.hit(told, hit_ids[0]).times == 2
    assert len(desk.search.fresh_hits(told, days(0.9), (), 10)) == 2


def _shown(desk: Desk, scope: Scope) -> list[ShownHit]:
    rows = desk.search.hits(scope, days(0.9)).rows
    return [row for row in rows if isinstance(row, ShownHit)]


def test_a_new_list_entry_is_looked_back(reads_here: Desk) -> None:
    """By a whole mark and by one with a wildcard."""
    scope = reads_here.scope()
    assert reads_here.search.look_back(scope, "AB12CDE", days(90)).total == 3
    assert reads_here.search.look_back(scope, "AB12CD*", days(90)).total == 4


def test_not_seen_is_never_bare(reads_here: Desk) -> None:
    """An empty answer says who was silent, what is old, and what looks alike."""
    scope = reads_here.scope()
    answer = reads_here.search.mark(scope, "AB12CDB", days(0.02))
    assert answer.total == 0
    assert answer.blind.silent_in_all >= 1
    assert {silent.why for silent in answer.blind.silent} == {"not uploaded"}
    assert answer.blind.words.startswith("Not seen: ")
    assert answer.blind.newest_upload_at is None
    assert "no unit has uploaded" in answer.blind.words


def test_a_marks_own_look_alikes_are_counted(desk: Desk) -> None:
    """One read of a mark beside a hundred of its look-alike is likely a misread; and says so."""
    rows = [sighting(n, NOW_US - HOUR_US - n, mark="AB12CDE") for n in range(100)]
    desk.store.file([*rows, sighting(500, NOW_US - HOUR_US, mark="AB12CDF")])
    _hit(desk)
    answer = desk.search.mark(desk.scope(), "AB12CDF", days(1))
    assert [one.mark for one in answer.blind.look_alikes] == ["AB12CDE"]
    assert answer.blind.likely_misread == 1.0
    assert answer.blind.misreads[0].wrong == 1
    answer = desk.search.mark(desk.scope(), "AB12CDE", days(1))
    assert answer.blind.likely_misread is not None
    assert answer.blind.likely_misread < 0.05


@pytest.mark.parametrize(
    ("role", "code", "action", "precision"),
    [
        (Role.ANALYST, PurposeCode.SERIOUS, Action.SEARCH, "exact"),
        (Role.SENIOR_OFFICER, PurposeCode.SERIOUS, Action.SEARCH, "coarse"),
        (Role.INVESTIGATOR, PurposeCode.SERIOUS, Action.EXPORT, "coarse"),
        (Role.SUPERVISOR, PurposeCode.ASSURANCE, Action.SEARCH, "none"),
    ],
)
def test_positions_are_told_as_closely_as_the_scope_says(
    reads_here: Desk, role: Role, code: PurposeCode, action: Action, precision: str
) -> None:
    """Exact, the middle of a coarse square, or none."""
    scope = reads_here.scope(role, code=code, action=action)
    read = reads_here.search.mark(scope, "AB12CDE", days(1)).reads[0]
    assert read.position_precision == precision
    expected = {"exact": 51.5, "coarse": 51.55, "none": None}[precision]
    assert read.latitude_deg == expected
    assert (read.position_error_m is None) or precision == "exact"


def test_small_circles_do_not_find_where_a_coarse_read_was(reads_here: Desk) -> None:
    """Whoever is told coarse positions cannot narrow one down by asking for small places."""
    scope = reads_here.scope(Role.SENIOR_OFFICER)
    assert reads_here.search.area(scope, HERE, days(1)).total == 0
    middle = Circle(515_500_000, -1_500_000, 100)
    assert reads_here.search.area(scope, middle, days(1)).total == 3


def test_a_scope_without_positions_searches_no_place(reads_here: Desk) -> None:
    """Denied, and written down."""
    scope = reads_here.scope(Role.SUPERVISOR, code=PurposeCode.ASSURANCE)
    with pytest.raises(Denied, match="positions"):
        reads_here.search.area(scope, HERE, days(1))
    with pytest.raises(Denied, match="positions"):
        reads_here.search.clone_suspects(scope, days(1))
    assert [asked.stage for asked in reads_here.trail()] == [Stage.DENIED] * 2


def test_units_are_told_to_those_who_may_know(reads_here: Desk) -> None:
    """A senior officer sees no unit, and cannot search by one."""
    scope = reads_here.scope(Role.SENIOR_OFFICER)
    answer = reads_here.search.mark(scope, "AB12CDE", days(1))
    assert {read.unit_id for read in answer.reads} == {None}
    assert {silent.unit_id for silent in answer.blind.silent} <= {None}
    with pytest.raises(Denied, match="units"):
        reads_here.search.camera(scope, "unit-1", days(1))


def test_too_many_reads_ask_for_less(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted before they are fetched."""
    desk.store.file([sighting(n, NOW_US - HOUR_US - n) for n in range(30)])
    monkeypatch.setattr(reads, "MOST_READS", 29)
    with pytest.raises(TooMany, match="shorter time"):
        desk.search.mark(desk.scope(), "AB12CDE", days(1))
    assert desk.trail()[-1].stage is Stage.FAILED


def test_the_intent_stands_before_and_the_outcome_after(reads_here: Desk) -> None:
    """Who, why, on what case and what was searched; then how many, of whom, and which."""
    scope = reads_here.scope()
    answer = reads_here.search.mark(scope, "AB12CDE", days(1))
    asked, answered = reads_here.trail()
    assert (asked.stage, answered.stage) == (Stage.ASKED, Stage.ANSWERED)
    assert asked.decision_id == answered.decision_id == str(scope.decision_id)
    assert (asked.person, asked.case, asked.purpose) == ("dc-1234", "CR/45/26", "serious")
    assert asked.facts["marks"] == ["AB12CDE"]
    assert answered.outcome["total"] == answer.total == 2
    assert answered.outcome["forces"] == {"northshire": 2}
    assert set(answered.outcome["ids"]) == {str(read.read_id) for read in answer.reads}


def test_nothing_is_asked_that_cannot_be_written_down(
    reads_here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No trail, no answer."""
    scope = reads_here.scope()

    def full(events: object) -> None:
        raise StoreError("disk full")

    def never(*args: object) -> None:
        raise AssertionError("asked though it was not written down")

    monkeypatch.setattr(reads_here.store, "append_audit", full)
    monkeypatch.setattr(reads_here.store, "searching", never)
    with pytest.raises(StoreError):
        reads_here.search.mark(scope, "AB12CDE", days(1))


def test_a_fault_of_the_store_tells_of_no_row(
    reads_here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the database says stays inside."""

    def broken(*args: object) -> None:
        raise StoreError("row (AB12CDE, 51.5) is damaged")

    monkeypatch.setattr(reads_here.store, "searching", broken)
    with pytest.raises(SearchFault) as caught:
        reads_here.search.mark(reads_here.scope(), "AB12CDE", days(1))
    assert "AB12CDE" not in str(caught.value)
    assert reads_here.trail()[-1].outcome == {"why": "the store could not answer"}


def test_whoever_goes_away_breaks_off_the_search(reads_here: Desk) -> None:
    """And that it was broken off is in the trail."""
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        reads_here.search.mark(reads_here.scope(), "AB12CDE", days(1), cancel=cancel)
    assert reads_here.trail()[-1].stage is Stage.FAILED


def test_one_read_is_found_in_the_scope_only(reads_here: Desk) -> None:
    """By its identifier; one that is too old is not there for whoever may not see it."""
    new, old = sighting(1, NOW_US - HOUR_US), sighting(4, NOW_US - 91 * DAY_US)
    scope = reads_here.scope()
    assert reads_here.search.one(scope, uuid.UUID(bytes=new.read_id)).mark == "AB12CDE"
    with pytest.raises(AskedWrongly, match="scope"):
        reads_here.search.one(scope, uuid.UUID(bytes=old.read_id))
    with pytest.raises(AskedWrongly, match="scope"):
        reads_here.search.one(scope, uuid.uuid4())


@pytest.mark.parametrize("token", ["1", "x.y", "1.2.3", "99999999999999999999.1", "1.99e9", "1.-"])
def test_a_page_that_nobody_gave_is_refused(desk: Desk, token: str) -> None:
    """A made-up page is said to be one."""
    with pytest.raises(AskedWrongly, match="next_page"):
        desk.search.mark(desk.scope(), "AB12CDE", days(1), page=token)


@pytest.mark.parametrize("pattern", ["*", "?", "A*", "A'B", "AB%", "AB_", "A" * 13, ""])
def test_a_part_that_says_too_little_or_is_none_is_refused(desk: Desk, pattern: str) -> None:
    """At least two known characters; `%` and `_` are no wildcards here."""
    with pytest.raises(AskedWrongly, match="part of a mark"):
        desk.search.partial(desk.scope(), pattern, days(1))


@pytest.mark.parametrize("pattern", ["AB1ıß*", "AB12ſ?"])
def test_a_part_of_other_letters_is_refused(reads_here: Desk, pattern: str) -> None:
    """In upper case they would be letters of a mark that nobody asked for."""
    with pytest.raises(AskedWrongly, match="part of a mark"):
        reads_here.search.partial(reads_here.scope(), pattern, days(1))


def test_where_no_mark_was_asked_for_no_chance_of_a_misread_is_told(reads_here: Desk) -> None:
    """0 % would be a promise that nobody has measured."""
    assert reads_here.search.area(reads_here.scope(), HERE, days(1)).blind.likely_misread is None
    assert reads_here.search.hits(reads_here.scope(), days(1)).blind.likely_misread is None
    told = reads_here.search.mark(reads_here.scope(), "K7OXO", days(1)).blind
    assert told.likely_misread is not None
    assert told.words.startswith("1 read: ")


def test_a_scope_of_nothing_finds_nothing(reads_here: Desk) -> None:
    """A scope whose bounds are empty shows no read, in no search."""
    scope = reads_here.scope()
    scope = replace(scope, bounds=replace(scope.bounds, forces=frozenset()))
    assert reads_here.search.mark(scope, "AB12CDE", days(1)).total == 0
    assert reads_here.search.area(scope, HERE, days(1)).total == 0
    assert reads_here.search.partial(scope, "AB*", days(1)).total == 0
    assert reads_here.search.convoys(scope, days(1)).rows == ()
