"""A host that is killed at random: the real SerialAlarm, and hits and actions in SQLite.

Run as a program by restarts.py: crew_host.py PORT DATABASE. Each line on standard input raises a
new hit. What an earlier process left unacknowledged is restored at start, as the unit does from its
journal.
"""

import random
import select
import sqlite3
import sys
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

from outrider.clock import SystemClock
from outrider.records import Hit, Response
from outrider.unit.alarm.serial_alarm import SerialAlarm
from outrider.unit.devices.alarm_serial import open_alarm
from tests.unit.alarm import makers

_ROUND_S = 0.02
_SCHEMA = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS hit (id TEXT
PRIMARY KEY, response TEXT, priority INTEGER, raised_s REAL); CREATE TABLE IF NOT EXISTS action (id
TEXT PRIMARY KEY, kind TEXT); CREATE TABLE IF NOT EXISTS repeat (id TEXT, kind TEXT);
"""


def _hit(hit_id: str, response: str, priority: int) -> Hit:
    return replace(makers.hit(Response(response), priority), hit_id=uuid.UUID(hit_id))


def _restore(database: sqlite3.Connection, alarm: SerialAlarm) -> None:
    query = (
        "SELECT id, response, priority, raised_s FROM hit WHERE id NOT IN (SELECT id FROM action)"
    )
    for hit_id, response, priority, raised_s in database.execute(query).fetchall():
        alarm.restore(_hit(hit_id, response, priority), max(0.0, time.monotonic() - raised_s))


def _raise(database: sqlite3.Connection, alarm: SerialAlarm) -> None:
    row = (str(uuid.uuid4()), random.choice(("stop", "assess", "observe")), random.randint(1, 4))
    alarm.raise_alert(_hit(*row))
    with database:
        database.execute("INSERT INTO hit VALUES (?, ?, ?, ?)", (*row, time.monotonic()))


def _keep_actions(database: sqlite3.Connection, alarm: SerialAlarm) -> None:
    for action in alarm.actions():
        row = (str(action.hit_id), action.kind.value)
        with database:
            new = database.execute("INSERT OR IGNORE INTO action VALUES (?, ?)", row).rowcount
            if not new:
                database.execute("INSERT INTO repeat VALUES (?, ?)", row)


def main() -> None:
    """Serve until standard input ends."""
    database = sqlite3.connect(sys.argv[2])
    database.executescript(_SCHEMA)
    alarm = open_alarm(Path(sys.argv[1]), SystemClock())
    _restore(database, alarm)
    alarm.start(threading.Event())
    print("serving", flush=True)
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], _ROUND_S)
        if ready and not sys.stdin.readline():
            break
        if ready:
            _raise(database, alarm)
        _keep_actions(database, alarm)
    alarm.close()


if __name__ == "__main__":
    main()
