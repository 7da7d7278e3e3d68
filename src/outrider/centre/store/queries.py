"""The searches as SQL, one text for both databases.

Every query stands on the tables through a Where that begins with the bounds: the first lock. What
`sighting`, `hit` and the rest show to the transaction is bound a second time by the database.
"""

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from outrider.centre.store.bounds import Bounds
from outrider.centre.store.filed import HOUR_US
from outrider.centre.store.fixes import FixingSession, Seen
from outrider.centre.store.places import MOST_CELLS, Place, cells_of, coarse_cells_of
from outrider.centre.store.questions import (
    After,
    Busy,
    CameraFacts,
    FoundHit,
    HitQuestion,
    Order,
    Question,
    Sighting,
)
from outrider.centre.store.session import Row, Session
from outrider.records import Direction, Response

_COLUMNS = (
    "row_key, read_id, camera, at_us, mark, vrm, force, {latitude}, {longitude}, confidence, "
    "heading, speed, direction, clock_ms, place_dm"
)
_DIRECTIONS = tuple(direction.value for direction in Direction)


class SearchSession(Session, FixingSession, Protocol):
    """A transaction that sees the searchable within its bounds, and can do nothing else."""

    def among(self, column: str, values: Sequence[object], kind: str) -> tuple[str, object]:
        """Return the condition that a column is one of many values, and its one value.

        kind: the database's name of the type: `text`, `integer`. For a single value it is plain
        equality: then the index gives rows in the order of time, and a page ends the search.
        """
        ...

    def among_reads(self, column: str, reads: Sequence[bytes]) -> tuple[str, Sequence[object]]:
        """Return the condition that a column is one of many reads' identifiers, and its values."""
        ...

    def tracks(self, seen: Seen, where: str, values: Sequence[object], most: int) -> bytes:
        """Return the sightings that conditions hold of, at most so many, as meetings.TRACK."""
        ...

    def papers(self) -> AbstractContextManager[Session]:
        """Give a transaction that reads the centre's papers."""
        ...

    def marks_like(self, pattern: str, most: int) -> list[str]:
        """Return folded marks with a sighting within the bounds, in order; `_` and `%` stand."""
        ...


class Where:
    """Conditions with their values, all of which must hold."""

    def __init__(self, session: SearchSession, bounds: Bounds, table: str = "") -> None:
        self._session = session
        self._bounds = bounds
        self._table = f"{table}." if table else ""
        self.parts: list[str] = []
        self.values: list[object] = []
        self._bind(bounds)

    def _bind(self, bounds: Bounds) -> None:
        self.add(f"{self._table}at_us BETWEEN ? AND ?", bounds.not_before_us, bounds.not_after_us)
        if bounds.forces is not None:
            self.among("force", sorted(bounds.forces), "text")
        if bounds.marks is not None:
            self.among("vrm", sorted(bounds.marks), "text")
        if bounds.area is not None:
            box = bounds.area
            self.add(f"{self._table}latitude_e7 BETWEEN ? AND ?", box.south, box.north)
            self.add(f"{self._table}longitude_e7 BETWEEN ? AND ?", box.west, box.east)

    def add(self, part: str, *values: object) -> "Where":
        """Add a condition."""
        self.parts.append(part)
        self.values += values
        return self

    def among(self, column: str, values: Sequence[object], kind: str) -> "Where":
        """Add that a column is one of these values."""
        part, value = self._session.among(f"{self._table}{column}", values, kind)
        return self.add(part, value)

    def marks(self, marks: Sequence[str], reads: Sequence[bytes]) -> "Where":
        """Add that a read is of one of these folded marks, or one of these reads."""
        if not reads:
            return self.among("vrm", marks, "text")
        part, value = self._session.among(f"{self._table}vrm", marks, "text")
        ids, values = self._session.among_reads(f"{self._table}read_id", reads)
        return self.add(f"({part} OR {ids})", value, *values)

    def place(self, place: Place) -> "Where":
        """Add that the position, as closely as it may be told, lies in a place."""
        cells = cells_of(place.box, coarse=self._bounds.coarse)
        if cells is not None:
            self.among("cell", cells, "integer")
        part, values = place.sql(*positions(self._bounds.coarse, self._table))
        return self.add(f"{self._table}latitude_e7 IS NOT NULL AND {part}", *values)

    @property
    def text(self) -> str:
        """The conditions as SQL."""
        return " AND ".join(self.parts)


def positions(coarse: bool, table: str = "") -> tuple[str, str]:
    """Return latitude and longitude as SQL, as closely as they may be told."""
    if not coarse:
        return f"{table}latitude_e7", f"{table}longitude_e7"
    return (
        f"(({table}latitude_e7 + 900000000) / 1000000 * 1000000 - 899500000)",
        f"((CAST({table}longitude_e7 AS bigint) + 1800000000) / 1000000 * 1000000 - 1799500000)",
    )


def where_of(session: SearchSession, bounds: Bounds, question: Question) -> Where:
    """Return the conditions of a question, those of the bounds first."""
    where = Where(session, bounds).add(
        "at_us BETWEEN ? AND ?", question.since_us, question.until_us
    )
    if question.marks is not None:
        where.marks(question.marks, [read.bytes for read in question.corrected])
    if question.exact is not None:
        where.among("mark", question.exact, "text")
    if question.cameras is not None:
        where.among("camera", question.cameras, "integer")
    if question.place is not None:
        where.place(question.place)
    if question.read_id is not None:
        where.add("read_id = ?", question.read_id.bytes)
    return where


def count(session: SearchSession, bounds: Bounds, question: Question, most: int) -> int:
    """Return how many sightings there are, counted no further than one more than `most`."""
    where = where_of(session, bounds, question)
    found = session.one(
        f"SELECT count(*) FROM (SELECT 1 FROM sighting WHERE {where.text} LIMIT ?) AS found",
        *where.values,
        most + 1,
    )
    return 0 if found is None else int(found[0])


def sightings(
    session: SearchSession, bounds: Bounds, question: Question, limit: int, after: After | None
) -> list[Sighting]:
    """Return a page of sightings in order."""
    where = where_of(session, bounds, question)
    down = question.order is Order.NEWEST
    if after is not None:
        than = "<" if down else ">"
        where.add(f"at_us {than}= ?", after.at_us)
        where.add(f"(at_us {than} ? OR row_key {than} ?)", after.at_us, after.row_key)
    way = "DESC" if down else "ASC"
    latitude, longitude = positions(bounds.coarse)
    found = session.rows(
        f"SELECT {_COLUMNS.format(latitude=latitude, longitude=longitude)} FROM sighting "
        f"WHERE {where.text} ORDER BY at_us {way}, row_key {way} LIMIT ?",
        *where.values,
        limit,
    )
    return [_sighting(row) for row in found]


def _sighting(row: Row) -> Sighting:
    key, read_id, camera, at_us, mark, vrm, force, latitude, longitude, *rest = row
    confidence, heading, speed, direction, clock_ms, place_dm = rest
    return Sighting(
        key, uuid.UUID(bytes=read_id), camera, at_us, mark, vrm, force, latitude, longitude,
        confidence / 1000, heading, None if speed is None else speed / 100,
        _DIRECTIONS[direction], clock_ms / 1000, None if place_dm is None else place_dm / 10,
    )  # fmt: skip


def cameras(session: SearchSession, numbers: Sequence[int]) -> dict[int, CameraFacts]:
    """Return cameras by number."""
    if not numbers:
        return {}
    part, value = session.among("number", sorted(set(numbers)), "integer")
    found = session.rows(
        f"SELECT number, unit_id, camera_id, fixed, force FROM camera WHERE {part}", value
    )
    return {row[0]: CameraFacts(row[0], row[1], row[2], bool(row[3]), row[4]) for row in found}


def cameras_of(session: SearchSession, unit_id: str) -> list[int]:
    """Return the numbers of a unit's cameras."""
    return [n for (n,) in session.rows("SELECT number FROM camera WHERE unit_id = ?", unit_id)]


def hits(
    session: SearchSession, bounds: Bounds, question: HitQuestion, limit: int
) -> list[FoundHit]:
    """Return hits, the newest first, with the last answer to each."""
    where = Where(session, bounds, "hit")
    where.add("hit.at_us BETWEEN ? AND ?", question.since_us, question.until_us)
    for column in ("list_name", "response", "listed"):
        if getattr(question, column) is not None:
            where.add(f"hit.{column} = ?", getattr(question, column))
    if question.marks is not None:
        where.marks(question.marks, [read.bytes for read in question.corrected])
    if question.hit_id is not None:
        where.add("hit.hit_id = ?", question.hit_id.bytes)
    if not question.silent:
        where.add("hit.response != ?", Response.SILENT.value)
    if question.answer is not None:
        wanted = "" if question.answer == "none" else question.answer
        where.add("coalesce(answer.action, '') = ?", wanted)
    found = session.rows(
        "SELECT hit.hit_id, hit.read_id, camera, hit.at_us, vrm, force, listed, list_name, "
        "response, match_class, possible = 1, coalesce(answer.action, ''), "
        "coalesce(answer.note, '') "
        "FROM hit LEFT JOIN answer ON answer.hit_id = hit.hit_id AND answer.row_key = "
        "(SELECT a.row_key FROM answer AS a WHERE a.hit_id = hit.hit_id "
        f"ORDER BY a.at_us DESC, a.row_key LIMIT 1) WHERE {where.text} "
        "ORDER BY hit.at_us DESC, hit.row_key LIMIT ?",
        *where.values,
        limit,
    )
    return [
        FoundHit(uuid.UUID(bytes=hit_id), uuid.UUID(bytes=read_id), *rest)
        for hit_id, read_id, *rest in found
    ]


def hit_ids(
    session: SearchSession, bounds: Bounds, question: HitQuestion, limit: int
) -> list[uuid.UUID]:
    """Return the newest hits of a span by their identifiers alone."""
    where = Where(session, bounds, "hit")
    where.add("hit.at_us BETWEEN ? AND ?", question.since_us, question.until_us)
    if not question.silent:
        where.add("hit.response != ?", Response.SILENT.value)
    found = session.rows(
        f"SELECT hit_id FROM hit WHERE {where.text} ORDER BY hit.at_us DESC, hit.row_key LIMIT ?",
        *where.values,
        limit,
    )
    return [uuid.UUID(bytes=hit_id) for (hit_id,) in found]


def frequency(session: SearchSession, bounds: Bounds, question: Question) -> dict[str, int]:
    """Return how often each of the question's marks was seen."""
    where = where_of(session, bounds, question)
    found = session.rows(
        f"SELECT vrm, count(*) FROM sighting WHERE {where.text} GROUP BY vrm", *where.values
    )
    return dict(found)


def answered(session: SearchSession, bounds: Bounds) -> list[tuple[int, int, int]]:
    """Return camera, hits answered as right and as misread: what the misread rate rests on."""
    where = Where(session, bounds, "hit")
    found = session.rows(
        "SELECT camera, sum(CASE WHEN answer.action = 'correct' THEN 1 ELSE 0 END), "
        "sum(CASE WHEN answer.action = 'misread' THEN 1 ELSE 0 END) FROM hit JOIN answer "
        f"ON answer.hit_id = hit.hit_id WHERE {where.text} GROUP BY camera",
        *where.values,
    )
    return [(camera, int(right), int(wrong)) for camera, right, wrong in found]


def busy(
    session: SearchSession, bounds: Bounds, place: Place | None, since_us: int, until_us: int,
    before_us: int,
) -> list[Busy]:  # fmt: skip
    """Return the cameras that read in a span, or before it (from before_us), there or anywhere."""
    first = max(before_us, bounds.not_before_us) // HOUR_US
    last = min(until_us, bounds.not_after_us) // HOUR_US
    then = max(since_us // HOUR_US, first)
    part, values = "", list[object]()
    if bounds.forces is not None:
        part, value = session.among("force", sorted(bounds.forces), "text")
        part, values = f" AND {part}", [value]
    if place is None:
        found = _busy_anywhere(session, part, values, first, then, last)
    else:
        squares = list(coarse_cells_of(place.box))[:MOST_CELLS]
        there, value = session.among("square", squares, "integer")
        found = session.rows(
            f"SELECT camera, max(hour) >= ? FROM activity WHERE hour BETWEEN ? AND ? AND {there}"
            f"{part} GROUP BY camera ORDER BY camera",
            then,
            first,
            last,
            value,
            *values,
        )
    return [Busy(camera, bool(within)) for camera, within in found]


def _busy_anywhere(
    session: SearchSession, part: str, values: Sequence[object], first: int, then: int, last: int
) -> list[Row]:
    """Look whether each camera read: its first read tells, not a year of hours of all cameras."""
    read = f"EXISTS (SELECT 1 FROM activity WHERE camera = number AND hour BETWEEN ? AND ?{part})"
    return session.rows(
        f"WITH heard AS MATERIALIZED (SELECT number, {read} AS within FROM camera) "
        f"SELECT number, within FROM heard WHERE within OR {read} ORDER BY number",
        then,
        last,
        *values,
        first,
        then - 1,
        *values,
    )
