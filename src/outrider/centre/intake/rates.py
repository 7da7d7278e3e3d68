"""How much is taken on: token buckets for rates, and a bound on what is in flight at once.

The kept libraries for this rest on the wall clock (limits) or keep every request of a window
(pyrate-limiter); a bucket on the monotonic clock is two numbers a unit. All of it runs on the
event loop's thread, without locks.
"""

import contextlib
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from outrider.centre.intake.codes import Code, Refusal

_NAMES_KEPT = 10_000
_BUSY_RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second for ever, and so many at once after a rest."""

    per_s: float
    burst: float


class TokenBucket:
    """A bucket that fills at its rate; what is taken from it must be in it."""

    __slots__ = ("_at_s", "_level", "_rate")

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate = rate
        self._level = float(rate.burst)
        self._at_s = now_s

    def take(self, now_s: float) -> float:
        """Take one; return 0, or how long until there is one, s."""
        filled = self._level + (now_s - self._at_s) * self._rate.per_s
        self._level, self._at_s = min(self._rate.burst, filled), now_s
        if self._level < 1.0:
            return (1.0 - self._level) / self._rate.per_s
        self._level -= 1.0
        return 0.0


class Rates:
    """A bucket for each name, then one for all, so that one name cannot starve the rest.

    Names unseen longest are forgotten beyond 10,000.
    """

    def __init__(
        self, each: Rate, everyone: Rate, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._each = each
        self._now_s = now_s
        self._everyone = TokenBucket(everyone, now_s())
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, name: str) -> None:
        """Let one request of a name pass. Raises Refusal (`too-many`)."""
        now_s = self._now_s()
        bucket = self._buckets.setdefault(name, TokenBucket(self._each, now_s))
        self._buckets.move_to_end(name)
        if len(self._buckets) > _NAMES_KEPT:
            self._buckets.popitem(last=False)
        wait_s, whose = bucket.take(now_s), f"{name}: "
        if wait_s == 0.0:
            wait_s, whose = self._everyone.take(now_s), ""
        if wait_s > 0.0:
            text = f"{whose}too many requests: again in {math.ceil(wait_s)} s"
            raise Refusal(Code.TOO_MANY, text, math.ceil(wait_s))


class Gate:
    """Bounds what is in flight at once, in all and of one unit."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._inside: Counter[str] = Counter()

    @property
    def inside(self) -> int:
        """How many are in flight."""
        return self._inside.total()

    @contextlib.contextmanager
    def enter(self, name: str) -> Iterator[None]:
        """Be in flight. Raises Refusal (`busy`)."""
        if self._inside[name] >= self._most_of_one:
            text = f"{name} has {self._most_of_one} requests in flight: wait for them"
            raise Refusal(Code.BUSY, text, _BUSY_RETRY_S)
        if self.inside >= self._most:
            raise Refusal(Code.BUSY, f"{self._most} requests are in flight", _BUSY_RETRY_S)
        self._inside[name] += 1
        try:
            yield
        finally:
            self._inside[name] -= 1
            if not self._inside[name]:
                del self._inside[name]
