"""A line that drops, repeats, delays and corrupts whole frames, by a seed."""

import heapq
import random
from dataclasses import dataclass, field

_DELAY_S = (0.005, 0.4)


@dataclass
class Channel:
    """One direction. rate: share of frames for each of the four faults."""

    rng: random.Random
    rate: float
    frames: int = 0
    faults: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("drop", "duplicate", "delay", "corrupt"), 0)
    )
    _held: bytes = b""
    _late: list[tuple[float, int, bytes]] = field(default_factory=list)

    def carry(self, data: bytes, now_s: float) -> bytes:
        """Take bytes in at one end; return what comes out of the other now."""
        *whole, self._held = (self._held + data).split(b"\0")
        out = b"".join(self._fate(frame + b"\0", now_s) for frame in whole)
        while self._late and self._late[0][0] <= now_s:
            out += heapq.heappop(self._late)[2]
        return out

    def _fate(self, frame: bytes, now_s: float) -> bytes:
        self.frames += 1
        draw = self.rng.random() / self.rate if self.rate else 9.0
        if draw >= 4:
            return frame
        kind = tuple(self.faults)[int(draw)]
        self.faults[kind] += 1
        if kind == "drop":
            return b""
        if kind == "duplicate":
            return frame + frame
        if kind == "corrupt":
            return self._corrupt(frame)
        due_s = now_s + self.rng.uniform(*_DELAY_S)
        heapq.heappush(self._late, (due_s, self.frames, frame))
        return b""

    def _corrupt(self, frame: bytes) -> bytes:
        """Change one to four bytes; a change may make or unmake a delimiter."""
        broken = bytearray(frame)
        for _ in range(self.rng.randint(1, 4)):
            broken[self.rng.randrange(len(broken))] ^= self.rng.randint(1, 255)
        return bytes(broken)
