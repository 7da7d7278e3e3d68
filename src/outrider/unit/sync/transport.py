"""HTTPS to the centre, trusting nothing that comes back: bounded in bytes and in time."""

import contextlib
import math
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urlsplit

import httpx

from outrider.unit.certificates import TransportSettingsError
from outrider.unit.reaching import Reason, why

MAX_ANSWER_BYTES = 64 * 1024
_LONGEST_ASKED_S = 3600.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class UnreachableError(Exception):
    """No whole answer came: why, in words. Trying again later may help.

    reason: in a sentence, and whether waiting mends it.
    """

    def __init__(self, reason: Reason | str) -> None:
        self.reason = Reason(reason) if isinstance(reason, str) else reason
        super().__init__(self.reason.text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the centre answered; retry_after_s as it asked, 0 where it did not."""

    status: int
    body: bytes
    retry_after_s: float = 0.0


class Centre(Protocol):
    """The other side, as the uploader sees it. url: its address."""

    @property
    def url(self) -> str:
        """Its address, for people."""
        ...

    def put(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body and return the answer. Raises UnreachableError."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Longest waits, s: for a connection, between bytes, and for a whole exchange."""

    connect_s: float = 4.0
    silence_s: float = 30.0
    exchange_s: float = 300.0


class HttpsCentre(contextlib.AbstractContextManager["HttpsCentre"]):
    """The centre over HTTPS with the unit's own certificate. Redirects are not followed."""

    def __init__(
        self, url: str, tls: ssl.SSLContext | None, patience: Patience | None = None
    ) -> None:
        """Make ready; nothing is sent yet.

        Raises TransportSettingsError for what is no address, and for plain HTTP to anywhere but
        this machine.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise TransportSettingsError(f"sync.url {url}: https is needed outside this machine")
        patience = patience or Patience()
        self.url = url
        self._exchange_s = patience.exchange_s
        try:
            self._client = httpx.Client(
                base_url=url,
                verify=tls or True,
                timeout=httpx.Timeout(patience.silence_s, connect=patience.connect_s),
                follow_redirects=False,
                trust_env=False,
                headers={"Accept-Encoding": "identity"},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise TransportSettingsError(f"sync.url {url}: no address: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.close()

    def put(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body and return the answer. Raises UnreachableError."""
        return self._exchange("PUT", path, body, headers, MAX_ANSWER_BYTES)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Ask for something, with a body, and return the answer. Raises UnreachableError."""
        return self._exchange("POST", path, body, headers, MAX_ANSWER_BYTES)

    def get(self, path: str, max_bytes: int) -> Answer:
        """Fetch something of at most max_bytes. Raises UnreachableError."""
        return self._exchange("GET", path, b"", {}, max_bytes)

    def _exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], max_bytes: int
    ) -> Answer:
        deadline_s = time.monotonic() + self._exchange_s
        try:
            with self._client.stream(method, path, content=body, headers=dict(headers)) as response:
                received = _read(response, deadline_s, max_bytes)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ssl.SSLError) as error:
            raise UnreachableError(why(error, self.url)) from error
        except UnreachableError:
            raise
        except Exception as error:
            text = f"the centre's answer cannot be read ({type(error).__name__})"
            raise UnreachableError(text) from error
        return Answer(response.status_code, received, _retry_after_s(response))


def _read(response: httpx.Response, deadline_s: float, max_bytes: int) -> bytes:
    received = bytearray()
    for chunk in response.iter_raw():
        received += chunk
        if len(received) > max_bytes:
            raise UnreachableError("the centre's answer is too long: it is not what was asked for")
        if time.monotonic() > deadline_s:
            raise UnreachableError("the centre's answer is too slow")
    return bytes(received)


def _retry_after_s(response: httpx.Response) -> float:
    try:
        asked_s = float(response.headers.get("Retry-After", "0"))
        return min(max(0.0, asked_s), _LONGEST_ASKED_S) if math.isfinite(asked_s) else 0.0
    except ValueError:
        return 0.0  # a date: our own back-off is as good
