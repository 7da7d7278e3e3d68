"""The demo's services, each a process of its own as in earnest: provider, pictures, pages."""

import contextlib
import importlib.util
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

from outrider.centre.demo.people import STAFF

PROVIDER_PORT = 9400
_READY_S = 60.0
_LOOK_S = 0.2
_END_S = 15.0


def issuer_at(port: int) -> str:
    """Return the provider's name, which is its address."""
    return f"http://127.0.0.1:{port}"


class DemoFault(ValueError):
    """The demo cannot be served: what is missing, and what to do."""


def check_provider(port: int) -> None:
    """Raise DemoFault where the provider to sign in at is not installed, or its port is taken."""
    if importlib.util.find_spec("oidc_provider_mock") is None:
        raise DemoFault(
            "the provider to sign in at is not installed: pip install 'outrider[demo]', or "
            "--no-pages"
        )
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoFault(
                f"port {port}, at which people of the demo sign in, is taken: end what uses it"
            ) from error


@contextlib.contextmanager
def beside(root: Path, issuer: str) -> Iterator[None]:
    """Run the provider and the picture service of a demo while something else goes on.

    Raises DemoFault where one of them does not come up.
    """
    provider = [str(Path(sys.executable).parent / "oidc-provider-mock")]
    provider += ["--port", issuer.rpartition(":")[2]]
    for staff in STAFF:
        provider += ["--user-claims", staff.claims()]
    pictures = [sys.executable, "-m", "outrider.cli", "centre", "pictures", "--dir", str(root)]
    with contextlib.ExitStack() as stack:
        for command in (provider, pictures):
            stack.enter_context(_process(command))
        _wait(issuer)
        yield


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(issuer: str) -> None:
    pause = threading.Event()
    for _ in range(int(_READY_S / _LOOK_S)):
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=5)
            return
        pause.wait(_LOOK_S)
    raise DemoFault("the provider to sign in at does not come up")
