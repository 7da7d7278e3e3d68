"""Taking the trail out while the centre runs: to a stream, to a file, or for ever."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from outrider import durable
from outrider.centre.audit.lines import as_line, read_file
from outrider.centre.checkpoints.verify import rows_after
from outrider.centre.store.trail import AuditStore
from outrider.wire.canonical import WireError

_BATCH_ROWS = 1000
_LOOK_AGAIN_S = 0.5


def write_file(store: AuditStore, after: int, path: Path) -> int:
    """Write rows to a file as a whole, only its owner's to read; return how many.

    Raises OSError, StoreError; then a file that was there is as it was.
    """
    count = 0
    with durable.whole_file(path) as write:
        for row in rows_after(store, after):
            write(as_line(row))
            count += 1
    return count


def follow(
    store: AuditStore, after: int, write: Callable[[bytes], object], stop: threading.Event
) -> None:
    """Write rows behind a number as they come, until stop. Raises OSError, StoreError."""
    while not stop.is_set():
        lines = b""
        for row in store.audit(after, _BATCH_ROWS):
            lines += as_line(row)
            after = row.number
        if lines:
            write(lines)
        else:
            stop.wait(_LOOK_AGAIN_S)


@contextlib.contextmanager
def kept_file(store: AuditStore, path: Path) -> Iterator[tuple[int, Callable[[bytes], object]]]:
    """Give the last number that a file holds, and what adds to it, synced at each call.

    A last line that was torn is cut off. Raises WireError where the file is no export, or the
    trail no longer holds the file's last row: it was written anew since; OSError, StoreError.
    """
    after = _last_number(store, path) if path.exists() else 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    durable.sync_folder(path.parent)

    def write(lines: bytes) -> None:
        view = memoryview(lines)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)

    try:
        yield after, write
    finally:
        os.close(handle)


def _last_number(store: AuditStore, path: Path) -> int:
    _cut_torn_line(path)
    rows = deque(read_file(path), maxlen=1)
    if not rows:
        return 0
    last = rows[0]
    if [row.hash for row in store.audit(last.number - 1, 1)] != [last.hash]:
        raise WireError(
            f"{path}: row {last.number} is not the trail's: it was written anew, or this is "
            "another centre's file; keep the file, and find out"
        )
    return last.number


def _cut_torn_line(path: Path) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        keep = size
        while keep:
            start = max(0, keep - 4096)
            file.seek(start)
            found = file.read(keep - start).rfind(b"\n")
            if found >= 0:
                keep = start + found + 1
                break
            keep = start
        if keep < size:
            file.truncate(keep)
            os.fsync(file.fileno())
