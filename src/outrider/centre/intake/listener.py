"""One listener: uvicorn on a socket of ours, with TLS of ours and little patience."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from outrider.centre.folder import LimitSettings
from outrider.centre.intake.door import Door
from outrider.centre.intake.protocol import IntakeProtocol
from outrider.centre.intake.tls import Trust

_HANDSHAKE_S = 10.0
_GOODBYE_S = 5.0
_KEEP_ALIVE_S = 30
_MAX_HEAD_BYTES = 16 * 1024


class Listener(uvicorn.Server):
    """uvicorn on a socket of ours; signals are the service's."""

    def __init__(self, app: ASGIApp, line: Door, trust: Trust, limits: LimitSettings):
        protocol = type(
            "Protocol",
            (IntakeProtocol,),
            {
                "patience_s": limits.head_s,
                "most_connections": limits.connections,
                "most_of_one": limits.connections_of_one,
                "held": Counter(),
                "door": line,
            },
        )
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=round(limits.stop_s),
                h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
            )
        )
        self._line = line
        self.trust = trust

    @property
    def turned_away(self) -> int:
        """How many connections had to go before their handshake was done."""
        return self._line.turned_away

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self._line.getsockname()[1])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; unlike uvicorn's own, a TLS handshake has little time."""
        loop = asyncio.get_running_loop()
        config, state = self.config, self.lifespan.state

        def protocol() -> asyncio.Protocol:
            made = config.http_protocol_class(config, self.server_state, state, loop)  # type: ignore[call-arg]
            assert isinstance(made, IntakeProtocol)
            return made

        server = await loop.create_server(
            protocol,
            sock=self._line,
            ssl=self.trust.context,
            ssl_handshake_timeout=_HANDSHAKE_S,
            ssl_shutdown_timeout=_GOODBYE_S,
            backlog=config.backlog,
        )
        self.servers = [server]
        self.started = True

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone."""
        yield

    def drop_connections(self) -> None:
        """Let every connection end with its request; whoever is still trusted comes again."""
        for connection in list(self.server_state.connections):
            if not connection.transport.is_closing():
                connection.shutdown()


def bind(address: str, port: int) -> socket.socket:
    """Return a socket bound to an address and port; an empty address is all of the machine's.

    Raises OSError, naming them.
    """
    try:
        if not address and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family)
    except OSError as error:
        where = f"{address or '*'} port {port}"
        raise OSError(error.errno, f"cannot listen at {where}: {error.strerror}") from error
