"""What the centre has refused by itself: remembered, out of the way of the rest, tried again.

A row that the centre refuses today may be taken tomorrow (a centre that is mended, restored or
updated), so it stays in the outbox; but it stands before nothing else, and waits longer each time.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from outrider.clock import NS_PER_S, UtcStamp
from outrider.unit.journal.database import transaction

_FIRST_S = 900
_LONGEST_S = 24 * 3600
_WHY_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class SetAside:
    """Numbers of rows that wait to be tried again: the rows themselves, and their pictures."""

    rows: frozenset[int]
    pictures: frozenset[int]


NOTHING = SetAside(frozenset(), frozenset())


def set_aside(
    db: sqlite3.Connection,
    seqs: Sequence[int],
    now: UtcStamp,
    *,
    pictures: bool,
    status: int,
    why: str,
) -> None:
    """Remember that rows, or their pictures, are refused; why: in the centre's words."""
    with transaction(db):
        db.executemany(
            "INSERT INTO refused VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT (seq, pictures) "
            "DO UPDATE SET status = ?3, why = ?4, at_utc_ns = ?5, tries = tries + 1",
            [(seq, pictures, status, why[:_WHY_CHARACTERS], now.utc_ns) for seq in set(seqs)],
        )


def waiting(db: sqlite3.Connection, now: UtcStamp) -> SetAside:
    """Return what is not to be tried yet: 15 minutes after the first refusal, then ever longer.

    A refusal that lies in the future is of another clock, and does not count.
    """
    rows: set[int] = set()
    pictures: set[int] = set()
    for seq, of_pictures, at_ns, tries in db.execute(
        "SELECT seq, pictures, at_utc_ns, tries FROM refused"
    ):
        wait_s = min(_LONGEST_S, _FIRST_S * 2 ** min(tries - 1, 16))
        if 0 <= now.utc_ns - at_ns < wait_s * NS_PER_S:
            (pictures if of_pictures else rows).add(seq)
    return SetAside(frozenset(rows), frozenset(pictures))


def forget_refusals(db: sqlite3.Connection, seqs: Sequence[int], *, pictures: bool) -> None:
    """Forget refusals of what has been taken, in the transaction that notes so."""
    db.executemany(
        "DELETE FROM refused WHERE seq = ? AND pictures = ?", [(seq, pictures) for seq in seqs]
    )
