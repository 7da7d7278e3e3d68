"""Several workers look at frames side by side; what they saw goes on in the order of the frames.

Each worker takes the next frame with a ticket, and hands on what it saw when its ticket's turn has
come. So at most as many frames are on the way as there are workers, and none waits longer than
for the slowest of them.
"""

import threading
from dataclasses import replace
from typing import Generic, TypeVar

from outrider.records import ComponentHealth, Level
from outrider.unit.pipeline.handoff import IDLE, Handoff, Idle
from outrider.unit.ports import Recogniser

Given = TypeVar("Given")
Made = TypeVar("Made")

_WORST_FIRST = (Level.FAULT, Level.WARNING, Level.OK, Level.OFF)


class Line(Generic[Given, Made]):
    """From one hand-off to another through `workers` threads, each of which must leave once."""

    def __init__(
        self, taken: Handoff[Given], given: Handoff[Made], workers: int, idle_after_s: float
    ) -> None:
        self._source = taken
        self._sink = given
        self._items = taken.items(idle_after_s)
        self._idle_after_s = idle_after_s
        self._take = threading.Lock()
        self._changed = threading.Condition()
        self._workers = workers
        self._tickets = 0
        self._turn = 0
        self._broken_at: int | None = None

    def take(self) -> tuple[int, Given] | Idle | None:
        """Return the next item with its ticket, IDLE where none came in time, None at the end."""
        if not self._take.acquire(timeout=self._idle_after_s):
            return IDLE
        try:
            item = next(self._items, None)
            if item is None or isinstance(item, Idle):
                return item
            self._tickets += 1
            return self._tickets - 1, item
        finally:
            self._take.release()

    def give(self, ticket: int, made: Made) -> None:
        """Hand on what was made of an item, when all before it are; wait for that."""
        with self._changed:
            self._changed.wait_for(lambda: self._turn == ticket or self._is_past_break(ticket))
            if self._is_past_break(ticket):
                return
            self._sink.put(made)
            self._turn += 1
            self._changed.notify_all()

    def break_off(self, ticket: int) -> None:
        """Say that nothing will come of an item: what was taken after it is not handed on."""
        with self._changed:
            self._broken_at = min(
                ticket, self._tickets if self._broken_at is None else self._broken_at
            )
            self._changed.notify_all()

    def leave(self) -> None:
        """End one worker's part; with the last one the hand-offs are closed."""
        with self._changed:
            self._workers -= 1
            last = not self._workers
        if last or self._broken_at is not None:
            self._source.close()
        if last:
            self._sink.close()

    def _is_past_break(self, ticket: int) -> bool:
        return self._broken_at is not None and ticket >= self._broken_at


def health_of(workers: tuple[Recogniser, ...]) -> ComponentHealth:
    """Return the health of all: the worst one's words, every count added up."""
    each = [worker.health() for worker in workers]
    worst = min(each, key=lambda one: _WORST_FIRST.index(one.level))
    if len(each) == 1:
        return worst
    counts: dict[str, int] = {"workers": len(each)}
    for one in each:
        for name, count in one.counts.items():
            counts[name] = counts.get(name, 0) + count
    return replace(worst, counts=counts)
