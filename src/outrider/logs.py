"""What a log may hold, and how the programs log.

**The policy.** No registration mark, position, name, warning marker, reason or officer's note
stands in any log, at any level, for a log outlives what it tells of and is read by other people
than those who may see a read. So:

* a log line is made of our own words, numbers, paths, and names of parts, lists and identifiers;
* of an exception that came from content (a list's row, a record, a sentence of the receiver) it
  says the kind and the place (line, row, entry number), never the value;
* a traceback holds places in the code, and what an exception says only where it comes from the
  system or SQLite, which speak of paths and codes;
* reads and hits are printed on a terminal, or where somebody asked for them, and never where
  standard output is the system's log.

`tests/core/test_log_policy.py` checks the calls, `tests/fault/test_card_search.py` what a run
leaves behind, system log included.
"""

import logging
import os
import socket
import sqlite3
import stat
import sys
import threading
import traceback
from types import TracebackType
from typing import TextIO

from outrider.shown import LogLines

# Tell each request with its path: pictures on a metered line tell of a hit.
_TALKATIVE = ("httpx", "httpcore")
_MAY_SPEAK = (OSError, sqlite3.Error)
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Formatter(LogLines):
    """Formats a traceback without the values in it."""

    def formatException(self, ei: _ExcInfo) -> str:
        """Return a traceback that holds no content."""
        return "" if ei[1] is None else bare_traceback(ei[1])


def bare_traceback(error: BaseException) -> str:
    """Return where an exception came from, cause first; its text only where that is harmless."""
    parts: list[str] = []
    met: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in met:
        met.add(id(one))
        frames = "".join(traceback.format_tb(one.__traceback__))
        said = f": {one}" if isinstance(one, _MAY_SPEAK) else ""
        parts.append(f"{frames}{type(one).__name__}{said}")
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\n".join(reversed(parts))


def start(verbose: bool) -> None:
    """Log to standard error by the policy; also what ends a thread or the program."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _program_died
    threading.excepthook = _thread_died


def _program_died(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    logging.getLogger("outrider").critical("ended by a fault", exc_info=(kind, error, trace))


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is None or isinstance(died.exc_value, SystemExit):
        return
    name = died.thread.name if died.thread is not None else "?"
    info = (died.exc_type, died.exc_value, died.exc_traceback)
    logging.getLogger("outrider").critical("thread %s ended by a fault", name, exc_info=info)


def is_where_the_log_goes(stream: TextIO) -> bool:
    """Return whether a stream goes to the same terminal, pipe or file as the log does."""
    try:
        first, second = os.fstat(stream.fileno()), os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False  # closed, or in memory
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)


def is_system_log(stream: TextIO) -> bool:
    """Return whether a stream goes to journald: what is printed there is kept, and not by us."""
    try:
        handle = stream.fileno()
        found = os.fstat(handle)
    except (OSError, ValueError):
        return False  # closed, or a stream in memory
    if not stat.S_ISSOCK(found.st_mode):
        return False
    if os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}":
        return True
    with socket.socket(fileno=os.dup(handle)) as line:
        try:
            peer = line.getpeername()
        except OSError:
            return False
    return isinstance(peer, str) and peer.startswith("/run/systemd/journal")
