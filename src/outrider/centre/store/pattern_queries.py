"""The searches whose answer is made of marks, as SQL: each read counts as the mark it has.

That is the mark which was read, or what somebody has corrected it to (`fixes.py`).
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from outrider.centre.store.bounds import Bounds
from outrider.centre.store.columns import from_us
from outrider.centre.store.fixes import NO_FIXES, Fixes, seen
from outrider.centre.store.meetings import APART_US, MOST_TRACKS, meetings
from outrider.centre.store.queries import SearchSession, Where, positions, where_of
from outrider.centre.store.questions import Associate, CrossedMark, Leap, Question

_METRES = 0.011132


def _counting(session: SearchSession, bounds: Bounds, question: Question, fixes: Fixes) -> Where:
    """Return the conditions of a question whose marks are those that reads count as."""
    marks = set(question.marks or ())
    corrected = tuple(uuid.UUID(bytes=read) for read, vrm in fixes.items() if vrm in marks)
    where = where_of(session, bounds, replace(question, corrected=corrected))
    return where.among("counts_as", question.marks, "text") if question.marks else where


def crossed(
    session: SearchSession, bounds: Bounds, scenes: Sequence[Question], least: int, most: int,
    fixes: Fixes = NO_FIXES,
) -> list[CrossedMark]:  # fmt: skip
    """Return the marks that were at `least` scenes or more, those at the most scenes first."""
    reads = seen(session, fixes)
    parts, values = [], [*reads.values]
    for number, scene in enumerate(scenes):
        where = where_of(session, bounds, scene)
        parts.append(
            f"SELECT DISTINCT counts_as AS vrm, {number} AS scene FROM {reads.source} AS seen "
            f"WHERE {where.text}"
        )
        values += where.values
    bits = " + ".join(
        f"max(CASE WHEN scene = {number} THEN {1 << number} ELSE 0 END)"
        for number in range(len(scenes))
    )
    found = session.rows(
        f"{reads.begin()}SELECT vrm, {bits} FROM ({' UNION ALL '.join(parts)}) AS met GROUP BY vrm "
        "HAVING count(*) >= ? ORDER BY count(*) DESC, vrm LIMIT ?",
        *values,
        least,
        most,
    )
    everyone = range(len(scenes))
    return [
        CrossedMark(vrm, tuple(n + 1 for n in everyone if mask >> n & 1)) for vrm, mask in found
    ]


def associates(
    session: SearchSession,
    bounds: Bounds,
    question: Question,
    window_us: int,
    least: int,
    most: int,
    fixes: Fixes = NO_FIXES,
) -> list[Associate]:
    """Return the marks that the question's marks met: same camera, within the window, so often."""
    ours, theirs = _counting(session, bounds, question, fixes), Where(session, bounds, "b")
    reads = seen(session, fixes)
    own = f"a AS (SELECT counts_as, camera, at_us FROM {reads.source} AS own WHERE {ours.text})"
    found = session.rows(
        f"{reads.begin(own)}SELECT a.counts_as, b.counts_as, count(DISTINCT a.at_us / ?) AS times, "
        f"count(DISTINCT b.camera), min(b.at_us), max(b.at_us) FROM a JOIN {reads.source} AS b "
        "ON b.camera = a.camera AND b.at_us BETWEEN a.at_us - ? AND a.at_us + ? "
        f"AND b.counts_as <> a.counts_as WHERE {theirs.text} GROUP BY a.counts_as, b.counts_as "
        "HAVING count(DISTINCT a.at_us / ?) >= ? ORDER BY times DESC, b.counts_as LIMIT ?",
        *reads.values,
        *ours.values,
        APART_US,
        window_us,
        window_us,
        *theirs.values,
        APART_US,
        least,
        most,
    )
    return [_associate(*row) for row in found]


def _associate(
    mark: str, other: str, times: int, cameras: int, first_us: int, last_us: int
) -> Associate:
    return Associate(mark, other, times, cameras, from_us(first_us), from_us(last_us))


def convoys(
    session: SearchSession,
    bounds: Bounds,
    question: Question,
    window_us: int,
    least: int,
    most: int,
    fixes: Fixes = NO_FIXES,
) -> list[Associate]:
    """Return all pairs of marks that met so often; each pair once. Raises TooMuch."""
    where = where_of(session, bounds, question)
    data = session.tracks(seen(session, fixes), where.text, where.values, MOST_TRACKS + 1)
    return meetings(data, window_us, least, most)


def leaps(
    session: SearchSession, bounds: Bounds, question: Question, faster_mps: float, slack_m: float,
    most: int, fixes: Fixes = NO_FIXES,
) -> list[Leap]:  # fmt: skip
    """Return successive sightings of one mark further apart than a car can go, plus a slack.

    Plane geometry at the first of the two: candidates, to be measured on the sphere by the caller.
    """
    where, reads = _counting(session, bounds, question, fixes), seen(session, fixes)
    latitude, longitude = positions(bounds.coarse)
    # A degree of longitude is taken as long as one of latitude: never too short.
    high = f"((la - p_la) * {_METRES}) * ((la - p_la) * {_METRES})"
    wide = f"((lo - p_lo) * {_METRES}) * ((lo - p_lo) * {_METRES})"
    reach = "(? + ? * (at_us - p_us) / 1000000.0)"
    placed = (
        f"placed AS (SELECT counts_as AS vrm, read_id, at_us, {latitude} AS la, {longitude} AS lo "
        f"FROM {reads.source} AS seen WHERE {where.text} AND latitude_e7 IS NOT NULL)"
    )
    pair = (
        "pair AS (SELECT placed.*, lag(read_id) OVER w AS p_id, lag(at_us) OVER w AS p_us, "
        "lag(la) OVER w AS p_la, lag(lo) OVER w AS p_lo FROM placed "
        "WINDOW w AS (PARTITION BY vrm ORDER BY at_us))"
    )
    found = session.rows(
        f"{reads.begin(placed, pair)}"
        "SELECT vrm, p_id, p_us, p_la, p_lo, read_id, at_us, la, lo FROM pair "
        f"WHERE p_us IS NOT NULL AND {high} + {wide} > {reach} * {reach} "
        "ORDER BY vrm, at_us LIMIT ?",
        *reads.values,
        *where.values,
        *(slack_m, faster_mps) * 2,
        most,
    )
    return [
        Leap(vrm, (uuid.UUID(bytes=a), us1, la1, lo1), (uuid.UUID(bytes=b), us2, la2, lo2))
        for vrm, a, us1, la1, lo1, b, us2, la2, lo2 in found
    ]
