"""What a search sees: within its bounds on both databases, whatever it asks."""

import random
import threading
import uuid

import psycopg
import pytest

from outrider.centre.store import pattern_queries, queries
from outrider.centre.store.bounds import Bounds, Box, coarse_e7
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import from_us, to_us
from outrider.centre.store.filed import Camera, FiledAnswer, FiledHit, FiledRead
from outrider.centre.store.places import Circle, Polygon, metres_between
from outrider.centre.store.questions import After, HitQuestion, Order, Question
from outrider.centre.store.records import StoreError
from outrider.centre.store.search_ports import Cancel, Cancelled
from outrider.vrm import fold
from tests.centre.store.sightings import BASE_US, DAY_US, FORCES, HOUR_US, MARKS, sighting, some

ALL = Bounds(0, BASE_US, None, None, coarse=False)
EVER = Question(0, BASE_US)


@pytest.fixture
def rows() -> list[FiledRead]:
    return some(600)


@pytest.fixture
def filled(store: CentreStore, rows: list[FiledRead]) -> CentreStore:
    store.file(rows)
    return store


def seen(store: CentreStore, bounds: Bounds, question: Question = EVER) -> set[uuid.UUID]:
    with store.searching(bounds) as session:
        return {s.read_id for s in queries.sightings(session, bounds, question, 10_000, None)}


def inside(row: FiledRead, bounds: Bounds) -> bool:
    box, la, lo = bounds.area, row.latitude_e7, row.longitude_e7
    return (
        bounds.not_before_us <= row.at_us <= bounds.not_after_us
        and (bounds.forces is None or row.camera.force in bounds.forces)
        and (bounds.marks is None or fold(row.mark) in bounds.marks)
        and (
            box is None
            or (
                (la is not None and lo is not None)
                and box.south <= la <= box.north
                and box.west <= lo <= box.east
            )
        )
    )


def some_bounds(rng: random.Random) -> Bounds:
    first = BASE_US - rng.randrange(400 * DAY_US)
    forces = frozenset(rng.sample(FORCES, rng.randrange(3)))
    marks = frozenset(fold(mark) for mark in rng.sample(MARKS, rng.randrange(4)))
    area = Box.of_degrees(51.35, -0.2, 51.35 + rng.random() * 0.3, 0.1)
    return Bounds(
        first,
        first + rng.randrange(300 * DAY_US),
        forces if rng.random() < 0.5 else None,
        marks if rng.random() < 0.5 else None,
        area if rng.random() < 0.3 else None,
        coarse=rng.random() < 0.3,
    )


def test_a_search_sees_what_its_bounds_hold_and_no_more(
    filled: CentreStore, rows: list[FiledRead]
) -> None:
    """Over random bounds, the rows found are those that lie inside."""
    rng = random.Random(7)
    for _ in range(40):
        bounds = some_bounds(rng)
        expected = {uuid.UUID(bytes=row.read_id) for row in rows if inside(row, bounds)}
        assert seen(filled, bounds) == expected


def test_the_database_holds_the_bounds_though_the_query_does_not(
    filled: CentreStore, rows: list[FiledRead], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the first lock taken out, the second shows no row that lies outside."""
    monkeypatch.setattr(queries.Where, "_bind", lambda self, bounds: self.add("1 = 1"))
    rng = random.Random(8)
    for _ in range(40):
        bounds = some_bounds(rng)
        expected = {uuid.UUID(bytes=row.read_id) for row in rows if inside(row, bounds)}
        assert seen(filled, bounds) == expected
        with filled.searching(bounds) as session:
            every = Question(-(2**60), 2**60)
            assert queries.count(session, bounds, every, 10_000) == len(expected)
            marks = {fold(row.mark) for row in rows if inside(row, bounds)}
            assert set(session.marks_like("%", 100)) == marks
            assert set(session.marks_like("%12CD%", 100)) == {m for m in marks if "12CD" in m}


def test_bounds_of_nothing_show_nothing(filled: CentreStore) -> None:
    """What nobody decided sees no row."""
    assert seen(filled, Bounds()) == set()


FORBIDDEN = [
    "SELECT * FROM main.sighting",
    "SELECT count(*) FROM main.sighting",
    "SELECT max(vrm) FROM main.mark",
    "SELECT * FROM main.part",
    "SELECT * FROM main.hit",
    "SELECT * FROM sqlite_master",
    "DELETE FROM main.sighting",
    "DELETE FROM temp.bounds",
    "UPDATE temp.bounds SET not_before_us = 0, not_after_us = 9e18, forces = NULL, marks = NULL",
    "INSERT INTO temp.bounds VALUES (0, 9e18, NULL, NULL, NULL, NULL, NULL, NULL)",
    "DROP VIEW temp.sighting",
    "CREATE TEMP TABLE copy AS SELECT * FROM main.sighting",
    "ATTACH DATABASE ':memory:' AS other",
    "PRAGMA writable_schema = 1",
    "WITH x AS (SELECT * FROM main.sighting) SELECT * FROM x",
    "SELECT (SELECT count(*) FROM main.sighting)",
    "WITH sighting AS (SELECT * FROM main.sighting) SELECT * FROM sighting",
    "WITH sighting AS (SELECT * FROM main.sighting) SELECT count(*) FROM sighting AS s",
    "SELECT * FROM (SELECT * FROM main.sighting) AS sighting",
    "SELECT sighting.vrm FROM (SELECT vrm FROM main.sighting) AS sighting",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM main.sighting)",
]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sql", FORBIDDEN)
def test_sqlite_refuses_any_way_around_its_views(filled: CentreStore, sql: str) -> None:
    """Tables behind the views, changes, and other files are refused whatever the SQL."""
    with pytest.raises(StoreError), filled.searching(Bounds()) as session:
        session.rows(sql)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM opened",
        "SELECT * FROM mark",
        "SELECT * FROM picture",
        "SELECT * FROM waiting",
        "SELECT * FROM sighting_2026_10_26",
        "DELETE FROM sighting",
        "UPDATE hit SET vrm = 'X'",
        "INSERT INTO activity VALUES (1, '', 1, 1, 1)",
        "ALTER TABLE sighting NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY in_scope ON sighting",
        "SELECT make_sighting_month(0)",
    ],
)
def test_the_searchers_role_owns_and_changes_nothing(filled: CentreStore, sql: str) -> None:
    """In PostgreSQL a search has the rights of a role that owns nothing."""
    with pytest.raises(StoreError), filled.searching(ALL) as session:
        session.rows(sql)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_settings_that_are_not_set_are_an_error(filled: CentreStore, url: str) -> None:
    """A connection that forgot its bounds gets an error, not an open table and not an empty one."""
    read = sighting(1, BASE_US - HOUR_US)
    filled.file([read, FiledHit(1, bytes(16), read, "AB12CDE", "stolen", "stop", "exact", False)])
    for table in ("sighting", "hit", "activity"):
        with psycopg.connect(url) as connection:
            connection.execute("SET ROLE outrider_searcher")
            with pytest.raises(psycopg.errors.UndefinedObject, match="outrider"):
                connection.execute(f"SELECT * FROM outrider.{table}")


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_settings_of_a_search_end_with_it(filled: CentreStore, url: str) -> None:
    """A connection that served one search is an error to the next that sets nothing."""
    with psycopg.connect(url) as connection:
        with connection.transaction():
            connection.execute("SET LOCAL ROLE outrider_searcher")
            connection.execute("SELECT set_config('outrider.not_before_us', '0', true)")
        connection.execute("SET ROLE outrider_searcher")
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT * FROM outrider.sighting")


def test_pages_follow_each_other_without_gap_or_repeat(filled: CentreStore) -> None:
    """All pages together are all rows, in both orders."""
    for order in Order:
        question, found, after = Question(0, BASE_US, order=order), [], None
        with filled.searching(ALL) as session:
            while page := queries.sightings(session, ALL, question, 70, after):
                found += page
                after = After(page[-1].at_us, page[-1].row_key)
        assert len({s.row_key for s in found}) == len(found) == 600
        times = [s.at_us for s in found]
        assert times == sorted(times, reverse=order is Order.NEWEST)


def test_counting_stops_one_past_the_most(filled: CentreStore) -> None:
    """A count says that there are more, not how many more."""
    with filled.searching(ALL) as session:
        assert queries.count(session, ALL, EVER, 100) == 101
        assert queries.count(session, ALL, EVER, 10_000) == 600


@pytest.mark.parametrize("coarse", [False, True])
def test_places_are_searched_as_closely_as_they_may_be_told(
    filled: CentreStore, rows: list[FiledRead], coarse: bool
) -> None:
    """Circle and polygon find what lies in them, by the position that is told."""
    bounds = Bounds(0, BASE_US, None, None, coarse=coarse)

    def told(row: FiledRead) -> tuple[int, int] | None:
        la, lo = row.latitude_e7, row.longitude_e7
        if la is None or lo is None:
            return None
        return (coarse_e7(la), coarse_e7(lo)) if coarse else (la, lo)

    middle = (515_000_000, -500_000)
    circle = Circle(*middle, 9_000)
    near = {r.read_id for r in rows if (at := told(r)) and metres_between(middle, at) <= 9_000}
    assert seen(filled, bounds, Question(0, BASE_US, place=circle)) == {
        uuid.UUID(bytes=i) for i in near
    }
    triangle = Polygon(((514_000_000, -2_000_000), (516_000_000, -2_000_000), (514_000_000, 0)))
    expected = {
        uuid.UUID(bytes=r.read_id)
        for r in rows
        if (at := told(r))
        and at[0] > 514_000_000
        and at[1] >= -2_000_000
        and (at[0] - 514_000_000) < -at[1]
    }
    assert seen(filled, bounds, Question(0, BASE_US, place=triangle)) == expected
    with filled.searching(bounds) as session:
        for s in queries.sightings(session, bounds, EVER, 1000, None):
            if coarse and s.latitude_e7 is not None and s.longitude_e7 is not None:
                assert (s.latitude_e7 % 1_000_000, s.longitude_e7 % 1_000_000) == (500_000, 500_000)


def test_scenes_crossed_gives_who_was_at_two(store: CentreStore) -> None:
    """A mark at two of three scenes is found with which; one at a single scene is not."""
    far = {"latitude_e7": 520_000_000}
    store.file(
        [
            sighting(1, BASE_US - HOUR_US, mark="AB12CDE"),
            sighting(2, BASE_US - 30 * HOUR_US, mark="AB12CDE", **far),
            sighting(3, BASE_US - HOUR_US, mark="LL65LLL"),
        ]
    )
    here, there = Circle(515_000_000, -1_200_000, 500), Circle(520_000_000, -1_200_000, 500)
    scenes = [
        Question(BASE_US - 2 * HOUR_US, BASE_US, place=here),
        Question(BASE_US - 31 * HOUR_US, BASE_US - 29 * HOUR_US, place=there),
        Question(BASE_US - 99 * HOUR_US, BASE_US - 98 * HOUR_US, place=here),
    ]
    with store.searching(ALL) as session:
        found = pattern_queries.crossed(session, ALL, scenes, 2, 100)
    assert [(c.mark, c.scenes) for c in found] == [("AB12CDE", (1, 2))]


def test_associates_meet_again_and_again_across_midnight(store: CentreStore) -> None:
    """Who follows three times within the window is found, who passes once is not."""
    midnight = BASE_US // DAY_US * DAY_US
    rows, number = [], 0
    for meeting in range(3):
        at = midnight - 20 * 60_000_000 + meeting * 20 * 60_000_000
        camera = Camera(f"unit-{meeting}", "front", False, "northshire")
        for mark, later in (("AB12CDE", 0), ("LL65LLL", 8_000_000)):
            number += 1
            rows.append(sighting(number, at + later, mark=mark, camera=camera))
    rows.append(sighting(99, midnight + 2_000_000, mark="X1", camera=rows[2].camera))
    store.file(rows)
    question = Question(0, BASE_US, marks=("AB12CDE",))
    with store.searching(ALL) as session:
        found = pattern_queries.associates(session, ALL, question, 10_000_000, 2, 100)
        pairs = pattern_queries.convoys(session, ALL, EVER, 10_000_000, 2, 100)
    assert [(m.other, m.times, m.cameras) for m in found] == [("LL65LLL", 3, 3)]
    assert [(m.mark, m.other, m.times) for m in pairs] == [("AB12CDE", "LL65LLL", 3)]
    assert to_us(found[0].first_at) < midnight <= to_us(found[0].last_at)


def test_a_leap_is_what_no_car_can_make(store: CentreStore) -> None:
    """200 km in half an hour is a leap; 20 km is none."""
    store.file(
        [
            sighting(1, BASE_US - HOUR_US),
            sighting(2, BASE_US - HOUR_US // 2, latitude_e7=533_000_000),
            sighting(3, BASE_US - HOUR_US, mark="X1"),
            sighting(4, BASE_US - HOUR_US // 2, mark="X1", latitude_e7=516_800_000),
        ]
    )
    with store.searching(ALL) as session:
        found = pattern_queries.leaps(session, ALL, EVER, 70.0, 1000.0, 10)
    assert [leap.vrm for leap in found] == ["AB12CDE"]


def test_hits_come_with_what_became_of_them(store: CentreStore, url: str) -> None:
    """Hits by list, response and answer; within the bounds only."""
    read = sighting(1, BASE_US - HOUR_US)
    hit_ids = [uuid.uuid4() for _ in range(2)]
    hits = [
        FiledHit(n, h.bytes, read, "AB12CDE", "stolen", "stop", "exact", False)
        for n, h in enumerate(hit_ids)
    ]
    answer = FiledAnswer(5, hit_ids[0].bytes, BASE_US, "misread", "AB12CDF")
    store.file([read, *hits, answer])
    if url.startswith("sqlite"):
        store.file([read, *hits, answer])  # as after a kill between two files
    with store.searching(ALL) as session:
        open_ones = queries.hits(session, ALL, HitQuestion(0, BASE_US, answer="none"), 10)
        wrong = queries.hits(session, ALL, HitQuestion(0, BASE_US, "stolen", answer="misread"), 10)
        assert queries.answered(session, ALL)[0][1:] == (0, 1)
    assert {h.hit_id for h in open_ones} == {hit_ids[1]}
    assert {(h.hit_id, h.note) for h in wrong} == {(hit_ids[0], "AB12CDF")}
    nowhere = Bounds(0, BASE_US, frozenset({"eastshire"}), None)
    with store.searching(nowhere) as session:
        assert queries.hits(session, nowhere, HitQuestion(0, BASE_US), 10) == []
        assert session.rows("SELECT * FROM answer") == []


def test_a_search_is_broken_off(filled: CentreStore) -> None:
    """Whoever goes away leaves no query running."""
    cancel = Cancel()
    slow = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000000000) "
        "SELECT count(*) FROM n"
    )
    timer = threading.Timer(0.3, cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled), filled.searching(ALL, cancel) as session:
        session.rows(slow)
    timer.join()
    with pytest.raises(Cancelled), filled.searching(ALL, cancel) as session:
        session.rows("SELECT 1")
    assert len(seen(filled, ALL)) == 600


def test_nothing_past_its_limit_is_left_in_what_is_searched(
    filled: CentreStore, rows: list[FiledRead]
) -> None:
    """After erasure no sighting, mark, or hour of activity from before the limit is there."""
    limit = BASE_US - 100 * DAY_US
    filled.file([sighting(9_999, limit - 1, mark="GONE1")])
    filled.expire(from_us(limit))
    left = {uuid.UUID(bytes=row.read_id) for row in rows if row.at_us >= limit}
    assert seen(filled, ALL) == left
    with filled.searching(ALL) as session:
        assert session.marks_like("%G0NE%", 10) == []
        hours = session.rows("SELECT min(hour) FROM activity")
        assert hours[0][0] >= limit // HOUR_US
