"""What is held of a journal at this moment, in whatever epoch: the ground of every receipt.

A number that came once proves nothing: its content may have been erased in its time, or lost with
its file, or damaged on the disk. So a row counts as here only if its content is found, and is what
its hash says now, or if it is noted that it was erased in its time under that hash. All else is
stored as it comes, in the place of what is damaged.

Held is what came from the unit itself. Whoever has a copy of its card could send its rows in his
own name first: they would be set aside, and hers be taken for duplicates.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from outrider.centre.store.columns import sealed_row, unpack_pictures
from outrider.centre.store.session import Backend, Row, Session
from outrider.outside import OutsideError, parsing
from outrider.wire.chain import SealedPicture
from outrider.wire.holdings import MARK_BYTES, Claim, Holdings

_RUN = 4096
SEALED = "seq, kind, key_id, previous, hash, body, pictures"


@dataclass(frozen=True, slots=True)
class Held:
    """A row that is held: in which epoch (its number here), and the pictures that it names.

    pictures: packed; None where the row was erased when its time was over. aside: it did not open.
    """

    journal: int
    mark: bytes
    pictures: bytes | None
    aside: bool = False

    def named(self) -> tuple[SealedPicture, ...]:
        """Return the pictures that the row names."""
        return () if self.pictures is None else unpack_pictures(self.pictures)


def held(
    backend: Backend, session: Session, unit_id: str, journal_id: uuid.UUID, first: int, last: int
) -> dict[int, list[Held]]:
    """Return what is held of a unit's numbers first to last of a journal, by number."""
    found: dict[int, list[Held]] = defaultdict(list)
    for journal in touching(session, unit_id, journal_id, first, last):
        for seq, one in _of_epoch(backend, session, journal, journal_id, first, last):
            found[seq].append(one)
    return found


def touching(
    session: Session, unit_id: str, journal_id: uuid.UUID, first: int, last: int
) -> list[int]:
    """Return a unit's epochs of a journal, by their numbers here, in which any number came."""
    epochs = _touching(session, journal_id, first, last)
    return [number for number, owner in epochs if owner == unit_id]


def _touching(
    session: Session, journal_id: uuid.UUID, first: int, last: int
) -> list[tuple[int, str]]:
    found = session.rows(
        "SELECT DISTINCT number, unit_id FROM journal JOIN present ON journal = number "
        "WHERE journal_id = ? AND present.first_seq <= ? AND last_seq >= ? ORDER BY number",
        journal_id.bytes,
        last,
        first,
    )
    return [(number, owner) for number, owner in found]


def _of_epoch(
    backend: Backend, session: Session, journal: int, journal_id: uuid.UUID, first: int, last: int
) -> Iterable[tuple[int, Held]]:
    found = backend.facts(session, journal, journal_id, first, last)
    facts = {}
    for aside, some in (
        (False, found.opened),
        (True, whole(found.set_aside, journal_id)),
        (False, whole(found.waiting, journal_id)),
    ):
        for seq, (digest, pictures) in some.items():
            facts[seq] = Held(journal, digest[:MARK_BYTES], pictures, aside=aside)
    yield from facts.items()
    for seq, mark in _erased(session, journal, first, last):
        if seq not in facts:
            yield seq, Held(journal, mark, None)


def whole(rows: Iterable[Row], journal_id: uuid.UUID) -> dict[int, tuple[bytes, bytes]]:
    """Return hash and packed pictures, by number, of those rows that are what their hash says.

    rows: seq, kind, key_id, previous, hash, body, pictures, as they stand on the disk: whatever
    is in their place there, one that is damaged is none.
    """
    return {row[0]: (row[4], row[6]) for row in rows if _is_whole(row, journal_id)}


def _is_whole(row: Row, journal_id: uuid.UUID) -> bool:
    try:
        with parsing(OutsideError, "a stored row"):
            return sealed_row(row).is_whole(journal_id)
    except OutsideError:
        return False


def _erased(session: Session, journal: int, first: int, last: int) -> Iterable[tuple[int, bytes]]:
    """Return numbers whose content was erased in its time, with what is kept of their hashes."""
    runs = session.rows(
        "SELECT first_seq, marks FROM erased "
        "WHERE journal = ? AND first_seq <= ? AND last_seq >= ?",
        journal,
        last,
        first,
    )
    for start, marks in runs:
        for place in range(len(marks) // MARK_BYTES):
            if first <= start + place <= last:
                yield start + place, marks[place * MARK_BYTES : (place + 1) * MARK_BYTES]


def remember(session: Session, journal: int, rows: Iterable[Sequence[object]]) -> None:
    """Note rows that are about to be erased; rows: (seq, hash), by number.

    A number that is noted already, because its row came again, is noted anew.
    """
    run: list[bytes] = []
    start = 0
    for seq, digest in rows:
        assert isinstance(seq, int)
        assert isinstance(digest, bytes)
        if run and (seq != start + len(run) or len(run) == _RUN):
            _note(session, journal, start, run)
            run = []
        start = start if run else seq
        run.append(digest[:MARK_BYTES])
    if run:
        _note(session, journal, start, run)


def remember_all(session: Session, table: str, which: str, *values: object) -> None:
    """Note the rows of a table that are about to be erased, one epoch after another."""
    for (journal,) in session.rows(f"SELECT DISTINCT journal FROM {table} WHERE {which}", *values):
        query = f"SELECT seq, hash FROM {table} WHERE journal = ? AND {which} ORDER BY seq"
        remember(session, journal, session.rows(query, journal, *values))


def _note(session: Session, journal: int, start: int, marks: list[bytes]) -> None:
    session.run(
        "INSERT INTO erased (journal, first_seq, last_seq, marks) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (journal, first_seq, last_seq) DO UPDATE SET marks = excluded.marks",
        journal,
        start,
        start + len(marks) - 1,
        b"".join(marks),
    )


def confirm(
    backend: Backend,
    session: Session,
    unit_id: str,
    journal_id: uuid.UUID,
    claims: Sequence[Claim],
) -> Holdings:
    """Return which of the rows that a unit names are held, which with all their pictures.

    What did not open is told apart: the unit's may be the only copy that is of use. What opened in
    another unit's name counts too, for it is the same read: the unit was enrolled anew.
    """
    if not claims:
        return Holdings()
    first, last = min(claim.seq for claim in claims), max(claim.seq for claim in claims)
    kept = held(backend, session, unit_id, journal_id, first, last)
    for journal, owner in _touching(session, journal_id, first, last):
        if owner != unit_id:
            opened = backend.opened_facts(session, journal, journal_id, first, last)
            for seq, (digest, packed) in opened.items():
                kept[seq].append(Held(journal, digest[:MARK_BYTES], packed))
    matched: dict[int, Held] = {}
    for claim in claims:
        same = [one for one in kept.get(claim.seq, ()) if one.mark == claim.mark]
        # Of two, the one whose content is here: it may have come again after it was erased.
        same.sort(key=lambda one: (one.aside, one.pictures is None))
        if same:
            matched[claim.seq] = same[0]
    aside = {seq for seq, one in matched.items() if one.aside}
    over = {seq for seq, one in matched.items() if one.pictures is None}
    return Holdings(
        frozenset(matched.keys() - over - aside),
        frozenset(_whole(backend, session, matched)) - aside,
        frozenset(over),
        frozenset(aside),
    )


def _whole(backend: Backend, session: Session, matched: dict[int, Held]) -> Iterable[int]:
    by_epoch: dict[int, list[int]] = defaultdict(list)
    for seq, one in matched.items():
        if one.pictures is not None:
            by_epoch[one.journal].append(seq)
    for journal, seqs in by_epoch.items():
        stored = backend.picture_digests(session, journal, sorted(seqs))
        for seq in seqs:
            named = matched[seq].named()
            if all(stored.get((seq, int(p.role))) == p.digest for p in named):
                yield seq
