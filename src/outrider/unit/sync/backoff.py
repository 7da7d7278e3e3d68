"""How long to wait before the next try."""

import random
import threading
import time

_LOOK_EVERY_S = 0.5


class Backoff:
    """Waits that double up to a cap, each shortened by chance so that units do not come at once."""

    def __init__(self, first_s: float, longest_s: float, rng: random.Random | None = None) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._rng = rng or random.Random()
        self._tries = 0
        self._hurry = threading.Event()

    def hurry(self) -> None:
        """End the wait that is on, or the next one, and begin anew: a network has come."""
        self._hurry.set()

    def reset(self) -> None:
        """Begin again with short waits: something got through."""
        self._tries = 0

    def next_s(self, asked_s: float = 0.0) -> float:
        """Return the next wait; at least what the centre asked for, never beyond the cap."""
        whole_s = min(self._longest_s, self._first_s * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return min(self._longest_s, max(asked_s, whole_s * self._rng.uniform(0.5, 1.0)))

    def wait(self, stop: threading.Event, asked_s: float = 0.0) -> None:
        """Wait, cut short by stop and by `hurry`."""
        ends_s = time.monotonic() + self.next_s(asked_s)
        while not self._hurry.is_set():
            left_s = ends_s - time.monotonic()
            if left_s <= 0 or stop.wait(min(left_s, _LOOK_EVERY_S)):
                return
        self._hurry.clear()
        self.reset()
