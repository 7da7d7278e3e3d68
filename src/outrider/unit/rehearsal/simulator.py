"""Runs the real firmware in the simulator, its UART on a pseudo-terminal, its pins traced.

The simulator (`firmware/alarm/sim`) and the program (`alarm.elf`) are looked for in the folder that
the environment variable OUTRIDER_ALARM_SIM names, then in `firmware/alarm/build` of the source
tree.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from outrider.clock import said_duration

_PACKAGES = "gcc-avr avr-libc libsimavr-dev libelf-dev gcc make"
_START_LIMIT_S = 10.0


class NoSimulatorError(Exception):
    """The simulator or the firmware is not built; the message says what to install and run."""


@dataclass(frozen=True, slots=True)
class Built:
    """Where the simulator and the firmware are."""

    simulator: Path
    firmware: Path


def find() -> Built:
    """Return where both are. Raises NoSimulatorError."""
    named = os.environ.get("OUTRIDER_ALARM_SIM")
    tree = Path(__file__).resolve().parents[4] / "firmware/alarm/build"
    folder = Path(named) if named else tree
    built = Built(folder / "alarm-sim", folder / "alarm.elf")
    for path in (built.simulator, built.firmware):
        if not path.is_file():
            raise NoSimulatorError(
                f"{path}: not there; `apt-get install {_PACKAGES}`,"
                " then `make -C firmware/alarm all`"
            )
    return built


@dataclass(frozen=True, slots=True)
class PinEvent:
    """A change on the board. what: red, amber, green (value 0 or 1), tone (Hz, 0: silence), reset.

    time_us is simulated time; for a tone it is the time of its first (or last) edge.
    """

    time_us: int
    what: str
    value: int


class Simulator:
    """A simulated board. `port` stays the same while it is unplugged and plugged in again."""

    def __init__(
        self,
        process: "subprocess.Popen[str]",
        port: Path,
        folder: "tempfile.TemporaryDirectory[str]",
    ):
        self._process = process
        self._folder = folder
        self._events: list[PinEvent] = []
        self._plugs = 0
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="alarm-sim", daemon=True)
        self.port = port
        self._reader.start()

    def __enter__(self) -> Self:
        """Return the running simulator."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.close()

    def order(self, words: str) -> None:
        """Give an order: press NAME, supply MV, reset, ... (all in firmware/alarm/README.md)."""
        stdin = self._pipe(self._process.stdin)
        stdin.write(words + "\n")
        stdin.flush()

    def press(self, button: str) -> None:
        """Close a button's contact: acknowledge, misread, dismiss or test."""
        self.order(f"press {button}")

    def release(self, button: str) -> None:
        """Open a button's contact."""
        self.order(f"release {button}")

    def events(self) -> list[PinEvent]:
        """Return every change so far."""
        with self._changed:
            return list(self._events)

    def wait_for(
        self, wanted: Callable[[PinEvent], bool], timeout_s: float, since: int = 0
    ) -> PinEvent:
        """Return the first event that is wanted, from the event numbered `since` on.

        Raises TimeoutError where none comes in time.
        """
        with self._changed:
            self._changed.wait_for(lambda: any(map(wanted, self._events[since:])), timeout_s)
            for event in self._events[since:]:
                if wanted(event):
                    return event
        raise TimeoutError(f"nothing of the kind on the pins within {said_duration(timeout_s)}")

    def wait_plugged(self, times: int, timeout_s: float = _START_LIMIT_S) -> None:
        """Wait until the board has been plugged in so many times. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._plugs >= times, timeout_s):
                raise TimeoutError(f"{self.port}: the simulator made no pseudo-terminal")

    def pause(self) -> None:
        """Stop it where it stands, as a unit dies that says nothing more."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._process.kill()
        self._finish()

    def close(self) -> None:
        """End it in order."""
        if self._process.poll() is None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it has just ended by itself
                self.order("quit")
        self._finish()

    def _finish(self) -> None:
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=5)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        self._folder.cleanup()

    def _read(self) -> None:
        for line in self._pipe(self._process.stdout):
            words = line.split()
            with self._changed:
                self._take(words)
                self._changed.notify_all()

    def _take(self, words: list[str]) -> None:
        match words:
            case ["pin", at, name, value]:
                self._events.append(PinEvent(int(at), name, int(value)))
            case ["tone", at, hz, _duty]:
                self._events.append(PinEvent(int(at), "tone", int(hz)))
            case ["reset", at]:
                self._events.append(PinEvent(int(at), "reset", 1))
            case ["plugged", _path]:
                self._plugs += 1
            case _:
                pass  # libsimavr's own lines

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise RuntimeError("the simulator was started without pipes")
        return pipe


def start(
    *, speed: float = 1.0, reset_on_open: bool = False, built: Built | None = None
) -> Simulator:
    """Start a simulated board and return once its port is there.

    speed: simulated seconds per second. reset_on_open: opening the port resets the board, as on a
    Nano. Raises NoSimulatorError where it is not built, TimeoutError where it does not come up.
    """
    built = built or find()
    folder = tempfile.TemporaryDirectory(prefix="alarm-sim-")
    port = Path(folder.name) / "port"
    command = [str(built.simulator), "--link", str(port), "--speed", str(speed)]
    command += ["--reset-on-open"] if reset_on_open else []
    process = subprocess.Popen(
        [*command, str(built.firmware)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    simulator = Simulator(process, port, folder)
    try:
        simulator.wait_plugged(1)
    except TimeoutError:
        simulator.kill()
        raise
    return simulator
