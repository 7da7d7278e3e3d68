"""The unit's journal under load, in a process that is forked here and killed."""

import os
import select
import signal
import time

from outrider.unit.journal.witness import RuntimeWitness
from tests.fault import load
from tests.fault.places import UnitPlace
from tests.fault.processes import EndedByItselfError

_PAUSE_S = 0.1


class Writer:
    """The unit's journal under load, in a process that is forked here; what it tells is kept."""

    name = "writer"

    def __init__(self, unit: UnitPlace, first: int = 0) -> None:
        """first: the number of the first record; no two writers may share any."""
        self._witness = RuntimeWitness(unit.settings().unit.runtime_dir or unit.journal)
        self._journal = unit.journal
        self._settings = unit.journal_settings()
        self._first = first
        self._child = 0
        self._told = -1
        self.lines = b""

    def start(self) -> None:
        """Begin another life, with records of its own."""
        self._told, writing = os.pipe()
        self._first += 100_000
        self._child = os.fork()
        if self._child == 0:
            try:
                tell = load.tell_to(writing)
                load.run(self._journal, self._settings, self._first, tell, _PAUSE_S, self._witness)
            finally:
                os._exit(1)
        os.close(writing)

    def listen(self, until_s: float) -> None:
        """Take down what it tells until an instant of the monotonic clock."""
        ready = select.poll()
        ready.register(self._told, select.POLLIN)
        while (left_s := until_s - time.monotonic()) > 0:
            if ready.poll(left_s * 1000):
                chunk = os.read(self._told, 65536)
                self.lines += chunk
                if not chunk:
                    raise EndedByItselfError("the writer ended")

    def check(self) -> None:
        """Nothing: listen tells."""

    def kill(self) -> None:
        """SIGKILL it, and take down what it had told by then."""
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        while chunk := os.read(self._told, 65536):
            self.lines += chunk
        # The last line may be torn, and is then cut off; the next life begins a new one.
        self.lines = self.lines[: self.lines.rfind(b"\n") + 1]
        os.close(self._told)
        self._child = 0

    def abandon(self) -> None:
        """End it in any state."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
