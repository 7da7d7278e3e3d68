"""What is searched in PostgreSQL, and the second lock: row-level security under a poor role.

`outrider_searcher` owns nothing and may change nothing here. What it sees of each table is bound by
settings of its transaction; one that is not set is an error, not an open door. The tables' owner
is bound as well (FORCE), by a policy of its own that lets it file and erase.
"""

from outrider.centre.store.search_tables import Dialect, statements

# Empty lists stand for "none"; `*` for "all". (SELECT ...): taken once a query, not once a row.
_IN_SCOPE = """
    {t}at_us >= (SELECT current_setting('outrider.not_before_us')::bigint)
    AND {t}at_us <= (SELECT current_setting('outrider.not_after_us')::bigint)
    AND ((SELECT current_setting('outrider.forces')) = '*'
         OR {t}force = ANY (
            (SELECT string_to_array(current_setting('outrider.forces'), ','))::text[]))
    AND ((SELECT current_setting('outrider.marks')) = '*'
         OR {t}vrm = ANY (
            (SELECT string_to_array(current_setting('outrider.marks'), ','))::text[]))
    AND ((SELECT current_setting('outrider.south_e7')) = '*' OR (
         {t}latitude_e7 >= (SELECT nullif(current_setting('outrider.south_e7'), '*')::integer)
         AND {t}latitude_e7 <= (SELECT nullif(current_setting('outrider.north_e7'), '*')::integer)
         AND {t}longitude_e7 >= (SELECT nullif(current_setting('outrider.west_e7'), '*')::integer)
         AND {t}longitude_e7 <= (SELECT nullif(current_setting('outrider.east_e7'), '*')::integer)))
"""
SETTINGS = (
    "outrider.not_before_us", "outrider.not_after_us", "outrider.forces", "outrider.marks",
    "outrider.south_e7", "outrider.west_e7", "outrider.north_e7", "outrider.east_e7",
)  # fmt: skip

_DIALECT = Dialect(
    types={},
    key="bigint NOT NULL",
    number="integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    parted=" PARTITION BY RANGE (at_us)",
)
_TABLES = f"""
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA outrider;
{statements(_DIALECT)}CREATE TABLE mark (vrm text PRIMARY KEY, last_us bigint NOT NULL);
CREATE INDEX mark_parts ON mark USING gin (vrm gin_trgm_ops);
"""

# A mark seen within the last week is not noted again for every read: last_us may lag by so much.
MARK_LAG_US = 7 * 86_400_000_000

_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION make_sighting_month(made_first_us bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = outrider, pg_temp AS $$
DECLARE
    week_us CONSTANT bigint := 7 * 86400 * 1000000::bigint;
    monday_us CONSTANT bigint := 4 * 86400 * 1000000::bigint;
    name text;
BEGIN
    IF (made_first_us - monday_us) % (4 * week_us) <> 0 THEN
        RAISE EXCEPTION 'no four weeks: %', made_first_us;
    END IF;
    IF EXISTS (SELECT FROM week WHERE part = 'sighting' AND first_us = made_first_us) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(1870033522, 2);
    IF EXISTS (SELECT FROM week WHERE part = 'sighting' AND first_us = made_first_us) THEN
        RETURN;
    END IF;
    name := 'sighting' || to_char(to_timestamp(made_first_us / 1000000) AT TIME ZONE 'UTC',
                                  '_YYYY_MM_DD');
    EXECUTE format('CREATE TABLE %I (LIKE sighting INCLUDING ALL)', name);
    EXECUTE format('ALTER TABLE sighting ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                   name, made_first_us, made_first_us + 4 * week_us);
    INSERT INTO week VALUES ('sighting', made_first_us);
END $$;

-- Marks by their parts run through an index that a row's policy would keep from being used; so this
-- runs as the owner, and holds every mark against the settings itself.
CREATE FUNCTION marks_like(pattern text, most integer) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outrider, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
    SELECT vrm FROM mark WHERE vrm LIKE pattern AND ((
        last_us BETWEEN current_setting('outrider.not_before_us')::bigint
                    AND current_setting('outrider.not_after_us')::bigint
        AND current_setting('outrider.forces') = '*' AND current_setting('outrider.marks') = '*'
        AND current_setting('outrider.south_e7') = '*'
    ) OR EXISTS (SELECT FROM sighting AS s WHERE s.vrm = mark.vrm AND {_IN_SCOPE.format(t="s.")}))
    ORDER BY vrm LIMIT most
$$;
"""

_LOCKS = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'outrider_searcher') THEN
        BEGIN
            CREATE ROLE outrider_searcher NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this server has just made it
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'outrider_searcher', 'MEMBER') THEN
        GRANT outrider_searcher TO CURRENT_USER;
    END IF;
END $$;
GRANT USAGE ON SCHEMA outrider TO outrider_searcher;
GRANT SELECT ON schema_version, camera, sighting, hit, answer, activity TO outrider_searcher;
GRANT SELECT ON journal, present, gap, chain_break, unit TO outrider_searcher;
GRANT SELECT, INSERT ON audit TO outrider_searcher;
REVOKE ALL ON FUNCTION marks_like, make_sighting_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION marks_like TO outrider_searcher;
GRANT EXECUTE ON FUNCTION make_sighting_month TO outrider_opener;
GRANT SELECT, INSERT, UPDATE ON camera, mark, activity TO outrider_opener;
GRANT SELECT ON unit_force TO outrider_opener;
GRANT SELECT, INSERT ON sighting, hit, answer TO outrider_opener;

ALTER TABLE sighting ENABLE ROW LEVEL SECURITY;
ALTER TABLE sighting FORCE ROW LEVEL SECURITY;
ALTER TABLE hit ENABLE ROW LEVEL SECURITY;
ALTER TABLE hit FORCE ROW LEVEL SECURITY;
ALTER TABLE answer ENABLE ROW LEVEL SECURITY;
ALTER TABLE answer FORCE ROW LEVEL SECURITY;
ALTER TABLE activity ENABLE ROW LEVEL SECURITY;
ALTER TABLE activity FORCE ROW LEVEL SECURITY;
CREATE POLICY files ON sighting TO outrider_opener, CURRENT_USER USING (true);
CREATE POLICY files ON hit TO outrider_opener, CURRENT_USER USING (true);
CREATE POLICY files ON answer TO outrider_opener, CURRENT_USER USING (true);
CREATE POLICY files ON activity TO outrider_opener, CURRENT_USER USING (true);
CREATE POLICY in_scope ON sighting FOR SELECT TO outrider_searcher USING ({_IN_SCOPE.format(t="")});
CREATE POLICY in_scope ON hit FOR SELECT TO outrider_searcher USING ({_IN_SCOPE.format(t="")});
CREATE POLICY in_scope ON answer FOR SELECT TO outrider_searcher
    USING (EXISTS (SELECT FROM hit WHERE hit.hit_id = answer.hit_id));
CREATE POLICY in_scope ON activity FOR SELECT TO outrider_searcher USING (
    hour >= (SELECT current_setting('outrider.not_before_us')::bigint / 3600000000)
    AND hour <= (SELECT current_setting('outrider.not_after_us')::bigint / 3600000000)
    AND ((SELECT current_setting('outrider.forces')) = '*' OR force = ANY (
        (SELECT string_to_array(current_setting('outrider.forces'), ','))::text[])));
"""

SEARCH_1 = _TABLES + _FUNCTIONS + _LOCKS
