"""HTTP/1.1 of uvicorn with what it leaves open: who is on the line, slow heads, too many lines."""

import asyncio
import json
import logging
from collections import Counter
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from outrider.centre.intake.door import Door
from outrider.centre.intake.journal_lines import say
from outrider.centre.intake.rates import stranger
from outrider.centre.intake.tls import peer_of

_log = logging.getLogger(__name__)
_UNWANTED_BYTES = 32 * 2**20


class IntakeProtocol(H11Protocol):
    """One connection. The application finds its unit as `peer` in the request's state.

    patience_s: for a request's head, and for the rest of a body that has been refused: it is read
    and thrown away, for a client that is cut off while it sends never reads why. held: how many
    connections each unit, or each address without a certificate, has on this listener. door: the
    socket that it listens at, which is told of each handshake that is done.
    """

    patience_s = 15.0
    most_connections = 1000
    most_of_one = 32
    door: ClassVar[Door | None] = None
    held: ClassVar[Counter[str]] = Counter()
    _held_as: str | None = None
    _timer: asyncio.TimerHandle | None = None
    _answered_early = False
    _unwanted_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or break it off where there are too many."""
        super().connection_made(transport)
        if self.door is not None:
            self.door.passed(transport.get_extra_info("peername"))
        if len(self.connections) > self.most_connections:
            say(_log, logging.WARNING, "too many connections", most=self.most_connections)
            self.connections.discard(self)
            transport.abort()
            return
        peer = peer_of(transport.get_extra_info("ssl_object"))
        self.app_state = {**self.app_state, "peer": peer}
        name = peer or stranger(str((transport.get_extra_info("peername") or ("?",))[0]))
        if self.held[name] >= self.most_of_one:
            say(_log, logging.WARNING, "too many connections of one", most=self.most_of_one)
            self.connections.discard(self)
            transport.abort()
            return
        self.held[name] += 1
        self._held_as = name
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        if self._answered_early:
            self._unwanted_bytes += len(data)
            if self._unwanted_bytes > _UNWANTED_BYTES:
                self.transport.abort()
                return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Note whether the answer came before the end of the body."""
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        """Give a head, or the rest of a refused body, its time; anything else has its own."""
        answered = self.conn.our_state is h11.DONE
        self._answered_early = answered and self.conn.their_state is h11.SEND_BODY
        begun = self.cycle is None or bool(self.conn.trailing_data[0])
        waits = self._answered_early or (self.conn.their_state is h11.IDLE and begun)
        if waits and self._timer is None:
            self._unwanted_bytes = 0
            self._timer = self.loop.call_later(self.patience_s, self._out_of_patience)
        elif not waits:
            self._unwatch()

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _out_of_patience(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            what = "body" if self._answered_early else "head"
            say(_log, logging.WARNING, "too slow", waited_for=what, after_s=self.patience_s)
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        self._unwatch()
        if self._held_as is not None:
            self.held[self._held_as] -= 1
            if not self.held[self._held_as]:
                del self.held[self._held_as]
            self._held_as = None
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, in our form."""
        body = json.dumps({"error": "http", "message": msg, "request": ""}).encode()
        head = h11.Response(
            status_code=400,
            headers=[("Content-Type", "application/json"), ("Connection", "close")],
            reason=b"Bad Request",
        )
        events: list[h11.Event] = [head, h11.Data(data=body), h11.EndOfMessage()]
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
