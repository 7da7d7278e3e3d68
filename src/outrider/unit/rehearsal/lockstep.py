"""The real firmware in simulated time: it moves only when told, so a run repeats exactly."""

import subprocess
from types import TracebackType
from typing import IO, Self

from outrider.unit.rehearsal.simulator import Built, PinEvent


class Board:
    """A simulated board whose clock stands still between calls of `run`."""

    def __init__(self, built: Built) -> None:
        """Power the board on; it stands at time 0."""
        self._process = subprocess.Popen(
            [str(built.simulator), "--lockstep", str(built.firmware)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.events: list[PinEvent] = []
        self.now_us = 0
        self._orders: list[str] = []
        self._read()  # it says where it stands

    def __enter__(self) -> Self:
        """Return the board."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.close()

    @property
    def now_s(self) -> float:
        """Simulated time since power-on."""
        return self.now_us / 1e6

    def order(self, words: str) -> None:
        """Give an order that is obeyed at the start of the next `run`."""
        self._orders.append(words)

    def run(self, microseconds: int, data: bytes = b"") -> bytes:
        """Send bytes to the board, let time pass, return the bytes that it sent."""
        for start in range(0, len(data), 2000):
            self._orders.append(f"rx {data[start : start + 2000].hex()}")
        self._orders.append(f"run {microseconds}")
        stdin = _pipe(self._process.stdin)
        stdin.write("\n".join(self._orders) + "\n")
        stdin.flush()
        self._orders.clear()
        return self._read()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()

    def _read(self) -> bytes:
        out = bytearray()
        for line in _pipe(self._process.stdout):
            words = line.split()
            match words:
                case ["tx", _, value]:
                    out.append(int(value, 16))
                case ["pin", at, name, value]:
                    self.events.append(PinEvent(int(at), name, int(value)))
                case ["tone", at, hz, _]:
                    self.events.append(PinEvent(int(at), "tone", int(hz)))
                case ["reset", at]:
                    self.events.append(PinEvent(int(at), "reset", 1))
                case ["at", at]:
                    self.now_us = int(at)
                    return bytes(out)
                case _:
                    pass
        raise EOFError("the simulator has ended")


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the simulator was started without pipes")
    return pipe
