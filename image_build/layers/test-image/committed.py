#!/usr/bin/python3
"""Tells the second serial line each row of the journal as soon as another process can see it.

SQLite shows a commit to others only when it is on the disk (WAL, synchronous=FULL), so a number
that is told here must be there after any power cut.
"""

import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

JOURNAL = Path("/var/lib/outrider/load/journal/journal.sqlite3")
_EVERY_S = 0.5


def rows(after: int) -> list[tuple[int, str]]:
    """Return number and hash of the rows after one. Errors: sqlite3.Error."""
    with closing(sqlite3.connect(f"file:{JOURNAL}?mode=ro", uri=True)) as connection:
        asked = "SELECT seq, hex(hash) FROM row WHERE seq > ? ORDER BY seq"
        found: list[tuple[int, str]] = connection.execute(asked, (after,)).fetchall()
    return found


def main() -> None:
    """Tell, until it is stopped; once for a list of all with `--list`."""
    if "--list" in sys.argv:
        for number, digest in rows(0) if JOURNAL.exists() else ():
            print(f"row {number} {digest[:16]}")
        return
    last, wait = 0, threading.Event()
    with Path("/dev/ttyS1").open("w", encoding="ascii") as line:
        while not wait.wait(_EVERY_S):
            try:
                new = rows(last)
            except sqlite3.Error:  # the unit is making it, or at work on it: asked again
                continue
            for number, digest in new:
                print(f"COMMITTED {number} {digest[:16]}", file=line, flush=True)
                last = number


if __name__ == "__main__":
    main()
