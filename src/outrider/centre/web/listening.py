"""A port to listen at, and a service on it until SIGTERM; beyond this machine with TLS only."""

import contextlib
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import uvicorn
from starlette.types import ASGIApp

from outrider.centre.folder import CentreFault, CentreFolder
from outrider.centre.intake.door import Door
from outrider.centre.intake.protocol import IntakeProtocol
from outrider.systemd import SystemdNotifier

_STOP_S = 10
_HANDSHAKES, _HANDSHAKES_OF_ONE = 256, 64
_LOCAL = ("127.0.0.1", "::1", "localhost")


class Answering(IntakeProtocol):
    """As the intake's: a slow head is broken off. A whole office may stand behind one address."""

    most_connections = 500
    most_of_one = 200
    held: ClassVar[Counter[str]] = Counter()


def is_local(address: str) -> bool:
    """Whether an address is of this machine alone."""
    return address in _LOCAL


def own_address(listen: str, port: int) -> str:
    """Return how a program or browser on this machine reaches an address."""
    host = f"[{listen}]" if ":" in listen else listen or "localhost"
    return f"{'http' if is_local(listen) else 'https'}://{host}:{port}"


@contextlib.contextmanager
def line_at(address: str, port: int) -> Iterator[socket.socket]:
    """Listen. Raises CentreFault."""
    try:
        line = socket.create_server((address, port))
    except OSError as error:
        raise CentreFault(f"cannot listen at {address}:{port}: {error}") from error
    with Door(line, _HANDSHAKES, _HANDSHAKES_OF_ONE) as door:
        yield door


@contextlib.contextmanager
def socket_at(path: Path) -> Iterator[socket.socket]:
    """Listen at a socket of this machine, for its owner and group. Raises CentreFault."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # of a service that was killed; two at once: the later one is asked
        before = os.umask(0o117)
        try:
            line.bind(str(path))
        finally:
            os.umask(before)
        line.listen(128)
    except OSError as error:
        line.close()
        raise CentreFault(f"cannot listen at {path}: {error}") from error
    with line:
        yield line


def tls_of(folder: CentreFolder, address: str) -> dict[str, str]:
    """Return what TLS needs; nothing where only this machine reaches the address."""
    if is_local(address):
        return {}
    return {"ssl_certfile": str(folder.server_certificate), "ssl_keyfile": str(folder.server_key)}


class _Server(uvicorn.Server):
    """ending: is told when no more is to be answered, so that what lasts ends by itself."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what lasts, then the server."""
        self._ending()
        await super().shutdown(sockets)


def serve(
    app: ASGIApp, line: socket.socket, tls: dict[str, str] | None = None,
    ending: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Serve until SIGTERM or SIGINT. ending: ends what lasts; called on the loop's thread."""
    own: dict[str, object] = {
        "held": Counter(), "door": line if isinstance(line, Door) else None,
    }  # fmt: skip
    config = uvicorn.Config(
        app, http=type("Answering", (Answering,), own), loop="asyncio", ws="none",
        lifespan="off", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, timeout_graceful_shutdown=_STOP_S,
        **(tls or {}),  # type: ignore[arg-type]
    )  # fmt: skip
    notifier = SystemdNotifier()
    server = _Server(config, ending)
    notifier.send("READY=1")
    previous = signal.getsignal(signal.SIGTERM)
    try:
        server.run(sockets=[line])
    finally:
        signal.signal(signal.SIGTERM, previous)
        notifier.send("STOPPING=1")
