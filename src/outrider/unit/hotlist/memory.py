"""A folder in memory, for what must be a file for a moment and may not touch the card."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_IN_MEMORY = {"tmpfs", "ramfs"}


class NoMemoryFolderError(OSError):
    """The machine has no file system in memory that may be written."""


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Give an empty folder in memory, for its owner alone, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="outrider-", dir=_place()) as name:
        yield Path(name)


def _place() -> Path:
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    kinds = {line.split()[1]: line.split()[2] for line in mounts}
    given = os.environ.get("RUNTIME_DIRECTORY", "")
    for place in (given, "/dev/shm", "/run"):
        if place and os.access(place, os.W_OK) and _kind_of(place, kinds) in _IN_MEMORY:
            return Path(place)
    raise NoMemoryFolderError("no folder in memory may be written: mount a tmpfs at /dev/shm")


def _kind_of(place: str, kinds: dict[str, str]) -> str:
    path = Path(place).resolve()
    holds = next((str(one) for one in (path, *path.parents) if str(one) in kinds), "/")
    return kinds.get(holds, "")
