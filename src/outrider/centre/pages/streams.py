"""Server-sent events: a page that is open is told what is new, look by look, until it is ended.

Nothing waits in a queue: a stream looks again only when what it told has been taken. Streams are
bounded in all and of one person; one whose reader takes nothing is dropped, and counted.
"""

import asyncio
import contextlib
import json
import logging
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

_log = logging.getLogger(__name__)
_HEADERS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"))


@dataclass(frozen=True, slots=True)
class Event:
    """What a page is told. last: nothing comes after it, and it is not asked for again.

    number: of what is told once; a browser that connects anew says the last that reached it.
    """

    name: str
    facts: Mapping[str, Any]
    last: bool = False
    number: int = 0

    def encoded(self) -> bytes:
        """Return it as it is sent: JSON has no line end of its own that could begin another."""
        head = f"id: {self.number}\n" if self.number else ""
        return f"{head}event: {self.name}\ndata: {json.dumps(dict(self.facts))}\n\n".encode()


Look = Callable[[], Awaitable[Sequence[Event]]]


class Streams:
    """All that are open. every_s: between looks; patience_s: for a reader that takes nothing."""

    def __init__(
        self, every_s: float = 5.0, patience_s: float = 10.0, most: int = 60, of_one: int = 4
    ) -> None:
        self.every_s = every_s
        self.patience_s = patience_s
        self._most, self._of_one = most, of_one
        self._open: Counter[str] = Counter()
        self._stop = asyncio.Event()
        self.counts: Counter[str] = Counter()
        self._said_s = -math.inf

    def end(self) -> None:
        """End all of them and begin no other; on the loop's own thread."""
        self._stop.set()

    @property
    def stopped(self) -> asyncio.Event:
        """Set when all are to end."""
        return self._stop

    @property
    def open(self) -> int:
        """How many are open."""
        return self._open.total()

    def count(self, what: str) -> None:
        """Count how a stream was refused or lost, and say it once a second at most."""
        self.counts[what] += 1
        if time.monotonic() - self._said_s < 1.0:
            return
        self._said_s = time.monotonic()
        told = ", ".join(f"{word} {count}" for word, count in sorted(self.counts.items()))
        _log.warning("streams so far: %s", told)

    @contextlib.contextmanager
    def place(self, owner: str) -> Iterator[bool]:
        """Have a place, or none."""
        taken = self.open < self._most and self._open[owner] < self._of_one
        if not taken:
            yield False
            return
        self._open[owner] += 1
        try:
            yield True
        finally:
            self._open[owner] -= 1
            if not self._open[owner]:
                del self._open[owner]

    def of(self, owner: str, look: Look) -> "StreamAnswer":
        """Return the answer that is somebody's stream."""
        return StreamAnswer(self, owner, look)


class StreamAnswer(Response):
    """One stream, as an answer."""

    def __init__(self, streams: Streams, owner: str, look: Look) -> None:
        super().__init__()
        self._streams, self._owner, self._look = streams, owner, look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell until somebody has gone, or it is ended."""
        with self._streams.place(self._owner) as taken:
            if not taken or self._streams.stopped.is_set():
                self._streams.count("refused")
                told = "Too many pages are open that tell of new hits: load the page anew.\n"
                await PlainTextResponse(told, 503)(scope, receive, send)
                return
            try:
                await self._tell(receive, send)
            except TimeoutError:
                self._streams.count("dropped: too slow")

    async def _tell(self, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": list(_HEADERS)}
        await self._send(send, start)
        ends = [asyncio.ensure_future(_gone(receive)),
                asyncio.ensure_future(self._streams.stopped.wait())]  # fmt: skip
        try:
            while not any(end.done() for end in ends):
                events = await self._look()
                body = b"".join(event.encoded() for event in events)
                await self._send(send, _part(body, more=True))
                if any(event.last for event in events):
                    break
                await asyncio.wait(
                    ends, timeout=self._streams.every_s, return_when=asyncio.FIRST_COMPLETED
                )
            await self._send(send, _part(b"", more=False))
        finally:
            for end in ends:
                end.cancel()

    async def _send(self, send: Send, message: dict[str, Any]) -> None:
        async with asyncio.timeout(self._streams.patience_s):
            await send(message)


def _part(body: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
