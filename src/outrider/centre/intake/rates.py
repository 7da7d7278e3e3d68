"""How much is taken on: token buckets for rates, and a bound on what is in flight at once.

The kept libraries for this rest on the wall clock (limits) or keep every request of a window
(pyrate-limiter); a bucket on the monotonic clock is two numbers a unit. All of it runs on the
event loop's thread, without locks.
"""

import asyncio
import contextlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from outrider.centre.intake.codes import Code, Refusal

_NAMES_KEPT = 10_000
_BUSY_RETRY_S = 2.0
_UNDISTURBED_S = 2.0


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


class Place:
    """One request in flight: whose it is, since when, and how much of its body has come."""

    def __init__(self, name: str, begun_s: float) -> None:
        self.name = name
        self.begun_s = begun_s
        self.received_bytes = 0
        self._limit: asyncio.Timeout | None = None

    def receiving(self, limit: asyncio.Timeout | None) -> None:
        """Say what ends the wait for the body; None: it is here, and the place is kept."""
        self._limit = limit

    @property
    def may_go(self) -> bool:
        """Whether its body is still on its way, so that it may come again later."""
        return self._limit is not None

    def bytes_per_s(self, now_s: float) -> float:
        """Return how fast its body has come so far."""
        return self.received_bytes / max(now_s - self.begun_s, 0.001)

    def give_up(self) -> None:
        """End the wait for the body now: the place is another's."""
        if self._limit is not None:
            self._limit.reschedule(0.0)
            self._limit = None


class Gate:
    """Bounds what is in flight at once, in all and of one name; keeps places free for others.

    Who has a place already gets more only while half of all are free. Where all are taken, one who
    has none gets the place of the slowest body: slow senders, few or many, shut nobody out.
    """

    def __init__(
        self, most: int, most_of_one: int, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._now_s = now_s
        self._places: set[Place] = set()
        self.displaced = 0

    @property
    def inside(self) -> int:
        """How many are in flight."""
        return len(self._places)

    @contextlib.contextmanager
    def enter(self, name: str) -> Iterator[Place]:
        """Be in flight. Raises Refusal (`busy`)."""
        held = sum(place.name == name for place in self._places)
        if held >= self._most_of_one:
            text = f"{name} has {self._most_of_one} requests in flight: wait for them"
            raise Refusal(Code.BUSY, text, _BUSY_RETRY_S)
        if held and 2 * self.inside >= self._most:
            text = f"{self.inside} requests are in flight: the rest is kept for others"
            raise Refusal(Code.BUSY, text, _BUSY_RETRY_S)
        if self.inside >= self._most:
            self._make_room()
        place = Place(name, self._now_s())
        self._places.add(place)
        try:
            yield place
        finally:
            self._places.discard(place)

    def _make_room(self) -> None:
        now_s = self._now_s()
        slow = [
            place
            for place in self._places
            if place.may_go and now_s - place.begun_s >= _UNDISTURBED_S
        ]
        if not slow:
            raise Refusal(Code.BUSY, f"{self._most} requests are in flight", _BUSY_RETRY_S)
        slowest = min(slow, key=lambda place: place.bytes_per_s(now_s))
        self._places.discard(slowest)
        self.displaced += 1
        slowest.give_up()


def stranger(address: str) -> str:
    """Return what counts as one sender without a certificate: an address, or an IPv6 network.

    Who has one IPv6 address has 2**64 of them.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), 64), strict=False))
