"""Both databases for every test of the store: the same tests hold both to the same interface."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outrider.bench.postgres_cluster import Cluster, NoPostgres, running
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real server in a temporary folder. Where it must be and is not, that is an error."""
    try:
        with running() as found:
            yield found
    except NoPostgres as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def shared_database(cluster: Cluster) -> str:
    """The URL of a database that tests use one after another: making one takes longer than most."""
    url = cluster.url(cluster.new_database())
    open_store(url).close()
    return url


def empty(url: str) -> None:
    """Forget all that a database holds but its tables and weeks."""
    with psycopg.connect(url) as connection:
        # As a replica the server does not run triggers: this is how the audit trail lets go.
        connection.execute("SET session_replication_role TO replica")
        for (table,) in connection.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace "
            "WHERE nspname = 'outrider' AND relkind IN ('r', 'p') AND NOT relispartition "
            "AND relname NOT IN ('schema_version', 'week')"
        ).fetchall():
            connection.execute(f"DELETE FROM outrider.{table}")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that holds nothing."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'store'}"
    found: str = request.getfixturevalue("shared_database")
    empty(found)
    return found


@pytest.fixture
def store(url: str) -> Iterator[CentreStore]:
    """A store that holds nothing."""
    opened = open_store(url)
    yield opened
    opened.close()
