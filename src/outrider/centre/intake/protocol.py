"""HTTP/1.1 of uvicorn with what it leaves open: who is on the line, slow heads, too many lines."""

import asyncio
import json
import logging

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from outrider.centre.intake.journal_lines import say
from outrider.centre.intake.tls import peer_of

_log = logging.getLogger(__name__)


class IntakeProtocol(H11Protocol):
    """One connection. The application finds its unit as `peer` in the request's state."""

    head_s = 15.0
    most_connections = 1000
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or break it off where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            say(_log, logging.WARNING, "too many connections", most=self.most_connections)
            self.connections.discard(self)
            transport.abort()
            return
        peer = peer_of(transport.get_extra_info("ssl_object"))
        self.app_state = {**self.app_state, "peer": peer}
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a request's head must be whole in time."""
        super().data_received(data)
        self._watch_head()

    def _watch_head(self) -> None:
        in_head = self.conn.their_state is h11.IDLE
        if in_head and self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_s, self._too_slow)
        elif not in_head and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            say(_log, logging.WARNING, "no request in time", after_s=self.head_s)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
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
