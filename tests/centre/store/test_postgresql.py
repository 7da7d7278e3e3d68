"""What only PostgreSQL has: roles, weeks, a server that dies, a schema with a version."""

from datetime import timedelta

import psycopg
import pytest

from outrider.bench.postgres_cluster import Cluster
from outrider.centre.store import open_store
from outrider.centre.store.postgresql.sessions import translated
from outrider.centre.store.records import StoreError
from outrider.records import Role
from tests.centre.store.makers import ARRIVED, journal, open_all, send, send_pictures
from tests.unit.journal import makers

AS_INTAKE = "options=-c%20role%3Doutrider_intake"
AS_OPENER = "options=-c%20role%3Doutrider_opener"


@pytest.fixture
def database(cluster: Cluster) -> str:
    """A database of the test's own, without tables."""
    return cluster.new_database()


def test_each_service_does_its_part_with_its_role(cluster: Cluster, database: str) -> None:
    """The intake takes all that units send, the opener opens it, each as the role it is given."""
    open_store(cluster.url(database)).close()
    intake = open_store(cluster.url(database, AS_INTAKE))
    opener = open_store(cluster.url(database, AS_OPENER))
    unit = journal(4)
    send(intake, unit, unit.rows[:3])
    send_pictures(intake, unit, unit.rows[:2])
    opener.set_aside(unit.journal_id, 3, "no key")
    opener.retry_set_aside()
    open_all(opener)
    assert send(intake, unit, unit.rows) == b"1 stored, 3 duplicates"
    assert send_pictures(intake, unit, unit.rows) == b"4 stored, 4 duplicates"
    assert len(opener.find(makers.read(1).read_id)) == 1
    assert opener.picture(unit.journal_id, 1, Role.PATCH) is not None
    for store in (intake, opener):
        assert len(store.audit()) == 4
        store.close()


def test_an_error_of_the_database_quotes_no_row(cluster: Cluster, database: str) -> None:
    """What a constraint refuses is told by the constraint's name: the rest may be a mark."""
    with psycopg.connect(cluster.url(database)) as db:
        db.execute("CREATE TABLE kept (vrm text CONSTRAINT short CHECK (length(vrm) < 3) UNIQUE)")
        db.execute("INSERT INTO kept VALUES ('AB')")
        for vrm, name in (("AB12CDE", "short"), ("AB", "kept_vrm_key")):
            with pytest.raises(StoreError) as caught, translated("keep", "here"), db.transaction():
                db.execute("INSERT INTO kept VALUES (%s)", (vrm,))
            assert name in str(caught.value)
            assert "AB" not in str(caught.value)


def test_the_intake_cannot_read_what_was_opened(cluster: Cluster, database: str) -> None:
    """With the intake's role nothing that was read comes out, nor may it open, erase or rewrite."""
    owner = open_store(cluster.url(database))
    intake = open_store(cluster.url(database, AS_INTAKE))
    unit = journal(2)
    send(intake, unit, unit.rows)
    found = open_all(owner)
    for call in (
        lambda: intake.records(unit.journal_id, 1, 9),
        lambda: intake.find(makers.read(1).read_id),
        lambda: intake.opened(found),
        lambda: intake.set_aside(unit.journal_id, 1, "no"),
        lambda: intake.expire(ARRIVED + timedelta(days=99)),
    ):
        with pytest.raises(StoreError, match="permission denied"):
            call()
    with psycopg.connect(cluster.url(database, AS_INTAKE), autocommit=True) as connection:
        for column in ("vrm", "record", "body", "latitude_e7", "exposed_us", "read_id"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT {column} FROM outrider.opened")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM outrider.opened_2026_11_16")
    owner.close()
    intake.close()


def test_the_opener_cannot_enrol_or_erase(cluster: Cluster, database: str) -> None:
    """The opening service lets nobody in and erases nothing."""
    open_store(cluster.url(database)).close()
    opener = open_store(cluster.url(database, AS_OPENER))
    with pytest.raises(StoreError, match="permission denied"):
        opener.add_ticket("unit-7", bytes(32), ARRIVED)
    with pytest.raises(StoreError, match="permission denied"):
        send(opener, journal(), [])
    with pytest.raises(StoreError, match="permission denied"):
        opener.expire(ARRIVED)
    opener.close()


@pytest.mark.parametrize("change", ["UPDATE {} SET event = ''", "DELETE FROM {}", "TRUNCATE {}"])
def test_nobody_changes_the_trail(cluster: Cluster, shared_database: str, change: str) -> None:
    """Not even the tables' owner changes or erases a row of the audit trail."""
    store = open_store(shared_database)
    send(store, journal(), [])
    store.close()
    with (
        psycopg.connect(shared_database) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="only ever added to"),
    ):
        connection.execute(change.format("outrider.audit"))


def test_weeks_are_made_and_dropped_whole(cluster: Cluster, database: str) -> None:
    """Each week of exposures has a partition, made when needed, and goes as a whole."""
    store = open_store(cluster.url(database))
    unit = journal(1)
    for week in (1, 2):
        unit.add(*makers.pictured(makers.read(week * 7 * 864_000)))
    send(store, unit, unit.rows, arrived_at=ARRIVED + timedelta(days=20))
    open_all(store)

    def weeks() -> list[str]:
        with psycopg.connect(cluster.url(database)) as connection:
            found = connection.execute(
                "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
                "WHERE inhparent = 'outrider.opened'::regclass ORDER BY 1"
            )
            return [name for (name,) in found]

    names = [f"opened_2026_{day}" for day in ("11_16", "11_23", "11_30")]
    assert weeks() == names
    assert store.expire(ARRIVED + timedelta(days=6)) == 1
    assert weeks() == names[1:]
    assert [o.sealed.row.seq for o in store.records(unit.journal_id, 1, 9)] == [2, 3]
    store.close()


def test_a_newer_schema_is_refused(cluster: Cluster, database: str) -> None:
    """Tables that a newer version made are left alone, and the error says so."""
    open_store(cluster.url(database)).close()
    with psycopg.connect(cluster.url(database)) as connection:
        connection.execute("INSERT INTO outrider.schema_version VALUES (99)")
    with pytest.raises(StoreError, match=r"newer version \(99, this program knows \d+\)"):
        open_store(cluster.url(database))


@pytest.mark.usefixtures("shared_database")  # which makes the roles, as for a whole server
def test_tables_are_the_owners_to_make(cluster: Cluster, database: str) -> None:
    """A service that comes before the owner is told what to do, and makes nothing."""
    with pytest.raises(StoreError, match="let their owner open the store once"):
        open_store(cluster.url(database, AS_INTAKE))


def test_a_database_that_is_not_there() -> None:
    """No server: an error that says where, without the password."""
    with pytest.raises(StoreError, match=r"outrider on /nowhere: cannot open") as error:
        open_store("postgresql://me:geheim@/outrider?host=/nowhere")
    assert "geheim" not in str(error.value)
    for bad in ("mysql://x", "sqlite:", "postgresql://[", ""):
        with pytest.raises(StoreError, match="URL"):
            open_store(bad)


def test_a_server_that_goes_away(cluster: Cluster, database: str) -> None:
    """While the server is gone calls fail with StoreError; when it is back, they go on."""
    store = open_store(cluster.url(database))
    unit = journal(6)
    given = send(store, unit, unit.rows[:3])
    cluster.stop()
    with pytest.raises(StoreError, match="cannot store rows"):
        send(store, unit, unit.rows)
    cluster.start()
    assert given == b"3 stored, 0 duplicates"
    assert send(store, unit, unit.rows) == b"3 stored, 3 duplicates"
    assert len(store.audit()) == 2
    store.close()
