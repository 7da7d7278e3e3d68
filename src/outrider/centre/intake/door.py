"""The listening socket: how many may stand at it before their TLS handshake is done, and of whom.

asyncio tells a protocol of a connection only once TLS stands: whoever connects and says nothing is
nobody's until then, and is counted by no other limit. So the socket itself counts: of one address,
and in all, only so many; one more, and that which has waited longest goes, of that address, or of
the address that has most. Who means to come in is through in a moment, and is never the oldest.
"""

import contextlib
import logging
import math
import socket
import time
from typing import Any

from outrider.centre.intake.journal_lines import say
from outrider.centre.intake.rates import stranger

_log = logging.getLogger(__name__)


class Door(socket.socket):
    """A listening socket that takes another's place; see above. Only on the event loop's thread.

    turned_away: how many were, since the start.
    """

    def __init__(self, line: socket.socket, most: int, most_of_one: int) -> None:
        super().__init__(fileno=line.detach())
        self._most = most
        self._most_of_one = most_of_one
        self._waiting: dict[str, dict[Any, _Guest]] = {}
        self._said_s = -math.inf
        self.turned_away = 0

    @property
    def waiting(self) -> int:
        """How many stand there, with no handshake done; may be asked on any thread."""
        return sum(map(len, list(self._waiting.values())))  # a copy: the loop goes on meanwhile

    def accept(self) -> tuple[socket.socket, Any]:
        """Take a connection, as a socket's own does; another may have to go for it."""
        line, address = super().accept()
        name = stranger(str(address[0]))
        if len(self._waiting.get(name, ())) >= self._most_of_one:
            self._turn_away(name)
        elif self.waiting >= self._most:
            self._turn_away(max(self._waiting, key=lambda one: len(self._waiting[one])))
        guest = _Guest(line, self, name, address)
        self._waiting.setdefault(name, {})[address] = guest
        return guest, address

    def passed(self, address: Any) -> None:
        """Say that a connection's handshake is done: other limits hold from here on."""
        self._forget(stranger(str(address[0])), address)

    def _turn_away(self, name: str) -> None:
        address, guest = next(iter(self._waiting[name].items()))
        self._forget(name, address)
        self.turned_away += 1
        with contextlib.suppress(OSError):  # it has gone by itself
            guest.shutdown(socket.SHUT_RDWR)  # asyncio sees its end, and closes it
        if time.monotonic() - self._said_s >= 1.0:
            self._said_s = time.monotonic()
            say(_log, logging.WARNING, "too many at the door", turned_away=self.turned_away)

    def _forget(self, name: str, address: Any) -> None:
        mine = self._waiting.get(name, {})
        mine.pop(address, None)
        if not mine:
            self._waiting.pop(name, None)


class _Guest(socket.socket):
    """A connection that a door let in; closed before its handshake is done, it waits no more."""

    def __init__(self, line: socket.socket, door: Door, name: str, address: Any) -> None:
        super().__init__(fileno=line.detach())
        self._door, self._name, self._address = door, name, address

    def close(self) -> None:
        """Close it, and tell the door."""
        self._door._forget(self._name, self._address)
        super().close()
