"""Reading a journal while a unit writes it: what is there, and, with a key, what it says."""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from outrider.records import NO_PICTURES, Pictures, Role
from outrider.unit.journal import schema
from outrider.unit.journal.database import counters, tail
from outrider.unit.journal.salvage import QUARANTINE
from outrider.unit.journal.segments import PictureState, open_picture, read_if_there
from outrider.unit.journal.space import free_bytes, used_bytes
from outrider.unit.journal.verify import find_key, read_rows, stored_pictures
from outrider.wire.canonical import WireError
from outrider.wire.chain import SealedRow
from outrider.wire.read_record import Record, RecordKind, check_pictures, decode
from outrider.wire.sealing import UNSEALED, DataKey, Opener, Place, SealingError


@dataclass(frozen=True, slots=True)
class Status:
    """What a journal holds, in numbers."""

    journal_id: str
    last_seq: int
    rows: int
    rows_to_send: int
    hits_to_send: int
    pictures_to_send: int
    bytes_used: int
    bytes_free: int
    sealed_for: tuple[str, ...]
    in_clear: bool
    damaged_databases_kept: int
    totals: dict[str, int]

    reads: int = 0
    reads_to_send: int = 0

    def as_json(self) -> dict[str, object]:
        """Return the status as JSON values."""
        return asdict(self)

    def for_the_crew(self) -> dict[str, object]:
        """Return what tells nothing of hits: no numbers of rows, of pictures, or of bytes."""
        lost = {name: count for name, count in self.totals.items() if name.startswith("lost_")}
        return {
            "journal_id": self.journal_id,
            "reads": self.reads,
            "reads_to_send": self.reads_to_send,
            "sealed_for": list(self.sealed_for),
            "in_clear": self.in_clear,
            "damaged_databases_kept": self.damaged_databases_kept,
            **lost,
        }


@dataclass(frozen=True, slots=True)
class Opened:
    """A row and, where it opens, its record and, beside it, the pictures that are still here."""

    row: SealedRow
    sent: bool
    record: Record | None
    pictures: Pictures
    missing: tuple[Role, ...]
    why_not: str = ""


class JournalReader(contextlib.AbstractContextManager["JournalReader"]):
    """A journal open for reading. Raises JournalError, sqlite3.Error."""

    def __init__(self, directory: Path, opener: Opener | None = None) -> None:
        self._directory = directory
        self._db = schema.open_read_only(directory)
        self._opener = opener or Opener()
        self.journal_id: uuid.UUID = schema.journal_id(self._db)
        self._keys: dict[int, DataKey] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._db.close()

    def status(self) -> Status:
        """Return what the journal holds."""
        keys = [row[0] for row in self._db.execute("SELECT DISTINCT centre_key_id FROM data_key")]
        quarantine = self._directory / QUARANTINE
        return Status(
            str(self.journal_id),
            tail(self._db)[0],
            self._count("SELECT count(*) FROM row"),
            self._count("SELECT count(*) FROM outbox"),
            self._count("SELECT count(*) FROM outbox WHERE priority = 0"),
            self._count("SELECT count(*) FROM picture WHERE state = 0"),
            used_bytes(self._directory),
            free_bytes(self._directory),
            tuple(sorted(key for key in keys if key != UNSEALED)),
            self._any_in_clear(),
            len(list(quarantine.glob("[0-9]*"))) if quarantine.is_dir() else 0,
            counters(self._db),
            self._count(f"SELECT count(*) FROM row WHERE kind = {RecordKind.READ:d}"),
            self._count(
                "SELECT count(*) FROM outbox JOIN row ON row.seq = outbox.seq "
                f"WHERE kind = {RecordKind.READ:d}"
            ),
        )

    @property
    def may_be_seen(self) -> bool:
        """Whether whoever reads has a key of those that it is sealed for, or it is all in clear."""
        sealed_for = self.status().sealed_for
        return not sealed_for or any(key in self._opener.key_ids for key in sealed_for)

    def _any_in_clear(self) -> bool:
        """Whether a row or picture lies unsealed; keys stay when what they held has been sealed."""
        held = " UNION ".join(f"SELECT key_id FROM {one}" for one in ("row", "picture", "segment"))
        unsealed = f"SELECT key_id FROM data_key WHERE centre_key_id = '{UNSEALED}'"
        return bool(self._count(f"SELECT EXISTS ({unsealed} INTERSECT SELECT * FROM ({held}))"))

    def _count(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])

    def rows(self, last: int | None = None, pictures: bool = True) -> Iterator[Opened]:
        """Yield rows in order, at most the last so many, opened as far as the keys go."""
        after = 0
        if last is not None:
            found = self._db.execute(
                "SELECT seq FROM row ORDER BY seq DESC LIMIT 1 OFFSET ?", (last,)
            ).fetchone()
            after = found[0] if found else 0
        for row in read_rows(self._db, after):
            yield self._opened(row, pictures)

    def _opened(self, row: SealedRow, pictures: bool) -> Opened:
        unsent = self._db.execute(
            "SELECT 1 FROM outbox WHERE seq = ? AND priority IN (0, 1)", (row.seq,)
        ).fetchone()
        try:
            return self._open(row, unsent is None, pictures)
        except (SealingError, WireError) as error:
            return Opened(row, unsent is None, None, NO_PICTURES, (), str(error))

    def _open(self, row: SealedRow, sent: bool, pictures: bool) -> Opened:
        place = Place(self.journal_id, row.seq, row.kind)
        record = decode(self._key(row.key_id).open_text(row.body, place))
        found, missing = self._pictures(row.seq) if pictures else ({}, ())
        check_pictures(record, found)
        return Opened(row, sent, record, found, missing)

    def _pictures(self, seq: int) -> tuple[dict[Role, bytes], tuple[Role, ...]]:
        found: dict[Role, bytes] = {}
        missing: list[Role] = []
        for picture, state in stored_pictures(self._db, seq):
            data = None
            if state in (PictureState.PENDING, PictureState.ACKNOWLEDGED):
                data = read_if_there(self._directory, picture)
            if data is None:
                missing.append(picture.role)
                continue
            key = self._key(picture.key_id)
            found[picture.role] = open_picture(key, self.journal_id, picture, data)
        return found, tuple(missing)

    def pictures(self, seq: int) -> dict[Role, bytes]:
        """Return the JPEGs of a row that are still here. Raises SealingError."""
        return self._pictures(seq)[0]

    def _key(self, key_id: int) -> DataKey:
        if key_id not in self._keys:
            sealed = find_key(self._db, key_id)
            if sealed is None:
                raise SealingError(f"its data key {key_id:016x} is missing")
            self._keys[key_id] = self._opener.open_key(sealed, self.journal_id)
        return self._keys[key_id]
