"""What is kept of each session while it lasts, in memory only: purpose, questions, what was shown.

Questions stand here and not in addresses: no mark, place or case comes into a browser's history, a
log or another site. A restart forgets all of it: people say their purpose anew.
"""

import hashlib
import secrets
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from outrider.centre.access.purpose import Purpose
from outrider.clock import NS_PER_S, Clock

_MOST_SESSIONS = 5_000
_MOST_QUESTIONS = 40
_MOST_PAGES = 20
_MOST_READS = 2_000


class Idle(Exception):
    """Nothing was asked for too long: the session is to be ended."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Why somebody asks now, and on which grounds: carried from page to page until changed."""

    purpose: Purpose
    authorisation: str = ""
    break_glass: str = ""


@dataclass
class Memory:
    """Of one session. notice: told on the next page, once."""

    seen_ns: int
    carried: Carried | None = None
    notice: str = ""
    _questions: OrderedDict[str, Any] = field(default_factory=OrderedDict)
    _pages: OrderedDict[str, Any] = field(default_factory=OrderedDict)
    _reads: OrderedDict[str, uuid.UUID] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, question: Any, name: str = "") -> str:
        """Keep a question under a name (a new one); return the name."""
        with self._lock:
            name = name or secrets.token_urlsafe(9)
            self._questions[name] = question
            self._questions.move_to_end(name)
            while len(self._questions) > _MOST_QUESTIONS:
                self._questions.popitem(last=False)
        return name

    def question(self, name: str) -> Any | None:
        """Return what was kept; None where it was not, or long ago."""
        with self._lock:
            return self._questions.get(name)

    def keep_page(self, page: Any) -> str:
        """Keep what a page that is open has shown, apart from questions; return its name."""
        with self._lock:
            name = secrets.token_urlsafe(9)
            self._pages[name] = page
            while len(self._pages) > _MOST_PAGES:
                self._pages.popitem(last=False)
        return name

    def page(self, name: str) -> Any | None:
        """Return what was kept of a page; None where many were opened since."""
        with self._lock:
            return self._pages.get(name)

    def drop(self, kind: type) -> None:
        """Forget all questions of a kind."""
        with self._lock:
            for name in [n for n, kept in self._questions.items() if isinstance(kept, kind)]:
                del self._questions[name]

    def name_of(self, read_id: uuid.UUID) -> str:
        """Return what a read that was shown is called in this session's addresses."""
        name = hashlib.sha256(read_id.bytes + str(id(self)).encode()).hexdigest()[:16]
        with self._lock:
            self._reads[name] = read_id
            self._reads.move_to_end(name)
            while len(self._reads) > _MOST_READS:
                self._reads.popitem(last=False)
        return name

    def read(self, name: str) -> uuid.UUID | None:
        """Return the read of a name; None where it was not shown in this session."""
        with self._lock:
            return self._reads.get(name)

    def told(self) -> str:
        """Return the notice, once."""
        with self._lock:
            notice, self.notice = self.notice, ""
        return notice


class Browsers:
    """The memories of all sessions. idle_s: a session that asks for nothing so long ends."""

    def __init__(self, clock: Clock, idle_s: float) -> None:
        self._clock = clock
        self._idle_ns = int(idle_s * NS_PER_S)
        self._lock = threading.Lock()
        self._memories: OrderedDict[bytes, Memory] = OrderedDict()

    def visit(self, token: str, used: bool = True) -> Memory:
        """Return a session's memory; used: by the person, not by their page alone. Raises Idle."""
        now_ns, name = self._clock.mono_ns(), _digest(token)
        with self._lock:
            memory = self._memories.get(name)
            if memory is None:
                memory = self._memories[name] = Memory(now_ns)
            if now_ns - memory.seen_ns > self._idle_ns:
                del self._memories[name]
                raise Idle
            if used:
                memory.seen_ns = now_ns
                self._memories.move_to_end(name)
            while len(self._memories) > _MOST_SESSIONS:
                self._memories.popitem(last=False)
        return memory

    def alive(self, token: str) -> bool:
        """Whether a session was used lately."""
        with self._lock:
            memory = self._memories.get(_digest(token))
            return memory is not None and self._clock.mono_ns() - memory.seen_ns <= self._idle_ns

    def forget(self, token: str) -> None:
        """Forget a session."""
        with self._lock:
            self._memories.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
