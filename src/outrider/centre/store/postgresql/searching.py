"""Searching and filing in PostgreSQL."""

import contextlib
from collections.abc import Iterator, Sequence

import psycopg

from outrider.centre.store.bounds import Bounds
from outrider.centre.store.columns import month_of
from outrider.centre.store.fixes import Fixes, Seen
from outrider.centre.store.meetings import MARK_BYTES
from outrider.centre.store.postgresql.search_schema import MARK_LAG_US, SETTINGS
from outrider.centre.store.postgresql.sessions import PostgresSession, column_type, placed
from outrider.centre.store.records import StoreError
from outrider.centre.store.search_ports import Cancel, Cancelled
from outrider.centre.store.session import Row, Session

# One plan for a query whatever is asked: planning over a year of weeks takes longer than most
# searches; which weeks are touched is found when it runs.
_FIRST = "'role', 'outrider_searcher'", "'jit', 'off'", "'plan_cache_mode', 'force_generic_plan'"
_SET = "SELECT " + ", ".join(
    [f"set_config({pair}, true)" for pair in _FIRST]
    + [f"set_config('{name}', ?, true)" for name in SETTINGS]
)


class PostgresSearchSession(PostgresSession):
    """A transaction of the role that owns nothing, with its settings made."""

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query, prepared from its first run on."""
        return self._cursor.execute(placed(sql), values, prepare=True).fetchall()

    def among(self, column: str, values: Sequence[object], kind: str) -> tuple[str, object]:
        """Return `column = ANY (array)`."""
        if len(values) == 1:
            return f"{column} = ?::{kind}", values[0]
        return f"{column} = ANY (?::{kind}[])", list(values)

    def among_reads(self, column: str, reads: Sequence[bytes]) -> tuple[str, Sequence[object]]:
        """Return `column = ANY (array)`."""
        return f"{column} = ANY (?::bytea[])", (list(reads),)

    def marks_like(self, pattern: str, most: int) -> list[str]:
        """Return folded marks with a sighting within the bounds."""
        return [vrm for (vrm,) in self.rows("SELECT marks_like(?, ?::integer)", pattern, most)]

    def tracks(self, seen: Seen, where: str, values: Sequence[object], most: int) -> bytes:
        """Return sightings packed: one value, for a million rows are fetched slowly one by one."""
        found = self.one(
            f"{seen.begin()}SELECT string_agg(int8send(at_us) || int4send(camera) || "
            f"convert_to(rpad(counts_as, {MARK_BYTES}), 'UTF8'), ''::bytea) FROM "
            f"(SELECT at_us, camera, counts_as FROM {seen.source} AS seen WHERE {where} "
            "AND octet_length(counts_as) = char_length(counts_as) "
            f"AND char_length(counts_as) <= {MARK_BYTES} LIMIT ?) AS t",
            *seen.values,
            *values,
            most,
        )
        return b"" if found is None or found[0] is None else bytes(found[0])

    def fixed(self, fixes: Fixes) -> tuple[str, Sequence[object], str]:
        """Return corrections as a table made of two arrays."""
        table = "fixed AS (SELECT * FROM unnest(?::bytea[], ?::text[]) AS f (read_id, vrm))"
        return table, (list(fixes), list(fixes.values())), "s.read_id"

    def papers(self) -> contextlib.AbstractContextManager[Session]:
        """Give this transaction itself: the searcher may read papers."""
        return contextlib.nullcontext(self)


def binding(bounds: Bounds) -> tuple[str, tuple[str, ...]]:
    """Return what gives up all rights but the searcher's and sets what it sees, to the end."""
    return _SET, settings(bounds)


def settings(bounds: Bounds) -> tuple[str, ...]:
    """Return the values of SETTINGS. Raises StoreError where a name would be two."""
    box = bounds.area
    corners = ("*",) * 4 if box is None else (box.south, box.west, box.north, box.east)
    return (
        str(bounds.not_before_us),
        str(bounds.not_after_us),
        _listed(bounds.forces),
        _listed(bounds.marks),
        *map(str, corners),
    )


def _listed(names: frozenset[str] | None) -> str:
    if names is None:
        return "*"
    if any("," in name or name == "*" for name in names):
        raise StoreError("a name in the bounds holds a comma or is `*`")
    return ",".join(sorted(names))


@contextlib.contextmanager
def broken_off_by(cancel: Cancel | None, connection: psycopg.Connection) -> Iterator[None]:
    """Let a Cancel break off the block's query. Raises Cancelled."""
    if cancel is None:
        yield
        return
    cancel.watch(connection.cancel)
    try:
        if cancel.cancelled:
            raise Cancelled("broken off before it began")
        yield
    except psycopg.errors.QueryCanceled as error:
        raise Cancelled("broken off") from error
    finally:
        cancel.forget(connection.cancel)


class PostgresFilingSession(PostgresSession):
    """A transaction that files; months are made as they come."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add many rows; months are made as they come."""
        if table == "sighting":
            at = columns.index("at_us")
            for first_us in sorted({month_of(int(str(row[at]))) for row in rows}):
                self.one("SELECT make_sighting_month(?)", first_us)
        if rows:
            # Not COPY: where row-level security is in force PostgreSQL has none.
            arrays = ", ".join(f"?::{column_type(column)}[]" for column in columns)
            self.run(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays})",
                *(list(values) for values in zip(*rows, strict=True)),
            )

    def new_of(self, table: str, keys: Sequence[int]) -> set[int]:
        """Return all: what is opened and what is filed move in one transaction, once."""
        return set(keys)

    def lock_forces(self, *, alone: bool) -> None:
        """Hold an advisory lock until the transaction ends."""
        shared = "" if alone else "_shared"
        self.one(f"SELECT pg_advisory_xact_lock{shared}(1870033522, 4)")

    def note_marks(self, newest_us: dict[str, int]) -> None:
        """Note folded marks, those seen within the last week not again."""
        ordered = sorted(newest_us.items())
        self.run(
            "INSERT INTO mark (vrm, last_us) SELECT * FROM unnest(?::text[], ?::bigint[]) "
            "ON CONFLICT (vrm) DO UPDATE SET last_us = excluded.last_us "
            "WHERE mark.last_us < excluded.last_us - ?",
            [vrm for vrm, _ in ordered],
            [at_us for _, at_us in ordered],
            MARK_LAG_US,
        )
