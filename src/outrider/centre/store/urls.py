"""Which database a URL names."""

from pathlib import Path

from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import StoreError
from outrider.centre.store.session import Backend
from outrider.clock import Clock, SystemClock

_SCHEMES = ("postgresql://", "postgres://")


def open_store(url: str, clock: Clock | None = None, connections: int = 4) -> CentreStore:
    """Open a store, made or brought to this version where needed.

    url: `sqlite:FOLDER`, or `postgresql://USER@HOST/DATABASE` as libpq has it; the role of one part
    of the centre with `?options=-c%20role%3Doutrider_intake`. clock: for the time in audit events
    of the store's own. connections: at most so many at once, where the database has such.

    Raises StoreError where the URL is none of these, a newer version made what is there, or it
    cannot be opened.
    """
    return CentreStore(_backend(url, connections), clock if clock is not None else SystemClock())


def _backend(url: str, connections: int) -> Backend:
    if url.startswith("sqlite:") and url != "sqlite:":
        from outrider.centre.store.sqlite.backend import SqliteBackend

        return SqliteBackend(Path(url.removeprefix("sqlite:")))
    if url.startswith(_SCHEMES):
        # Needs the extra `centre`; a centre on SQLite does not.
        from outrider.centre.store.postgresql.backend import PostgresBackend

        return PostgresBackend(url, connections)
    raise StoreError(
        f"{url.partition('@')[2] or url!r}: no store's URL; use sqlite:FOLDER or "
        "postgresql://USER@HOST/DATABASE"
    )
