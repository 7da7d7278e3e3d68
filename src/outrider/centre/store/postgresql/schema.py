"""The tables in PostgreSQL, their migrations, and what each of the two roles may do.

All in a schema of its own, `outrider`. Its owner makes it and erases what is old; the intake and
the opening service connect with roles that are granted no more than their part: the intake stores
and receipts, and of what is opened it sees only numbers, hashes and the digests of sealed pictures.
"""

import psycopg

from outrider.centre.store import papers
from outrider.centre.store.postgresql.search_schema import SEARCH_1
from outrider.centre.store.records import StoreError
from outrider.centre.store.search_tables import BY_READ_AND_CAMERA, FORCES_BY_TIME
from outrider.wire.read_record import RecordKind

_SEALED_COLUMNS = """
    journal integer NOT NULL, seq bigint NOT NULL, kind smallint NOT NULL, key_id bigint NOT NULL,
    previous bytea NOT NULL, hash bytea NOT NULL, body bytea NOT NULL, pictures bytea NOT NULL,
    arrived_us bigint NOT NULL
"""

_TABLES_1 = f"""
CREATE TABLE unit (
    unit_id text PRIMARY KEY, signing_key bytea NOT NULL, enrolled_us bigint NOT NULL,
    revoked_us bigint, revoked_why text NOT NULL
);
CREATE TABLE ticket (
    code_digest bytea PRIMARY KEY, unit_id text NOT NULL, expires_us bigint NOT NULL,
    used_us bigint, signing_key bytea, tls_key bytea
);
CREATE TABLE certificate (
    serial text PRIMARY KEY, unit_id text NOT NULL, not_after_us bigint NOT NULL, revoked_us bigint
);
CREATE TABLE upload (
    unit_id text NOT NULL, upload_id bytea NOT NULL, kind text NOT NULL, sha256 bytea NOT NULL,
    receipt bytea NOT NULL, arrived_us bigint NOT NULL, PRIMARY KEY (unit_id, upload_id)
);
CREATE TABLE journal (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, journal_id bytea NOT NULL UNIQUE,
    unit_id text NOT NULL, last_upload_us bigint NOT NULL, last_skew_s double precision NOT NULL,
    last_clock_quality text NOT NULL, pictures_due bigint NOT NULL
);
CREATE TABLE present (
    journal integer NOT NULL, first_seq bigint NOT NULL, last_seq bigint NOT NULL,
    first_previous bytea NOT NULL, last_hash bytea NOT NULL, PRIMARY KEY (journal, first_seq)
);
CREATE TABLE gap (
    journal integer NOT NULL, first_seq bigint NOT NULL, last_seq bigint NOT NULL,
    last_hash bytea NOT NULL, cause text NOT NULL, PRIMARY KEY (journal, first_seq, last_seq)
);
CREATE TABLE chain_break (
    journal integer NOT NULL, seq bigint NOT NULL, PRIMARY KEY (journal, seq)
);
CREATE TABLE data_key (
    journal integer NOT NULL, key_id bigint NOT NULL, centre_key_id text NOT NULL,
    sealed bytea NOT NULL, last_us bigint NOT NULL, PRIMARY KEY (journal, key_id)
);
CREATE TABLE waiting (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {_SEALED_COLUMNS},
    UNIQUE (journal, seq)
);
CREATE INDEX waiting_hits ON waiting (number) WHERE kind = {int(RecordKind.HIT)};
CREATE TABLE set_aside ({_SEALED_COLUMNS}, why text NOT NULL, PRIMARY KEY (journal, seq));
CREATE TABLE due (
    journal integer NOT NULL, seq bigint NOT NULL, pictures bytea NOT NULL,
    arrived_us bigint NOT NULL, PRIMARY KEY (journal, seq)
);
CREATE TABLE audit (
    number bigint PRIMARY KEY, event bytea NOT NULL, previous bytea NOT NULL, hash bytea NOT NULL
);
CREATE TABLE week (part text NOT NULL, first_us bigint NOT NULL, PRIMARY KEY (part, first_us));

CREATE TABLE opened (
    journal integer NOT NULL, seq bigint NOT NULL, kind smallint NOT NULL,
    filed_us bigint NOT NULL, exposed_us bigint NOT NULL, read_id bytea, hit_id bytea, vrm text,
    latitude_e7 integer, longitude_e7 integer, list_name text, key_id bigint NOT NULL,
    previous bytea NOT NULL, hash bytea NOT NULL, body bytea NOT NULL, pictures bytea NOT NULL,
    arrived_us bigint NOT NULL, record bytea NOT NULL, PRIMARY KEY (journal, seq, filed_us)
) PARTITION BY RANGE (filed_us);
CREATE INDEX opened_read ON opened (read_id) WHERE read_id IS NOT NULL;
CREATE INDEX opened_hit ON opened (hit_id) WHERE hit_id IS NOT NULL;
CREATE INDEX opened_vrm ON opened (vrm, exposed_us) WHERE vrm IS NOT NULL;
CREATE INDEX opened_time ON opened (exposed_us);

CREATE TABLE picture (
    journal integer NOT NULL, seq bigint NOT NULL, role smallint NOT NULL, key_id bigint NOT NULL,
    digest bytea NOT NULL, data bytea NOT NULL, arrived_us bigint NOT NULL,
    PRIMARY KEY (journal, seq, role, arrived_us)
) PARTITION BY RANGE (arrived_us);
ALTER TABLE picture ALTER COLUMN data SET STORAGE EXTERNAL; -- noise: compressing it is in vain
"""

# A partition is made apart and then attached: that waits for nobody who reads, an export for hours
# included, as CREATE TABLE ... PARTITION OF would.
_FUNCTIONS_1 = """
CREATE FUNCTION make_week(made_part text, made_first_us bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = outrider, pg_temp AS $$
DECLARE
    week_us CONSTANT bigint := 7 * 86400 * 1000000::bigint;
    monday_us CONSTANT bigint := 4 * 86400 * 1000000::bigint;
    name text;
BEGIN
    IF EXISTS (SELECT FROM week WHERE part = made_part AND first_us = made_first_us) THEN
        RETURN;
    END IF;
    IF made_part NOT IN ('opened', 'picture') OR (made_first_us - monday_us) % week_us <> 0 THEN
        RAISE EXCEPTION 'no week of %: %', made_part, made_first_us;
    END IF;
    PERFORM pg_advisory_xact_lock(1870033522, 2);
    IF EXISTS (SELECT FROM week WHERE part = made_part AND first_us = made_first_us) THEN
        RETURN;
    END IF;
    name := made_part || to_char(to_timestamp(made_first_us / 1000000) AT TIME ZONE 'UTC',
                                 '_YYYY_MM_DD');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, made_part);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                   made_part, name, made_first_us, made_first_us + week_us);
    INSERT INTO week VALUES (made_part, made_first_us);
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only ever added to';
END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

_ROLES_1 = """
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['outrider_intake', 'outrider_opener'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this server has just made it
            END;
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION make_week FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_week TO outrider_intake, outrider_opener;
GRANT USAGE ON SCHEMA outrider TO outrider_intake, outrider_opener;
GRANT SELECT ON schema_version, week TO outrider_intake, outrider_opener;
GRANT SELECT, INSERT ON audit TO outrider_intake, outrider_opener;

GRANT SELECT, INSERT, UPDATE, DELETE ON unit, ticket, certificate TO outrider_intake;
GRANT SELECT, INSERT ON upload TO outrider_intake;
GRANT SELECT, INSERT, UPDATE ON journal, data_key TO outrider_intake;
GRANT SELECT, INSERT, UPDATE, DELETE ON present, gap, chain_break, due TO outrider_intake;
GRANT SELECT, INSERT ON waiting, picture TO outrider_intake;
GRANT SELECT ON set_aside TO outrider_intake;
GRANT SELECT (journal, seq, hash, pictures) ON opened TO outrider_intake;

GRANT SELECT ON unit, journal, data_key, picture TO outrider_opener;
GRANT SELECT, INSERT, UPDATE, DELETE ON waiting, set_aside TO outrider_opener;
GRANT SELECT, INSERT ON opened TO outrider_opener;
"""

# A journal is known by its epochs. erased: what is remembered of rows whose time was over, the
# first 16 bytes of each hash, so that a row that comes again is known without its content.
_TABLES_2 = """
ALTER TABLE journal DROP CONSTRAINT journal_journal_id_key;
ALTER TABLE journal
    ADD COLUMN epoch bytea, ADD COLUMN first_seq bigint NOT NULL DEFAULT 1,
    ADD COLUMN after_epoch bytea, ADD COLUMN after_seq bigint, ADD COLUMN after_hash bytea,
    ADD COLUMN begun_us bigint NOT NULL DEFAULT 0, ADD COLUMN grown_us bigint NOT NULL DEFAULT 0;
UPDATE journal SET epoch = journal_id, begun_us = last_upload_us, grown_us = last_upload_us;
ALTER TABLE journal ALTER COLUMN epoch SET NOT NULL, ADD UNIQUE (epoch);
CREATE INDEX journal_epochs ON journal (journal_id);
CREATE TABLE erased (
    journal integer NOT NULL, first_seq bigint NOT NULL, last_seq bigint NOT NULL,
    marks bytea NOT NULL, PRIMARY KEY (journal, first_seq, last_seq)
);
GRANT SELECT ON erased TO outrider_intake;
"""

_PAPERS_1 = (
    papers.TABLE.format(text="text", blob="bytea")
    + "GRANT SELECT, INSERT ON paper TO outrider_searcher;"
)

# Damaged rows are found out here: the intake is granted no body of what is opened, and may remove
# no row but one that is not what its hash says. The hash is that of `outrider.wire.chain`.
_DAMAGED_1 = f"""
CREATE FUNCTION row_is_whole(
    journal_id bytea, seq bigint, kind smallint, key_id bigint, previous bytea, hash bytea,
    body bytea, pictures bytea
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT hash = sha256(
        convert_to('outrider row 2', 'UTF8') || decode('00', 'hex') || int8send(seq) || previous
        || journal_id || substring(int2send(kind) FROM 2) || int8send(key_id)
        || substring(int4send(length(pictures) / 45) FROM 4) || pictures || body)
$$;
CREATE FUNCTION whole_opened(of_journal integer, from_seq bigint, to_seq bigint)
RETURNS TABLE (seq bigint, hash bytea, pictures bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outrider, pg_temp AS $$
    SELECT o.seq, o.hash, o.pictures FROM opened o JOIN journal j ON j.number = o.journal
    WHERE o.journal = of_journal AND o.seq BETWEEN from_seq AND to_seq AND row_is_whole(
        j.journal_id, o.seq, o.kind, o.key_id, o.previous, o.hash, o.body, o.pictures)
$$;
CREATE FUNCTION drop_damaged(of_journal integer, seqs bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = outrider, pg_temp AS $$
DECLARE
    part text;
    gone record;
BEGIN
    FOREACH part IN ARRAY ARRAY['waiting', 'set_aside'] LOOP
        EXECUTE format(
            'DELETE FROM %I r USING journal j WHERE j.number = r.journal AND r.journal = $1 '
            'AND r.seq = ANY($2) AND NOT row_is_whole(j.journal_id, r.seq, r.kind, r.key_id, '
            'r.previous, r.hash, r.body, r.pictures)', part) USING of_journal, seqs;
    END LOOP;
    FOR gone IN
        DELETE FROM opened r USING journal j WHERE j.number = r.journal AND r.journal = of_journal
        AND r.seq = ANY(seqs) AND NOT row_is_whole(j.journal_id, r.seq, r.kind, r.key_id,
            r.previous, r.hash, r.body, r.pictures)
        RETURNING r.kind, r.hash, r.read_id, r.hit_id
    LOOP -- what is filed of it is filed again when it is opened again
        DELETE FROM sighting WHERE gone.kind = {int(RecordKind.READ)} AND read_id = gone.read_id;
        DELETE FROM hit WHERE gone.kind = {int(RecordKind.HIT)} AND hit_id = gone.hit_id;
        DELETE FROM answer WHERE hit_id = gone.hit_id AND row_key = (
            'x' || encode(substring(gone.hash FROM 1 FOR 8), 'hex'))::bit(64)::bigint;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION whole_opened, drop_damaged FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whole_opened, drop_damaged TO outrider_intake, outrider_opener;
"""

_FORCES_1 = (
    FORCES_BY_TIME.format(text="text") + "GRANT SELECT ON unit_force_since TO outrider_opener;"
)

MIGRATIONS = (
    _TABLES_1 + _FUNCTIONS_1 + _ROLES_1, _TABLES_2, SEARCH_1, _PAPERS_1, _DAMAGED_1, _FORCES_1,
    papers.UNTIL_INDEX + BY_READ_AND_CAMERA,
)  # fmt: skip
_MIGRATING = "SELECT pg_advisory_xact_lock(1870033522, 3)"


def migrate(connection: psycopg.Connection, where: str) -> None:
    """Bring the database to this version, if its owner connects; else only look.

    Raises StoreError where it is of a newer version, or older and not ours to change.
    """
    if _version(connection, where) == len(MIGRATIONS):
        return
    try:
        with connection.transaction():
            connection.execute(_MIGRATING)
            _apply(connection, _version(connection, where))
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            f"{where}: the tables are not there, or of an older version: let their owner open the "
            f"store once, who may make the schema and the roles ({error.diag.message_primary})"
        ) from error


def _version(connection: psycopg.Connection, where: str) -> int:
    found = connection.execute("SELECT to_regclass('outrider.schema_version')").fetchone()
    if found is None or found[0] is None:
        return 0
    row = connection.execute("SELECT max(version) FROM outrider.schema_version").fetchone()
    version = int(row[0] or 0) if row is not None else 0
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{where}: made by a newer version ({version}, this program knows {len(MIGRATIONS)}): "
            "update outrider"
        )
    return version


def _apply(connection: psycopg.Connection, version: int) -> None:
    if version == 0:
        connection.execute("CREATE SCHEMA IF NOT EXISTS outrider")
    connection.execute("SET LOCAL search_path TO outrider")
    if version == 0:
        connection.execute(
            "CREATE TABLE schema_version (version integer PRIMARY KEY, "
            "applied_at timestamptz NOT NULL DEFAULT now())"
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute(script)
        connection.execute("INSERT INTO schema_version (version) VALUES (%s)", (number,))
