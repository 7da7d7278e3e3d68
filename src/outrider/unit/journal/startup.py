"""What is looked at before the journal is written again: damage is found, set apart and counted."""

import contextlib
import logging
import sqlite3
from pathlib import Path

from outrider.unit.journal import schema
from outrider.unit.journal.database import add_to_counter, record_gaps, transaction
from outrider.unit.journal.salvage import finish_interrupted, is_damage, salvage
from outrider.unit.journal.scan import scan_segments
from outrider.unit.journal.segments import FOLDER, SET_APART, PictureState, path_of, sync_folder
from outrider.unit.journal.verify import read_rows

_log = logging.getLogger(__name__)


def prepare(directory: Path) -> int | None:
    """Check the journal as the last run or power cut left it, and set damage apart.

    A database that is damaged, or gone although what stands beside it tells of one, is salvaged
    into a new one; a row that is not what was written is taken out of the way with its number
    kept; pictures that are gone are marked; files that no row names are set apart where they hold
    a whole picture, else removed. Returns how many numbers are unaccounted for where the database
    was gone, else None. Raises OSError, sqlite3.Error, JournalError.
    """
    finish_interrupted(directory)
    (directory / FOLDER).mkdir(mode=0o700, exist_ok=True)
    gone = salvage(directory) if schema.is_gone(directory) else None
    if (directory / schema.DATABASE).exists() and not _is_sound(directory):
        salvage(directory)
    with contextlib.closing(schema.open_database(directory)) as db:
        sync_folder(directory)  # the database's own name must survive a cut
        _isolate_rows(db)
        _mark_lost_pictures(db, directory)
        _set_orphans_apart(db, directory)
    return gone


def _is_sound(directory: Path) -> bool:
    try:
        with contextlib.closing(schema.open_database(directory)) as db:
            return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.Error as error:
        if is_damage(error):
            _log.error("journal: %s: %s", directory, error)
            return False
        raise


def _isolate_rows(db: sqlite3.Connection) -> None:
    """Set apart rows that are to be sent but are not what was written, and say which."""
    journal_id = schema.journal_id(db)
    unsent = {seq for (seq,) in db.execute("SELECT seq FROM outbox")}
    damaged = [
        row.seq for row in read_rows(db) if row.seq in unsent and not row.is_whole(journal_id)
    ]
    if not damaged:
        return
    _log.error("journal: damaged rows are set apart: see `outrider journal verify`")
    with transaction(db):
        record_gaps(db, damaged, "damaged")
        for seq in damaged:
            db.execute("INSERT INTO damaged_row SELECT * FROM row WHERE seq = ?", (seq,))
            _keep_chain(db, seq)
            for table in ("row", "picture", "outbox", "crew_row"):
                db.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,))
        add_to_counter(db, "lost_rows", len(damaged))


def _keep_chain(db: sqlite3.Connection, seq: int) -> None:
    """Take the damaged row's true hash from the row after it, where there is one."""
    following = db.execute("SELECT previous FROM row WHERE seq = ?", (seq + 1,)).fetchone()
    if following is not None:
        db.execute("UPDATE gap SET last_hash = ? WHERE last_seq = ?", (following[0], seq))


def _mark_lost_pictures(db: sqlite3.Connection, directory: Path) -> None:
    lost: list[tuple[int, int]] = []
    ends = db.execute(
        "SELECT segment, max(offset + length) FROM picture WHERE state = ? GROUP BY segment",
        (PictureState.PENDING,),
    ).fetchall()
    for segment, end in ends:
        path = path_of(directory, segment)
        size = path.stat().st_size if path.exists() else 0
        if size < end:
            lost.append((segment, size))
    for segment, size in lost:
        with transaction(db):
            count = db.execute(
                "UPDATE picture SET state = ? "
                "WHERE segment = ? AND state = ? AND offset + length > ?",
                (PictureState.DAMAGED, segment, PictureState.PENDING, size),
            ).rowcount
            add_to_counter(db, "lost_pictures", count)
        _log.error("journal: segment %d ends early: %d pictures are lost", segment, count)


def _set_orphans_apart(db: sqlite3.Connection, directory: Path) -> None:
    """Move segments that no row names out of the way; the centre's key opens what is in them.

    A cut between picture and row leaves one, and so does a database that was lost or put back.
    """
    known = {number for (number,) in db.execute("SELECT number FROM segment")}
    _, pictures = scan_segments(directory)
    whole = {picture.segment for some in pictures.values() for picture in some}
    for path in (directory / FOLDER).glob("[0-9]*.seg"):
        number = int(path.stem)
        if number in known:
            continue
        if number not in whole:
            _log.info("journal: removing %s, which holds nothing whole", path.name)
            path.unlink()
            continue
        place = directory / SET_APART
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = place / path.name
        while target.exists():
            target = target.with_name(f"{target.stem}-again.seg")
        path.rename(target)
        _log.warning("journal: %s, which no row names, is in %s", path.name, place)
