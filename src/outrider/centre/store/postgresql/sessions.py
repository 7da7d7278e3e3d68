"""Transactions of PostgreSQL, and rows in bulk by COPY."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, LiteralString

import psycopg
from psycopg_pool import ConnectionPool

from outrider.centre.store.postgresql.schema import migrate
from outrider.centre.store.records import StoreError, UnfitError
from outrider.centre.store.search_tables import FILED
from outrider.centre.store.session import Row

_CONNECT_S = 10
_PATIENCE_S = 5.0
_RECONNECT_S = 2.0
# What COPY in binary must know of columns that are not bigint.
_TYPES = {
    "journal": "int4", "kind": "int2", "role": "int2", "latitude_e7": "int4",
    "longitude_e7": "int4", "vrm": "text", "list_name": "text", "previous": "bytea",
    "hash": "bytea", "body": "bytea", "pictures": "bytea", "read_id": "bytea", "hit_id": "bytea",
    "record": "bytea", "digest": "bytea", "data": "bytea",
}  # fmt: skip
_BINARY = {"integer": "int4", "smallint": "int2", "text": "text", "bytea": "bytea"}
for _columns in FILED:
    _TYPES |= {n: _BINARY[k.strip("?")] for n, k in _columns.items() if k.strip("?") in _BINARY}


def column_type(column: str) -> str:
    """Return the type of a column of ours."""
    return _TYPES.get(column, "int8")


@lru_cache(maxsize=256)
def placed(sql: str) -> LiteralString:
    """Return a statement with the placeholders of psycopg; values never stand in the text."""
    return sql.replace("?", "%s")


class PostgresSession:
    """One transaction's way to the database."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self._cursor = connection.cursor(binary=True)

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query."""
        return self._cursor.execute(placed(sql), values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """Return the first row of a query."""
        return self._cursor.execute(placed(sql), values).fetchone()

    def run(self, sql: str, *values: object) -> int:
        """Change something; return how many rows it changed."""
        return self._cursor.execute(placed(sql), values).rowcount

    def each(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for every row of values."""
        values = list(rows)
        if len(values) == 1:
            self._cursor.execute(placed(sql), values[0])
        elif values:
            self._cursor.executemany(placed(sql), values)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add many rows by COPY in binary."""
        if not rows:
            return
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with self._cursor.copy(statement) as copy:
            copy.set_types([column_type(column) for column in columns])
            for row in rows:
                copy.write_row(row)


@contextlib.contextmanager
def translated(what: str, where: str) -> Iterator[None]:
    """Turn every error of the database into a StoreError that says what and where.

    A value that it does not take is an UnfitError: the content's fault, not the store's.
    """
    try:
        yield
    except (psycopg.DataError, OverflowError, UnicodeError) as error:
        raise UnfitError(f"cannot {what}: {type(error).__name__}") from error
    except psycopg.Error as error:
        raise StoreError(f"{where}: cannot {what}: {_said(error)}") from error


def _said(error: psycopg.Error) -> str:
    """Return what an error is, without its DETAIL and CONTEXT: they quote the row, mark and all."""
    if isinstance(error, psycopg.IntegrityError):
        return f"{type(error).__name__} {error.diag.constraint_name or ''}".strip()
    return (error.diag.message_primary or str(error)).strip()


class Pool:
    """Connections to one database, as many as needed up to a limit."""

    def __init__(self, url: str, connections: int) -> None:
        """Connect, and bring the tables to this version. Raises StoreError."""
        self.where = _where(url)
        with translated("open the store", self.where):
            with psycopg.connect(url, connect_timeout=_CONNECT_S, autocommit=True) as connection:
                migrate(connection, self.where)
            self._pool = ConnectionPool(
                url,
                min_size=1,
                max_size=connections,
                timeout=_PATIENCE_S,
                # Soon given up, so that the next call tries at once: a pool that waits ever longer
                # would stay away for minutes from a server that is back.
                reconnect_timeout=_RECONNECT_S,
                kwargs={"autocommit": True, "connect_timeout": _CONNECT_S},
                configure=_configure,
                check=ConnectionPool.check_connection,
                open=False,
            )
            self._pool.open(wait=True, timeout=_CONNECT_S)

    @contextlib.contextmanager
    def transaction(
        self, what: str, begin: LiteralString, first: str = "", values: Sequence[object] = ()
    ) -> Iterator[PostgresSession]:
        """Hold a transaction: all of the block is committed, or none of it. Raises StoreError.

        first: a statement that goes to the server together with the transaction's beginning.
        """
        with translated(what, self.where), self._pool.connection() as connection:
            try:
                if first:
                    with connection.pipeline():
                        connection.execute(begin)
                        connection.execute(placed(first), values, prepare=True)
                else:
                    connection.execute(begin)
                yield PostgresSession(connection)
            except BaseException:
                with contextlib.suppress(psycopg.Error):  # the first error is the one to report
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def vacuum(self, tables: Sequence[str]) -> None:
        """Take what was deleted out of tables and indexes; not from under who still reads it.

        Raises StoreError.
        """
        with translated("clear what was erased", self.where), self._pool.connection() as connection:
            for table in tables:
                connection.execute(placed(f"VACUUM {table}"))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _configure(connection: psycopg.Connection) -> None:
    connection.execute("SET search_path TO outrider, pg_temp")
    connection.execute("SET synchronous_commit TO on")
    connection.execute("SET TIME ZONE 'UTC'")


def _where(url: str) -> str:
    """Return what may be said of a URL: no password."""
    try:
        parts: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise StoreError(f"no URL that PostgreSQL understands: {str(error).strip()}") from error
    return f"postgresql {parts.get('dbname', '')} on {parts.get('host', 'this machine')}"
