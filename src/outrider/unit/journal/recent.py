"""What the crew may look back at: reads of the last while, in memory only."""

import threading
from collections import OrderedDict
from uuid import UUID

from outrider.clock import NS_PER_S
from outrider.records import Hit, Read
from outrider.vrm import fold


class RecentReads:
    """The newest reads, at most so many and so old; gone with the power, by design.

    Silent hits never come in: nothing here tells the crew that a read met one.
    """

    def __init__(self, limit: int = 500, max_age_s: float = 3600.0) -> None:
        self._limit = limit
        self._max_age_ns = int(max_age_s * NS_PER_S)
        self._lock = threading.Lock()
        self._reads: OrderedDict[UUID, Read] = OrderedDict()
        self._hits: OrderedDict[UUID, Hit] = OrderedDict()

    def add_read(self, read: Read) -> None:
        """Keep a read, in the place of an earlier form of it."""
        with self._lock:
            self._reads[read.read_id] = read
            self._trim(read.mono_ns)

    def add_hit(self, hit: Hit) -> None:
        """Keep a hit for the crew's list, unless it is silent."""
        if hit.silent:
            return
        with self._lock:
            self._hits[hit.hit_id] = hit
            self._trim(hit.read.mono_ns)

    def _trim(self, now_ns: int) -> None:
        oldest_ns = now_ns - self._max_age_ns
        while self._reads and self._too_old(next(iter(self._reads.values())), oldest_ns):
            self._reads.popitem(last=False)
        while len(self._reads) > self._limit:
            self._reads.popitem(last=False)
        while len(self._hits) > self._limit or (
            self._hits and self._too_old(next(iter(self._hits.values())).read, oldest_ns)
        ):
            self._hits.popitem(last=False)

    @staticmethod
    def _too_old(read: Read, oldest_ns: int) -> bool:
        return read.mono_ns < oldest_ns

    def newest(self, count: int, now_ns: int | None = None) -> list[Read]:
        """Return up to count reads, the newest first; now_ns (monotonic) leaves out old ones."""
        with self._lock:
            if now_ns is not None:
                self._trim(now_ns)
            return list(reversed(self._reads.values()))[:count]

    def hits(self, count: int, now_ns: int | None = None) -> list[Hit]:
        """Return up to count hits, the newest first, silent ones never among them."""
        with self._lock:
            if now_ns is not None:
                self._trim(now_ns)
            return list(reversed(self._hits.values()))[:count]

    def find(self, vrm: str) -> list[Read]:
        """Return the reads of a normalised mark, O as 0 and I as 1, the newest first."""
        key = fold(vrm)
        with self._lock:
            found = [read for read in self._reads.values() if fold(read.text.vrm) == key]
        return found[::-1]
