"""The real programs as processes: started, watched, killed, started again.

A program that is killed hundreds of times is forked from here, with its modules read already: what
Python does before the first line of ours is the same each time, takes most of a short life, and has
no state to lose. From its first line on it is as the command is, a process of its own.
"""

import contextlib
import importlib
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from outrider import cli

END_S = 60.0
OUTRIDER = (sys.executable, "-m", "outrider.cli")


class EndedByItselfError(AssertionError):
    """A program that was to run until it is killed has ended: with what, and its last words."""


def outrider(*words: str | Path) -> str:
    """Run a command; return what it printed. Raises EndedByItselfError where it fails."""
    command = [*OUTRIDER, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=END_S, check=False)
    if done.returncode:
        raise EndedByItselfError(f"{' '.join(command)}: {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


class Abandonable(Protocol):
    """What must not outlive a campaign that fails."""

    def abandon(self) -> None:
        """End it in any state."""
        ...


class _Process:
    """A process that was forked here to run a command."""

    def __init__(self, words: Sequence[str], log: Path) -> None:
        importlib.import_module(cli.COMMANDS[words[0]].module)
        sys.stdout.flush()
        sys.stderr.flush()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _become(words, log)

    def poll(self) -> int | None:
        """Return its exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, within_s: float) -> int:
        """Wait until it has ended; return its exit status. Raises EndedByItselfError."""
        if self.poll() is None:
            handle = os.pidfd_open(self.pid)
            try:
                select.select([handle], [], [], within_s)
            finally:
                os.close(handle)
        status = self.poll()
        if status is None:
            raise EndedByItselfError(f"process {self.pid} runs on after {within_s:.0f} s")
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)


def _become(words: Sequence[str], log: Path) -> NoReturn:
    """Run a command in place of whatever was forked; never return."""
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for standard in (1, 2):
            os.dup2(handle, standard)
        os.closerange(3, 4096)
        # What stood in their place may write to a file that is closed now: pytest's capture does.
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1) for number in (1, 2))
        random.seed()
        status = cli.main(words)
    finally:
        os._exit(status)


class Program:
    """A command of ours that runs until it is killed."""

    def __init__(self, name: str, log: Path, *words: str | Path) -> None:
        self.name = name
        self._words = [*map(str, words)]
        self._log = log
        self._process: _Process | None = None

    def start(self) -> None:
        """Start it; it may need a while before it is of use."""
        self._process = _Process(self._words, self._log)

    def check(self) -> None:
        """Raise EndedByItselfError where it does not run any more."""
        process = self._running()
        if process.poll() is not None:
            words = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise EndedByItselfError(f"{self.name} ended: {process.returncode}: {words}")

    def memory_mib(self) -> float:
        """Return how much memory it holds (VmRSS), MiB."""
        status = Path(f"/proc/{self._running().pid}/status").read_text(encoding="ascii")
        line = next(one for one in status.splitlines() if one.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def kill(self) -> None:
        """SIGKILL it."""
        self.check()
        process = self._running()
        process.send_signal(signal.SIGKILL)
        process.wait(END_S)

    def end(self) -> None:
        """Ask it to end, as systemd does. Raises EndedByItselfError where it ends otherwise."""
        self.check()
        process = self._running()
        process.send_signal(signal.SIGTERM)
        if process.wait(END_S) not in (0, -signal.SIGTERM):
            self.check()

    def abandon(self) -> None:
        """End it in any state, when a campaign fails."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(END_S)

    def _running(self) -> _Process:
        if self._process is None:
            raise AssertionError(f"{self.name} was not started")
        return self._process


@contextlib.contextmanager
def abandoning(*programs: Abandonable) -> Iterator[None]:
    """Leave no process behind."""
    try:
        yield
    finally:
        for program in programs:
            program.abandon()


def wait_listening(program: Program, port: int) -> None:
    """Wait until a program that was started takes connections. Raises EndedByItselfError."""
    pause = threading.Event()
    for _ in range(int(END_S / 0.1)):
        program.check()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.1)
    raise EndedByItselfError(f"{program.name} does not listen at {port} after {END_S:.0f} s")


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens at now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
