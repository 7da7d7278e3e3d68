"""Hits that come before their reads, or without them: the read that a hit holds is filed, once.

Hits are sent first, and a read may be lost with its day: what was met must be found all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from outrider.centre.store.filed import Camera, FiledHit, FiledRead
from outrider.centre.store.session import Row, Session, placeholders

_AT_ONCE = 500
Numbers = dict[tuple[str, str], int]
"""The numbers of cameras, by unit and camera."""


def camera_key(camera: Camera) -> tuple[str, str]:
    """Return what a camera is known by."""
    return camera.unit_id, camera.camera_id


def not_filed_yet(
    session: Session, reads: Sequence[FiledRead], hits: Sequence[FiledHit], numbers: Numbers
) -> list[FiledRead]:
    """Return the reads to be filed: those whose hit has not brought them, then those of new hits.

    A read is the same where identifier, camera, mark and place are: one unit can bring it in two
    rows, and say in neither what another's read was.
    """
    of_hits = _filed_hits(session, [read.read_id for read in reads])
    of_hits |= {hit.read.read_id for hit in hits}
    filed = _filed_reads(session, sorted(of_hits))
    found: list[FiledRead] = []
    for read in [*reads, *(replace(hit.read, row_key=hit.row_key) for hit in hits)]:
        known, facts = filed.setdefault(read.read_id, []), _facts(read, numbers)
        if read.read_id not in of_hits or facts not in known:
            known.append(facts)
            found.append(read)
    return found


def _filed_hits(session: Session, ids: Sequence[bytes]) -> set[bytes]:
    """Return those reads that a hit is filed of."""
    return {bytes(row[0]) for row in _of_reads(session, "SELECT read_id FROM hit", ids)}


def _filed_reads(session: Session, ids: Sequence[bytes]) -> dict[bytes, list[Row]]:
    """Return camera, mark and place of what is filed of reads, by identifier."""
    found: dict[bytes, list[Row]] = {}
    columns = "read_id, camera, mark, latitude_e7, longitude_e7"
    for read_id, *facts in _of_reads(session, f"SELECT {columns} FROM sighting", ids):
        found.setdefault(bytes(read_id), []).append(tuple(facts))
    return found


def _of_reads(session: Session, select: str, ids: Sequence[bytes]) -> Iterator[Row]:
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        yield from session.rows(f"{select} WHERE read_id IN ({placeholders(len(some))})", *some)


def _facts(read: FiledRead, numbers: Mapping[tuple[str, str], int]) -> Row:
    camera = numbers[camera_key(read.camera)]
    return camera, read.mark, read.latitude_e7, read.longitude_e7
