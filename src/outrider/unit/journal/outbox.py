"""What is still to be sent, what the centre has receipted, and erasing it when its time is over."""

import logging
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from outrider.clock import NS_PER_S, UtcStamp
from outrider.records import Role
from outrider.unit.journal import schema
from outrider.unit.journal.database import add_to_counter, tail, transaction
from outrider.unit.journal.epochs import LAST, epoch_of
from outrider.unit.journal.refused import forget_refusals
from outrider.unit.journal.reseal import clear_rows
from outrider.unit.journal.retention import drop_unnamed_segments, erase_rows
from outrider.unit.journal.segments import PictureState, StoredPicture, Stream, read_sealed
from outrider.unit.journal.verify import find_key, read_rows
from outrider.wire.batch import Batch, Gap
from outrider.wire.chain import SealedRow
from outrider.wire.hash_chain import GENESIS
from outrider.wire.holdings import ranges
from outrider.wire.read_record import RecordKind
from outrider.wire.receipt import Receipt
from outrider.wire.sealing import UNSEALED

_log = logging.getLogger(__name__)

URGENT, ORDINARY = 0, 1
_PICTURE_COLUMNS = "seq, role, segment, offset, length, picture.key_id, digest"


@dataclass(frozen=True, slots=True)
class Remaining:
    """How much is still to be sent; urgent: hits and what officers did about them.

    reads: of the rows; the only one of these numbers that the crew may see.
    """

    urgent: int
    rows: int
    pictures: int
    reads: int = 0


class Outbox:
    """A journal's outbox, in the syncing process; the unit may be writing the while.

    sealed_only: rows that lie in clear, with their pictures, are held back until they are sealed.
    """

    def __init__(self, directory: Path, *, sealed_only: bool = False) -> None:
        """Open the journal. Raises JournalError where there is none, sqlite3.Error."""
        if not schema.has_journal(directory):
            raise schema.JournalError(f"{directory}: holds no journal; nothing to send")
        self.directory = directory
        self._db = schema.open_database(directory)
        self.journal_id = schema.journal_id(self._db)
        self._sealed_only = sealed_only
        self._unreadable: set[tuple[int, Role]] = set()

    @property
    def db(self) -> sqlite3.Connection:
        """The journal's database, for what is not sending: see `refused.py` and `held.py`."""
        return self._db

    def close(self) -> None:
        """Close the journal."""
        self._db.close()

    def remaining(self) -> Remaining:
        """Return what is still to be sent."""
        urgent, rows, pictures, reads = (
            int(self._db.execute(query).fetchone()[0])
            for query in (
                "SELECT count(*) FROM outbox WHERE priority = 0",
                "SELECT count(*) FROM outbox",
                "SELECT count(*) FROM picture WHERE state = 0",
                "SELECT count(*) FROM outbox JOIN row ON row.seq = outbox.seq "
                f"WHERE kind = {RecordKind.READ:d}",
            )
        )
        return Remaining(urgent, rows, pictures, reads)

    def has_pictures(self, leave: Collection[int]) -> bool:
        """Return whether a picture is still to be sent, but for those of rows in leave."""
        found = self._db.execute("SELECT seq FROM picture WHERE state = ?", (PictureState.PENDING,))
        return any(seq not in leave for (seq,) in found)

    def held_back(self) -> int:
        """Return how many rows that are to be sent are held back, because they lie in clear."""
        return clear_rows(self._db) if self._sealed_only else 0

    def rows(self, priority: int, limit: int, leave: Collection[int] = ()) -> list[SealedRow]:
        """Return the oldest rows to be sent of one epoch, at most limit, without those in leave."""
        found = self._db.execute(
            "SELECT outbox.seq FROM outbox JOIN row ON row.seq = outbox.seq "
            "LEFT JOIN data_key ON data_key.key_id = row.key_id "
            "WHERE priority = ? AND NOT (? AND coalesce(centre_key_id, '') = ?) "
            "ORDER BY outbox.seq LIMIT ?",
            (priority, self._sealed_only, UNSEALED, limit + len(leave)),
        ).fetchall()
        seqs = [seq for (seq,) in found if seq not in leave][:limit]
        if seqs:
            _, last = epoch_of(self._db, seqs[0])
            seqs = [seq for seq in seqs if seq <= last]
        return [row for seq in seqs for row in read_rows(self._db, seq - 1, seq)]

    def of_one_epoch(self, rows: Sequence[SealedRow]) -> list[SealedRow]:
        """Return those of the rows that are of the first one's epoch."""
        if not rows:
            return []
        epoch, last = epoch_of(self._db, rows[0].seq)
        return [row for row in rows if epoch.first_seq <= row.seq <= last]

    def batch(self, unit_id: str, rows: Sequence[SealedRow]) -> Batch:
        """Return rows of one epoch as a batch, with the keys they need and the losses known."""
        needed = {row.key_id for row in rows}
        needed |= {picture.key_id for row in rows for picture in row.pictures}
        found = [find_key(self._db, key_id) for key_id in sorted(needed)]
        epoch, last = epoch_of(self._db, rows[0].seq if rows else LAST)
        gaps = self._db.execute(
            "SELECT first_seq, last_seq, last_hash, cause FROM gap WHERE cause != 'erased' "
            "AND last_seq >= ? AND first_seq <= ? ORDER BY first_seq LIMIT 500",
            (epoch.first_seq, last),
        )
        return Batch(
            unit_id,
            self.journal_id,
            epoch,
            tuple(rows),
            tuple(key for key in found if key is not None),
            tuple(_within(Gap(*gap), epoch.first_seq, last) for gap in gaps),
        )

    def pictures(
        self, stream: Stream, max_count: int, max_bytes: int, leave: Collection[int] = ()
    ) -> list[tuple[StoredPicture, bytes]]:
        """Return pictures of a stream whose rows are at the centre, with their sealed bytes.

        A picture that is no longer what was written is marked as damaged, counted and left out.
        One that the card does not give is left out until the journal is opened again: a passing
        fault gives nothing up, and one that stays holds nothing else up.
        """
        while True:
            waiting = self._waiting_pictures(stream, max_count, leave)
            chosen, failed = self._readable(waiting, max_count, max_bytes)
            if chosen or not failed:
                return chosen

    def _waiting_pictures(
        self, stream: Stream, max_count: int, leave: Collection[int]
    ) -> list[StoredPicture]:
        """Return pictures that may be sent, in order; not those that were found unreadable."""
        passed_over = len(Role) * len(leave) + len(self._unreadable)
        found = self._db.execute(
            f"SELECT {_PICTURE_COLUMNS} FROM segment JOIN picture ON segment = number "
            "WHERE stream = ? AND state = ? "
            "AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.seq = picture.seq "
            "                AND priority IN (0, 1)) "
            "ORDER BY number, offset LIMIT ?",
            (stream, PictureState.PENDING, max_count + passed_over),
        ).fetchall()
        pictures = [StoredPicture(seq, Role(role), *rest) for seq, role, *rest in found]
        return [
            one
            for one in pictures
            if one.seq not in leave and (one.seq, one.role) not in self._unreadable
        ]

    def _readable(
        self, waiting: Sequence[StoredPicture], max_count: int, max_bytes: int
    ) -> tuple[list[tuple[StoredPicture, bytes]], bool]:
        """Return the first pictures with their bytes, and whether any did not give them."""
        chosen: list[tuple[StoredPicture, bytes]] = []
        size, failed = 0, False
        for picture in waiting:
            if len(chosen) == max_count or (chosen and size + picture.length > max_bytes):
                break
            data = self._sealed_bytes(picture)
            failed = failed or data is None
            if data is not None:
                size += picture.length
                chosen.append((picture, data))
        return chosen, failed

    def _sealed_bytes(self, picture: StoredPicture) -> bytes | None:
        """Return a picture's bytes; None for one that is damaged, or cannot be read for now."""
        try:
            data = read_sealed(self.directory, picture)
        except OSError as error:
            if not self._unreadable:
                _log.warning("journal: pictures cannot be read, and wait: %s", error.strerror)
            self._unreadable.add((picture.seq, picture.role))
            return None
        if data is None:
            self._damaged(picture)
        return data

    def _damaged(self, picture: StoredPicture) -> None:
        with transaction(self._db):
            changed = self._db.execute(
                "UPDATE picture SET state = ? WHERE seq = ? AND role = ? AND state = ?",
                (PictureState.DAMAGED, picture.seq, picture.role, PictureState.PENDING),
            ).rowcount
            add_to_counter(self._db, "lost_pictures", changed)

    def rows_receipted(self, rows: Sequence[SealedRow], receipt: Receipt, at: UtcStamp) -> None:
        """Take rows out of the outbox, against the centre's receipt, which is kept."""
        with transaction(self._db):
            self._keep(receipt, len(rows), at)
            self._db.executemany(
                "DELETE FROM outbox WHERE priority IN (0, 1) AND seq = ?",
                [(row.seq,) for row in rows],
            )
            self._db.executemany(
                "UPDATE crew_row SET receipted = 1 WHERE seq = ?",
                [(row.seq,) for row in rows if row.kind is RecordKind.CREW],
            )
            forget_refusals(self._db, [row.seq for row in rows], pictures=False)

    def crew_rows(self, *, receipted: bool = False) -> set[str]:
        """Return the names of the crew's entries that are here; receipted: the centre has them."""
        query = "SELECT record_id FROM crew_row WHERE receipted >= ?"
        found = self._db.execute(query, (receipted,))
        return {record_id for (record_id,) in found}

    def pictures_receipted(
        self, pictures: Sequence[StoredPicture], receipt: Receipt, at: UtcStamp
    ) -> None:
        """Mark pictures as being at the centre, against its receipt, which is kept."""
        with transaction(self._db):
            self._keep(receipt, len(pictures), at)
            self._db.executemany(
                "UPDATE picture SET state = ? WHERE seq = ? AND role = ? AND state = ?",
                [
                    (PictureState.ACKNOWLEDGED, p.seq, p.role, PictureState.PENDING)
                    for p in pictures
                ],
            )
            forget_refusals(self._db, [p.seq for p in pictures], pictures=True)

    def _keep(self, receipt: Receipt, count: int, at: UtcStamp) -> None:
        last_seq = tail(self._db)[0]
        self._db.execute(
            "INSERT OR IGNORE INTO receipt VALUES (?, ?, ?, ?, ?, ?)",
            (receipt.upload, receipt.kind, count, receipt.sha256, at.utc_ns, last_seq),
        )

    def erasable(self, keep_s: float, now: UtcStamp) -> int:
        """Return up to which number the centre has receipted rows for keep_s; 0 for none."""
        before_ns = now.utc_ns - int(keep_s * NS_PER_S)
        found = self._db.execute(
            "SELECT max(last_seq) FROM receipt WHERE at_utc_ns <= ?", (before_ns,)
        ).fetchone()[0]
        return int(found or 0)

    def expire(self, keep_s: float, now: UtcStamp, confirmed: Collection[int]) -> int:
        """Erase what the centre has had for keep_s, hits included; return how many rows went.

        confirmed: the rows that the centre has just said it holds. Nothing else goes, and nothing
        that has no verified receipt, whatever its age.
        """
        end = self.erasable(keep_s, now)
        if not end:
            return 0
        erased = 0
        for first, last in ranges([seq for seq in confirmed if seq <= end]):
            while (one := erase_rows(self._db, list(RecordKind), last + 1, first)) is not None:
                erased += one[0]
        drop_unnamed_segments(self._db, self.directory)
        with transaction(self._db):
            self._db.execute("DELETE FROM receipt WHERE last_seq < ?", (end,))
        return erased


def _within(gap: Gap, first: int, last: int) -> Gap:
    """Return the part of a gap that lies in an epoch."""
    if gap.last_seq <= last:
        return replace(gap, first_seq=max(first, gap.first_seq))
    return Gap(max(first, gap.first_seq), last, GENESIS, gap.cause)
