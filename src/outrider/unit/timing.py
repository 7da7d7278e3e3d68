"""Per-stage durations, kept in bounded rings, for `outrider bench pipeline` and status."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_KEEP = 4096


class StageTimes:
    """Durations of named stages, the last 4,096 of each. Each stage is timed by one thread."""

    def __init__(self) -> None:
        self._ms: dict[str, deque[float]] = {}
        self.thread_cpu_s: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block under the stage's name."""
        began = time.perf_counter_ns()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter_ns() - began) / 1e6)

    def add(self, name: str, ms: float) -> None:
        """Record one duration in ms."""
        self._ms.setdefault(name, deque(maxlen=_KEEP)).append(ms)

    def note_thread_cpu(self, name: str) -> None:
        """Record the calling thread's CPU time so far, in s, under a name."""
        self.thread_cpu_s[name] = time.thread_time_ns() / 1e9

    def percentiles(self) -> dict[str, tuple[int, float, float]]:
        """Return, for each stage, count, median and 99th percentile in ms."""
        return {
            name: (len(ms), float(np.percentile(ms, 50)), float(np.percentile(ms, 99)))
            for name, ms in ((name, list(ring)) for name, ring in self._ms.items())
            if ms
        }
