"""A serial port made here: the near end of a pseudo-terminal whose far end has a name."""

import contextlib
import errno
import os
import pty
import tty
from pathlib import Path

from outrider.unit.alarm.interfaces import PortLostError


class PseudoPort:
    """A `BytePort`; whoever opens `path` is at the other end. What nobody reads is dropped."""

    def __init__(self, path: Path) -> None:
        """Make it. Raises PortLostError where the path cannot be made."""
        self._near, far = pty.openpty()
        tty.setraw(far)
        os.set_blocking(self._near, False)
        self._path = path
        try:
            path.unlink(missing_ok=True)
            path.symlink_to(os.ttyname(far))
        except OSError as error:
            raise PortLostError(f"{path}: cannot be made: {error}") from error
        finally:
            os.close(far)

    def fileno(self) -> int:
        """Return the descriptor, for select."""
        return self._near

    def read(self) -> bytes:
        """Return what has come."""
        try:
            return os.read(self._near, 4096)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:  # nobody has the far end open
                return b""
            raise PortLostError(f"{self._path}: {error}") from error

    def write(self, data: bytes) -> None:
        """Send."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._near, data)

    def close(self) -> None:
        """Take the port away."""
        os.close(self._near)
        self._path.unlink(missing_ok=True)
