"""A real gpsd of our own on a private port, its receiver a pseudo-terminal fed from here.

For the demonstration and the tests: what the unit meets is gpsd itself, only the sky is ours.
"""

import os
import pty
import shutil
import socket
import subprocess
import threading
import tty
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType

from outrider.clock import Clock
from outrider.drive.nmea_text import epoch
from outrider.records import Fix
from outrider.sources import SourceError

NS_PER_S = 1_000_000_000
HOST = "127.0.0.1"
_START_S = 10.0
_TRY_S = 0.02


class GpsdFeeder:
    """Starts gpsd and feeds it; a context manager that stops it at the end.

    Raises SourceError where gpsd is not installed or does not start.
    """

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self._master_fd, self._slave_fd = pty.openpty()
        tty.setraw(self._slave_fd)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "GpsdFeeder":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def receiver(self) -> str:
        """Path of the pseudo-terminal that gpsd takes for the receiver's serial port."""
        return os.ttyname(self._slave_fd)

    def start(self) -> None:
        """Start gpsd, and wait until it takes connections."""
        # -N: in the foreground; -n: read without waiting for a client; -b: write nothing to the
        # receiver, as nobody reads it there; -S: our own port.
        command = [_gpsd_path(), "-N", "-n", "-b", "-S", str(self.port), self.receiver]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._await_connections(self._process)

    def _await_connections(self, process: subprocess.Popen[bytes]) -> None:
        pause = threading.Event()
        for _ in range(round(_START_S / _TRY_S)):
            if process.poll() is not None:
                raise SourceError(f"gpsd ended at once with status {process.returncode}")
            try:
                socket.create_connection((HOST, self.port), 1.0).close()
            except ConnectionRefusedError:
                pause.wait(_TRY_S)
            else:
                return
        self.kill()
        raise SourceError(f"gpsd takes no connection on port {self.port} within {_START_S:g} s")

    def feed(self, text: str) -> None:
        """Send sentences as the receiver would."""
        os.write(self._master_fd, text.encode("ascii"))

    def play(self, fixes: Iterable[Fix], clock: Clock, stop: threading.Event) -> None:
        """Feed fixes at their own pace until they end or stop is set, in the time of day of now."""
        start_ns = clock.mono_ns()
        first_ns: int | None = None
        for fix in fixes:
            first_ns = fix.mono_ns if first_ns is None else first_ns
            due_ns = start_ns + fix.mono_ns - first_ns
            if stop.wait(max(0.0, (due_ns - clock.mono_ns()) / NS_PER_S)):
                return
            self.feed(epoch(replace(fix, utc_ns=clock.stamp(due_ns).utc_ns)))

    def signal(self, number: int) -> None:
        """Send gpsd a signal (SIGSTOP stalls it, SIGCONT lets it go on)."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End gpsd at once, as a crash would; the receiver goes on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End gpsd and let go of the pseudo-terminal; may be called twice."""
        self.kill()
        for descriptor in (self._master_fd, self._slave_fd):
            if descriptor >= 0:
                os.close(descriptor)
        self._master_fd = self._slave_fd = -1


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _gpsd_path() -> str:
    found = shutil.which("gpsd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SourceError("gpsd is not installed: apt-get install gpsd")
    return found
