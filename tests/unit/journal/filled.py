"""Journals filled through the real writer, for tests that then harm or read them."""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from outrider.clock import SystemClock
from outrider.records import Hit, Read
from outrider.unit.journal import SealedJournal
from outrider.unit.journal.space import Space
from outrider.unit.settings.sections import JournalSettings
from outrider.wire.sealing import CentrePrivateKey
from tests.unit.journal import makers

CENTRE = CentrePrivateKey.generate()


def settings_for(
    directory: Path, centre: CentrePrivateKey = CENTRE, **changes: object
) -> JournalSettings:
    """Return settings that seal to the centre's key, with small segments and no ballast."""
    key_file = directory.parent / f"centre-{centre.public.key_id}.key"
    if not key_file.exists():
        centre.public.write(key_file)
    defaults = {
        "centre_public_key": key_file,
        "segment_mb": 1,
        "min_free_mb": 1,
        "ballast_mb": 0,
        "commit_within_s": 0.05,
    }
    return JournalSettings.model_validate(defaults | changes)


def fill(
    directory: Path,
    records: Iterable[Read | Hit],
    space: Space | None = None,
    centre: CentrePrivateKey = CENTRE,
    **changes: object,
) -> SealedJournal:
    """Write records into a journal and close it; return it, closed, for its counts."""
    settings = settings_for(directory, centre, **changes)
    journal = SealedJournal(directory, settings, SystemClock(), live=True, space=space)
    journal.start(threading.Event())
    for record in records:
        if isinstance(record, Hit):
            journal.put_hit(*makers.pictured(record))
        else:
            journal.put_read(*makers.pictured(record))
    journal.close()
    return journal


def reads(
    first: int, count: int, patch_bytes: int = 2_000, overview_bytes: int = 9_000
) -> list[Read]:
    """Return so many reads from a number on."""
    return [
        makers.read(number, patch_bytes=patch_bytes, overview_bytes=overview_bytes)
        for number in range(first, first + count)
    ]


def query(directory: Path, sql: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
    """Run a statement on a journal that nobody is writing, and commit."""
    db = sqlite3.connect(directory / "journal.sqlite3")
    try:
        with db:
            return db.execute(sql, values).fetchall()
    finally:
        db.close()
