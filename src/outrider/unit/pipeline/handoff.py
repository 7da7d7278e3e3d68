"""Bounded hand-off between two threads; what is dropped is counted."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Idle:
    """Yielded by `Handoff.items` when nothing came in time, so that the taker can do its rounds."""


IDLE = Idle()


class Handoff(Generic[T]):
    """A queue of at most `capacity` items from one thread to another.

    newest_wins: when full, the oldest item is dropped and counted (a live camera). Otherwise the
    giver waits for room (a file), until the hand-off is closed.
    """

    def __init__(self, capacity: int, *, newest_wins: bool) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is {capacity}, must be at least 1")
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._newest_wins = newest_wins
        self._changed = threading.Condition()
        self._closed = False
        self.dropped = 0

    def put(self, item: T) -> bool:
        """Hand over an item; return False if it could not be, because the hand-off is closed."""
        with self._changed:
            if self._newest_wins and len(self._items) == self._capacity:
                self._items.popleft()
                self.dropped += 1
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._capacity)
            if self._closed:
                self.dropped += 1
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def items(self, idle_after_s: float) -> Iterator[T | Idle]:
        """Yield items until the hand-off is closed and empty; IDLE whenever none came in time."""
        while True:
            with self._changed:
                came = self._changed.wait_for(lambda: self._items or self._closed, idle_after_s)
                if self._items:
                    item: T | Idle = self._items.popleft()
                    self._changed.notify_all()
                elif came:
                    return
                else:
                    item = IDLE
            yield item

    def close(self) -> None:
        """Let the taker empty the hand-off and end; further items are refused."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        """Return how many items wait."""
        with self._changed:
            return len(self._items)
