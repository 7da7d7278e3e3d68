"""Made-up sightings by the million: vehicles with homes and ways, cameras that stand.

Every number follows from its place in the row of reads, so that the same call makes the same rows
in PostgreSQL (by SQL, 10 M in minutes) and in SQLite.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import psycopg

from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.columns import DAY_US, MONTH_US, month_of, to_us
from outrider.centre.store.filed import Camera, FiledRead
from outrider.records import uuid7

NOW_US = to_us(datetime(2026, 11, 21, 12, tzinfo=UTC))
FORCES = ("eastshire", "northshire", "westshire")
CAMERAS = 600
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXY"
_BATCH = 20_000
_DOCKED_US = 8 * 3_600_000_000  # reads come when units dock: in the order of time, to some hours

_INDEXES = {
    "sighting_vrm": "(vrm, at_us)",
    "sighting_cell": "(cell, at_us)",
    "sighting_camera": "(camera, at_us)",
    "sighting_read": "(read_id)",
}

# A mark of the current family from a vehicle's number; few letters fold, so mark and vrm are one.
_MARK = """
    substr(l, (v / 7 % 22)::int + 1, 1) || substr(l, (v / 154 % 22)::int + 1, 1)
    || lpad((v * 7 % 25 + 51)::text, 2, '0') || substr(l, (v / 3388 % 22)::int + 1, 1)
    || substr(l, (v / 74536 % 22)::int + 1, 1) || substr(l, (v / 25 % 22)::int + 1, 1)
"""
_FILL = f"""
INSERT INTO sighting SELECT
    n AS row_key, camera, at_us, translate(mark, 'OI', '01'), translate(mark, 'OI', '01'), force,
    (latitude_e7 / 100000 + 9000) * 36001 + floor(longitude_e7 / 100000.0)::int + 18000,
    latitude_e7, longitude_e7, decode(lpad(to_hex(at_us / 1000), 12, '0') || '7000' ||
    lpad(to_hex(n), 16, '8'), 'hex'), 900 + n % 100, n % 360, 1340, 0, 0, 50
FROM (SELECT n, at_us, v, camera, (ARRAY['eastshire','northshire','westshire'])[camera % 3 + 1]
    AS force, {_MARK} AS mark,
    513000000 + (camera * 7919 % 400) * 15000 + (random() * 4000)::int AS latitude_e7,
    -9000000 + (camera * 104729 % 600) * 20000 + (random() * 4000)::int AS longitude_e7
    FROM (SELECT n, %(first)s + least(%(span)s, greatest(0, (
            (n - %(from_n)s)::float8 / (%(to_n)s - %(from_n)s + 1) * %(span)s
            + (random() - 0.5) * {_DOCKED_US})))::bigint AS at_us, v,
        1 + (v %% 97 * 6 + (random() * 12)::int) %% {CAMERAS} AS camera,
        '{_LETTERS}'::text AS l
        FROM (SELECT n, (power(random(), 2.5) * %(vehicles)s)::bigint AS v
            FROM generate_series(%(from_n)s::bigint, %(to_n)s::bigint) AS n) AS a) AS b) AS c
""".replace(" % ", " %% ")


def fill_postgres(url: str, reads: int, days: int = 365) -> None:
    """Fill an empty database of ours with so many reads of so many days. Raises psycopg.Error."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO outrider")
        connection.execute("SET synchronous_commit TO off")
        connection.execute("SET maintenance_work_mem TO '512MB'")
        for name in _INDEXES:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(
            "INSERT INTO camera (unit_id, camera_id, fixed, force) SELECT 'unit-' || n, 'front', 1,"
            " (ARRAY['eastshire','northshire','westshire'])[n % 3 + 1] "
            f"FROM generate_series(1, {CAMERAS}) AS n"
        )
        connection.execute("SELECT setseed(0.42)")
        _fill_months(connection, reads, days)
        for name, columns in _INDEXES.items():
            connection.execute(f"CREATE INDEX {name} ON sighting {columns}")
        connection.execute("INSERT INTO mark SELECT vrm, max(at_us) FROM sighting GROUP BY vrm")
        connection.execute(
            "INSERT INTO activity SELECT camera, min(force), (latitude_e7 / 1000000 + 900) * 3601 "
            "+ floor(longitude_e7 / 1000000.0)::int + 1800 AS square, at_us / 3600000000 AS hour, "
            "count(*) FROM sighting GROUP BY camera, square, hour"
        )
        connection.execute("VACUUM ANALYZE sighting, mark, activity")


def _fill_months(connection: psycopg.Connection, reads: int, days: int) -> None:
    first = NOW_US - days * DAY_US
    edges = [first]
    while (following := month_of(edges[-1]) + MONTH_US) < NOW_US:
        edges.append(following)
    edges.append(NOW_US)
    done = 0
    for begin, end in pairwise(edges):
        connection.execute("SELECT make_sighting_month(%s)", (month_of(begin),))
        upto = round(reads * (end - first) / (NOW_US - first))
        values = {"first": begin, "span": end - begin - 1, "vehicles": _vehicles(reads)}
        connection.execute(_FILL, values | {"from_n": done + 1, "to_n": upto})
        done = upto


def _vehicles(reads: int) -> int:
    return max(1000, reads // 5)


def mark_of(v: int) -> str:
    """Return the mark of a vehicle by its number."""
    letters = _LETTERS
    return (
        letters[v // 7 % 22] + letters[v // 154 % 22] + f"{v * 7 % 25 + 51:02d}"
        + letters[v // 3388 % 22] + letters[v // 74536 % 22] + letters[v // 25 % 22]
    )  # fmt: skip


def made_up(reads: int, days: int = 365, seed: int = 42, first: int = 1) -> Iterator[FiledRead]:
    """Yield so many reads of so many days, in no order."""
    rng = random.Random(seed)
    vehicles = _vehicles(reads)
    for n in range(first, first + reads):
        v = int(rng.random() ** 2.5 * vehicles)
        camera = 1 + (v % 97 * 6 + int(rng.random() * 12)) % CAMERAS
        at_us = NOW_US - 1 - int(rng.random() * days * DAY_US)
        yield FiledRead(
            n,
            Camera(f"unit-{camera}", "front", True, FORCES[camera % 3]),
            at_us,
            mark_of(v),
            513_000_000 + (camera * 7919 % 400) * 15_000 + int(rng.random() * 4000),
            -9_000_000 + (camera * 104729 % 600) * 20_000 + int(rng.random() * 4000),
            uuid7(at_us * 1000, n).bytes,
            900 + n % 100,
            n % 360,
            1340,
            0,
            0,
            50,
        )


def fill_store(store: CentreStore, reads: int, days: int = 365) -> None:
    """File so many reads through the store. Raises StoreError."""
    batch: list[FiledRead] = []
    for row in made_up(reads, days):
        batch.append(row)
        if len(batch) == _BATCH:
            store.file(batch)
            batch.clear()
    store.file(batch)
