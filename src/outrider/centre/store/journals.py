"""A unit's journal as the centre knows it: what has come, what is gone, and whether it is whole."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from outrider.centre.store.columns import DAY_US, PACKED_PICTURE_BYTES, from_us, to_us
from outrider.centre.store.records import (
    ConflictError,
    JournalState,
    ReceivedUpload,
    SeqRange,
    StoreError,
    UnfitError,
)
from outrider.centre.store.session import Row, Session, placeholders
from outrider.centre.store.spans import Joined, Span, breaks_at_edges, holes, with_gaps
from outrider.wire.batch import Gap
from outrider.wire.epoch import Epoch, Past
from outrider.wire.sealing import SealedKey

_P = TypeVar("_P")
_SPAN = "first_seq, last_seq, first_previous, last_hash"
_GAP = "first_seq, last_seq, last_hash, cause"
_KEYS_AT_ONCE = 500
MOST_EPOCHS_A_DAY = 1000
_KEY_TOUCHED_US = 24 * 3600 * 1_000_000


_EPOCH = "first_seq, after_epoch, after_seq, after_hash"


def claim(
    session: Session,
    for_update: str,
    unit_id: str,
    journal_id: uuid.UUID,
    epoch: Epoch,
    at_us: int,
) -> int:
    """Return the number that an epoch has here, and hold its journal until the transaction ends.

    Raises ConflictError where it is another unit's, or another journal's; UnfitError where the unit
    has begun too many of late: a unit begins one at a start that cannot prove its past, and each is
    looked at whenever a row of its journal comes.
    """
    mine = {e: (n, u) for n, u, e in _hold(session, for_update, journal_id)}
    if epoch.epoch_id.bytes not in mine:
        _check_number(session, unit_id, at_us)
        after = epoch.after
        session.run(
            f"INSERT INTO journal (journal_id, epoch, unit_id, {_EPOCH}, begun_us, grown_us, "
            "last_upload_us, last_skew_s, last_clock_quality, pictures_due) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, '', 0) ON CONFLICT (epoch) DO NOTHING",
            journal_id.bytes,
            epoch.epoch_id.bytes,
            unit_id,
            epoch.first_seq,
            after and after.epoch_id.bytes,
            after and after.seq,
            after and after.hash,
        )
        mine = {e: (n, u) for n, u, e in _hold(session, for_update, journal_id)}
    number, owner = mine.get(epoch.epoch_id.bytes, (0, ""))
    if owner != unit_id:
        raise ConflictError(
            f"epoch {epoch.epoch_id} of journal {journal_id} is not unit {unit_id}'s"
        )
    return int(number)


def _check_number(session: Session, unit_id: str, at_us: int) -> None:
    found = session.one(
        "SELECT count(*) FROM journal WHERE unit_id = ? AND last_upload_us > ?",
        unit_id,
        at_us - DAY_US,
    )
    if found is not None and found[0] >= MOST_EPOCHS_A_DAY:
        raise UnfitError(
            f"{unit_id} has begun {found[0]} epochs within a day: no more of them today"
        )


def _hold(session: Session, for_update: str, journal_id: uuid.UUID) -> list[Row]:
    return session.rows(
        f"SELECT number, unit_id, epoch FROM journal WHERE journal_id = ? ORDER BY number"
        f"{for_update}",
        journal_id.bytes,
    )


def hold(session: Session, for_update: str, unit_id: str, journal_id: uuid.UUID) -> list[int]:
    """Hold a journal of a unit until the transaction ends; return its epochs' numbers here.

    Raises ConflictError where it is another unit's alone.
    """
    known = _hold(session, for_update, journal_id)
    mine = [number for number, owner, _ in known if owner == unit_id]
    if known and not mine:
        raise ConflictError(f"journal {journal_id} is not unit {unit_id}'s")
    return mine


def number_of(session: Session, epoch_id: uuid.UUID) -> int | None:
    """Return the number that an epoch has here."""
    found = session.one("SELECT number FROM journal WHERE epoch = ?", epoch_id.bytes)
    return None if found is None else int(found[0])


def name_of(session: Session, number: int) -> tuple[str, uuid.UUID, uuid.UUID]:
    """Return unit, journal and epoch of an epoch's number here. Raises StoreError."""
    found = session.one("SELECT unit_id, journal_id, epoch FROM journal WHERE number = ?", number)
    if found is None:
        raise StoreError(f"the epoch with the number {number} is not here")
    unit_id, raw, epoch = found
    return unit_id, uuid.UUID(bytes=raw), uuid.UUID(bytes=epoch)


def heard(session: Session, journal: int, upload: ReceivedUpload, due: int) -> None:
    """Note the unit's clock at an upload, and how many more pictures are due than before."""
    skew_s = (upload.sent.at - upload.arrived_at).total_seconds()
    session.run(
        "UPDATE journal SET last_upload_us = ?, last_skew_s = ?, last_clock_quality = ?, "
        "pictures_due = pictures_due + ? WHERE number = ?",
        to_us(upload.arrived_at),
        skew_s,
        str(upload.sent.quality),
        due,
        journal,
    )


def grew(session: Session, journal: int, upload: ReceivedUpload) -> None:
    """Note that an epoch has new rows at its end: somebody was writing it not long ago."""
    at_us = to_us(upload.arrived_at)
    session.run("UPDATE journal SET grown_us = ? WHERE number = ?", at_us, journal)
    session.run("UPDATE journal SET begun_us = ? WHERE number = ? AND begun_us = 0", at_us, journal)


def newest(session: Session, journal: int) -> int:
    """Return the highest number of an epoch that has come; 0 for none."""
    found = session.one("SELECT max(last_seq) FROM present WHERE journal = ?", journal)
    return int(found[0] or 0) if found is not None else 0


def due_of(session: Session, journal: int, seqs: Iterable[int]) -> int:
    """Return how many pictures of rows are due."""
    packed = (
        session.one("SELECT pictures FROM due WHERE journal = ? AND seq = ?", journal, seq)
        for seq in seqs
    )
    return sum(len(row[0]) // PACKED_PICTURE_BYTES for row in packed if row is not None)


def spans_near(session: Session, journal: int, first: int, last: int) -> list[Span]:
    """Return the runs that hold or touch numbers first to last, in order."""
    found = session.rows(
        f"SELECT {_SPAN} FROM present WHERE journal = ? AND first_seq <= ? AND last_seq >= ? "
        "ORDER BY first_seq",
        journal,
        last + 1,
        first - 1,
    )
    return [Span(*row) for row in found]


def add_spans(session: Session, journal: int, joined: Joined) -> None:
    """Put runs in the place of those that they join; note where the chain breaks."""
    session.each(
        "DELETE FROM present WHERE journal = ? AND first_seq = ?",
        [(journal, span.first) for span in joined.gone],
    )
    session.each(
        f"INSERT INTO present (journal, {_SPAN}) VALUES (?, ?, ?, ?, ?)",
        [(journal, s.first, s.last, s.first_previous, s.last_hash) for s in joined.made],
    )
    session.each(
        "INSERT INTO chain_break (journal, seq) VALUES (?, ?)",
        [(journal, seq) for seq in joined.breaks],
    )


def declare(session: Session, journal: int, gaps: Sequence[Gap]) -> None:
    """Note the gaps that a unit declares."""
    if not gaps:
        return
    kept = [Gap(*r) for r in session.rows(f"SELECT {_GAP} FROM gap WHERE journal = ?", journal)]
    gone, made = with_gaps(kept, gaps)
    session.each(
        "DELETE FROM gap WHERE journal = ? AND first_seq = ? AND last_seq = ?",
        [(journal, gap.first_seq, gap.last_seq) for gap in gone],
    )
    session.each(
        f"INSERT INTO gap (journal, {_GAP}) VALUES (?, ?, ?, ?, ?)",
        [(journal, g.first_seq, g.last_seq, g.last_hash, g.cause) for g in made],
    )


def add_keys(session: Session, journal: int, keys: Iterable[SealedKey], at_us: int) -> None:
    """Keep sealed data keys, and when they were last named. Raises ConflictError."""
    wanted = {key.key_id: key for key in keys}
    known = dict[int, tuple[SealedKey, int]]()
    for some in _in_parts(list(wanted)):
        known |= {
            row[0]: (SealedKey(*row[:3]), row[3])
            for row in session.rows(
                "SELECT key_id, centre_key_id, sealed, last_us FROM data_key WHERE journal = ? "
                f"AND key_id IN ({placeholders(len(some))})",
                journal,
                *some,
            )
        }
    for key_id, (key, _) in known.items():
        if wanted[key_id] != key:
            raise ConflictError(f"data key {key_id:016x} is here, sealed otherwise")
    session.each(
        "INSERT INTO data_key (journal, key_id, centre_key_id, sealed, last_us) "
        "VALUES (?, ?, ?, ?, ?)",
        [
            (journal, key.key_id, key.centre_key_id, key.sealed, at_us)
            for key in wanted.values()
            if key.key_id not in known
        ],
    )
    session.each(
        "UPDATE data_key SET last_us = ? WHERE journal = ? AND key_id = ?",
        [(at_us, journal, k) for k, (_, last) in known.items() if last < at_us - _KEY_TOUCHED_US],
    )


def _in_parts(values: list[int]) -> list[list[int]]:
    return [values[i : i + _KEYS_AT_ONCE] for i in range(0, len(values), _KEYS_AT_ONCE)]


def states(session: Session, unit_id: str | None) -> list[JournalState]:
    """Return how whole each journal is, by unit and identifier."""
    values = () if unit_id is None else (unit_id,)
    of_unit = " WHERE unit_id = ?" if values else ""
    of_its_journals = f" WHERE journal IN (SELECT number FROM journal{of_unit})" if values else ""
    found = session.rows(
        f"SELECT number, unit_id, journal_id, epoch, {_EPOCH}, begun_us, grown_us, pictures_due, "
        f"last_upload_us, last_skew_s, last_clock_quality FROM journal{of_unit} "
        "ORDER BY unit_id, journal_id, number",
        *values,
    )
    ends = _ends(row[3:7] for row in found)

    def parts(table: str, columns: str, make: Callable[..., _P]) -> dict[int, list[_P]]:
        made = defaultdict(list)
        query = f"SELECT journal, {columns} FROM {table}{of_its_journals} ORDER BY 1, 2"
        for journal, *row in session.rows(query, *values):
            made[journal].append(make(*row))
        return made

    spans, gaps = parts("present", _SPAN, Span), parts("gap", _GAP, Gap)
    breaks = parts("chain_break", "seq", int)
    return [
        _state(row[1:], spans[row[0]], gaps[row[0]], breaks[row[0]], ends.get(row[3]))
        for row in found
    ]


def _ends(epochs: Iterable[Sequence[Any]]) -> dict[bytes, int]:
    """Return the last number of each epoch that another goes on from."""
    found: dict[bytes, int] = {}
    for _, _, after, seq in ((e[0], e[1], e[2], e[3]) for e in epochs):
        if after is not None:
            found[after] = max(seq, found.get(after, 0))
    return found


def _state(
    row: Sequence[Any], spans: list[Span], gaps: list[Gap], breaks: list[int], end: int | None
) -> JournalState:
    unit_id, journal_id, epoch_id, first_seq, after_epoch, after_seq, after_hash, *rest = row
    begun_us, grown_us, due, last_upload_us, skew_s, quality = rest
    after = after_epoch and Past(uuid.UUID(bytes=after_epoch), after_seq, after_hash)
    epoch = Epoch(uuid.UUID(bytes=epoch_id), first_seq, after)
    return JournalState(
        unit_id=unit_id,
        journal_id=uuid.UUID(bytes=journal_id),
        epoch=epoch,
        present=tuple(SeqRange(span.first, span.last) for span in spans),
        missing=holes(spans, gaps, epoch.first_seq, end),
        gaps=tuple(gaps),
        chain_breaks=tuple(sorted({*breaks, *breaks_at_edges(spans, gaps, epoch)})),
        begun_at=from_us(begun_us),
        grown_at=from_us(grown_us),
        pictures_due=due,
        last_upload_at=from_us(last_upload_us),
        last_skew_s=skew_s,
        last_clock_quality=quality,
    )
