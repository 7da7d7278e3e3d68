"""What is searched, described once: both databases' tables are made of this, and what fills them.

What only one of them has (partitions, locks, marks by their parts) stands with that database. The
tables are made of this once: a column that comes later is a migration of its own in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Columns = Mapping[str, str]
"""Name -> type as PostgreSQL calls it, with `?` where there may be none; `key`: the row's own."""

SIGHTING: Columns = {
    "row_key": "key", "camera": "integer", "at_us": "bigint", "mark": "text", "vrm": "text",
    "force": "text", "cell": "integer?", "latitude_e7": "integer?", "longitude_e7": "integer?",
    "read_id": "bytea", "confidence": "smallint", "heading": "integer?", "speed": "integer?",
    "direction": "smallint", "clock_ms": "integer", "place_dm": "integer?",
}  # fmt: skip
HIT: Columns = {
    "row_key": "key", "hit_id": "bytea", "read_id": "bytea", "camera": "integer",
    "at_us": "bigint", "vrm": "text", "force": "text", "latitude_e7": "integer?",
    "longitude_e7": "integer?", "listed": "text", "list_name": "text", "response": "text",
    "match_class": "text", "possible": "smallint",
}  # fmt: skip
ANSWER: Columns = {
    "row_key": "key", "hit_id": "bytea", "at_us": "bigint", "action": "text", "note": "text",
}  # fmt: skip
_UNIT_FORCE: Columns = {"unit_id": "text", "force": "text"}
_CAMERA: Columns = {
    "number": "number", "unit_id": "text", "camera_id": "text", "fixed": "smallint",
    "force": "text",
}  # fmt: skip
_ACTIVITY: Columns = {
    "camera": "integer", "force": "text", "square": "integer", "hour": "integer",
    "reads": "integer",
}  # fmt: skip
FILED: tuple[Columns, ...] = (SIGHTING, HIT, ANSWER)

_INDEXES = {
    "sighting_vrm": "sighting (vrm, at_us)",
    "sighting_cell": "sighting (cell, at_us)",
    "sighting_camera": "sighting (camera, at_us)",
    "sighting_read": "sighting (read_id)",
    "hit_time": "hit (at_us)",
    "hit_mark": "hit (vrm, at_us)",
    "hit_own": "hit (hit_id)",
    "answer_hit": "answer (hit_id)",
    "activity_hour": "activity (hour, square)",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database says it.

    types: of columns where it calls them otherwise; key, number: the row's own key, and a number
    that the database gives; narrow: behind a table that is its primary key; parted: behind one
    that is kept in parts by time.
    """

    types: Mapping[str, str]
    key: str
    number: str
    narrow: str = ""
    parted: str = ""

    def column(self, name: str, kind: str) -> str:
        """Return the column's definition."""
        if kind in ("key", "number"):
            return f"{name} {self.key if kind == 'key' else self.number}"
        base = kind.removesuffix("?")
        return f"{name} {self.types.get(base, base)}{'' if kind.endswith('?') else ' NOT NULL'}"

    def table(self, name: str, columns: Columns, rule: str = "", behind: str = "") -> str:
        """Return the statement that makes a table."""
        parts = [self.column(*one) for one in columns.items()] + [rule] * bool(rule)
        return f"CREATE TABLE {name} ({', '.join(parts)}){behind};\n"


# Version 2: a unit changes hands, and its earlier reads stay whose they were.
FORCES_BY_TIME = (
    "CREATE TABLE unit_force_since (unit_id {text} NOT NULL, from_us bigint NOT NULL, "
    "force {text} NOT NULL, PRIMARY KEY (unit_id, from_us));\n"
    "INSERT INTO unit_force_since SELECT unit_id, 0, force FROM unit_force;\n"
    "DROP TABLE unit_force;\n"
)
# Version 3: a hit may come before its read, or without it; whether a camera read is looked up by
# the camera, or by the place, and never by going through all hours of all cameras.
BY_READ_AND_CAMERA = (
    "CREATE INDEX hit_read ON hit (read_id);\n"
    "DROP INDEX activity_hour;\n"
    "CREATE INDEX activity_camera ON activity (camera, hour);\n"
    "CREATE INDEX activity_square ON activity (square, hour);\n"
)


def statements(dialect: Dialect) -> str:
    """Return what makes the tables and indexes that both databases have."""
    narrow = dialect.narrow
    tables = (
        dialect.table("unit_force", _UNIT_FORCE, "PRIMARY KEY (unit_id)", narrow),
        dialect.table("camera", _CAMERA, "UNIQUE (unit_id, camera_id)"),
        dialect.table("sighting", SIGHTING, behind=dialect.parted),
        dialect.table("hit", HIT),
        dialect.table("answer", ANSWER),
        dialect.table("activity", _ACTIVITY, "PRIMARY KEY (camera, square, hour)", narrow),
    )
    indexes = (f"CREATE INDEX {name} ON {on};\n" for name, on in _INDEXES.items())
    return "".join((*tables, *indexes))
