"""How much room the journal has, and the ballast that keeps a little back for the worst day."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
_BALLAST = "ballast"


def free_bytes(directory: Path) -> int:
    """Return the bytes that an ordinary process may still write on the file system."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def used_bytes(directory: Path) -> int:
    """Return the bytes that the folder's files hold, segments included."""
    total = 0
    for folder in (directory, directory / "segments", directory / "quarantine" / "segments"):
        if folder.is_dir():
            total += sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())
    return total


@dataclass(frozen=True, slots=True)
class Space:
    """The room that the settings leave to the journal, in bytes; max_bytes None: no cap."""

    directory: Path
    min_free_bytes: int
    max_bytes: int | None = None
    free: Callable[[Path], int] = free_bytes

    def left(self) -> int:
        """Return how much may still be written; negative where room must be made."""
        return self._left(self.min_free_bytes, self.max_bytes)

    def left_before_loss(self) -> int:
        """Return how much may be written before what the centre does not have must go.

        A quarter of the reserve, or a tenth over the cap, lies between the first and the second.
        """
        cap = None if self.max_bytes is None else self.max_bytes * 11 // 10
        return self._left(self.min_free_bytes // 4, cap)

    def _left(self, reserve: int, cap: int | None) -> int:
        left = self.free(self.directory) - reserve
        return left if cap is None else min(left, cap - used_bytes(self.directory))


class Ballast:
    """A file that holds room back, given up when the disk is full.

    On a full disk even erasing needs room: the database writes before it frees.
    """

    def __init__(self, directory: Path, size_bytes: int) -> None:
        self._path = directory / _BALLAST
        self._size_bytes = size_bytes

    def fill(self) -> bool:
        """Take the room; False where there is none now. Raises OSError for other faults."""
        if self._size_bytes == 0 or self._holds() >= self._size_bytes:
            return True
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, self._size_bytes)
        except OSError as error:
            self.release()
            if error.errno != errno.ENOSPC:
                raise
            return False
        finally:
            os.close(handle)
        return True

    def _holds(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def release(self) -> bool:
        """Give the room up; False where nothing was held."""
        held = self._holds() > 0
        self._path.unlink(missing_ok=True)
        return held
