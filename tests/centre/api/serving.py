"""The application served over a real socket, by uvicorn on a thread."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx
import uvicorn
from starlette.types import ASGIApp


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def serving(app: ASGIApp, http: type[asyncio.Protocol] | str = "auto") -> Iterator[httpx.Client]:
    """Serve an application; yield a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as line, serving_at(app, line, http):
        address = f"http://127.0.0.1:{line.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=60) as client:
            yield client


@contextlib.contextmanager
def serving_at(
    app: ASGIApp, line: socket.socket, http: type[asyncio.Protocol] | str = "auto"
) -> Iterator[None]:
    """Serve an application at a socket that listens."""
    config = uvicorn.Config(
        app, http=http, ws="none", lifespan="off", log_config=None, access_log=False,
        # A test that failed may have left a stream open, which lasts as long as its reader.
        timeout_graceful_shutdown=5,
    )  # fmt: skip
    server = _Quiet(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [line]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
