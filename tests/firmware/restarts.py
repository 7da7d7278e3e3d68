"""Either side killed and restarted at random, while alerts are raised and an officer presses."""

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from outrider.unit.rehearsal.simulator import Built

_ROOT = Path(__file__).resolve().parents[2]
_PRESS_EVERY_S = 0.55
_PRESS_S = 0.12  # a busy machine may give the simulator half of it
_STANDSTILL_S = 60.0


@dataclass
class RestartOutcome:
    """What came of it."""

    restarts: int
    killed_hosts: int = 0
    killed_boards: int = 0
    reset_boards: int = 0
    raised: int = 0
    acknowledged: int = 0
    repeats: int = 0
    unaccounted: int = 0

    def failures(self) -> list[str]:
        """Return what breaks the promise: no alert lost, each recorded once."""
        lost = self.raised - self.acknowledged
        found = {"alerts lost": lost, "actions for hits never raised": self.unaccounted}
        return [f"{count} {what}" for what, count in found.items() if count]


class Restarts:
    """Both processes, and what happens to them."""

    def __init__(self, built: Built, folder: Path, restarts: int, seed: int) -> None:
        self._rng = random.Random(seed)
        self._built = built
        self._port = folder / "port"
        self._database = folder / "hits.db"
        self._pause = threading.Event()
        self.outcome = RestartOutcome(restarts)
        self._board = self._start_board()
        self._host = self._start_host()
        self._next_press_s = time.monotonic()

    def run(self) -> RestartOutcome:
        """Kill and restart, then let the officer finish; end both processes."""
        try:
            self._go_through()
        finally:
            self._kill(self._host)
            self._kill(self._board)
        self._count()
        return self.outcome

    def _go_through(self) -> None:
        for _ in range(self.outcome.restarts):
            for _ in range(self._rng.randint(0, 2)):
                self._tell(self._host, "raise")
                self._live(self._rng.uniform(0.0, 0.3))
            self._live(self._rng.uniform(0.05, 1.2))
            self._misfortune()
        self._drain()

    def _drain(self) -> None:
        """Let the officer press until nothing is open, or nothing has moved for long."""
        left, end_s = self._count_open(), time.monotonic() + _STANDSTILL_S
        while left and time.monotonic() < end_s:
            self._live(0.2)
            now_left = self._count_open()
            if now_left < left:
                left, end_s = now_left, time.monotonic() + _STANDSTILL_S

    def _live(self, seconds: float) -> None:
        """Let time pass; the officer presses acknowledge now and then."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            if time.monotonic() >= self._next_press_s:
                self._tell(self._board, "press acknowledge")
                self._pause.wait(_PRESS_S)
                self._tell(self._board, "release acknowledge")
                self._next_press_s = time.monotonic() + _PRESS_EVERY_S
            self._pause.wait(0.02)

    def _misfortune(self) -> None:
        kind = self._rng.randrange(3)
        if kind == 0:
            self._kill(self._host)
            self._host = self._start_host()
            self.outcome.killed_hosts += 1
        elif kind == 1:
            self._kill(self._board)
            self._live_dead(self._rng.uniform(0.0, 0.5))
            self._board = self._start_board()
            self.outcome.killed_boards += 1
        else:
            self._tell(self._board, self._rng.choice(("reset", "power", "hang", "hang-main")))
            self.outcome.reset_boards += 1

    def _live_dead(self, seconds: float) -> None:
        self._pause.wait(seconds)

    def _start_board(self) -> "subprocess.Popen[str]":
        command = [str(self._built.simulator), "--link", str(self._port), "--reset-on-open"]
        return subprocess.Popen(
            [*command, str(self._built.firmware)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _start_host(self) -> "subprocess.Popen[str]":
        """Return the host once it serves: one that is killed while it loads proves nothing."""
        host = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.firmware.crew_host",
                str(self._port),
                str(self._database),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": f"{_ROOT}:{_ROOT / 'src'}"},
        )
        assert host.stdout is not None
        assert host.stdout.readline() == "serving\n"
        return host

    @staticmethod
    def _tell(process: "subprocess.Popen[str]", words: str) -> None:
        assert process.stdin is not None
        process.stdin.write(words + "\n")
        process.stdin.flush()

    @staticmethod
    def _kill(process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # an order that it never read
                    pipe.close()

    def _count_open(self) -> int:
        self._count()
        return self.outcome.raised - self.outcome.acknowledged

    def _count(self) -> None:
        database = sqlite3.connect(self._database, timeout=10)
        try:
            one = "SELECT COUNT(*) FROM "
            self.outcome.raised = database.execute(one + "hit").fetchone()[0]
            self.outcome.acknowledged = database.execute(
                one + "action WHERE id IN (SELECT id FROM hit)"
            ).fetchone()[0]
            self.outcome.unaccounted = database.execute(
                one + "action WHERE id NOT IN (SELECT id FROM hit)"
            ).fetchone()[0]
            self.outcome.repeats = database.execute(one + "repeat").fetchone()[0]
        finally:
            database.close()
