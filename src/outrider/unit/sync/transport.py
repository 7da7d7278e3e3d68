"""HTTPS to the centre, trusting nothing that comes back: bounded in bytes and in time."""

import contextlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import urlsplit

import httpx

_MAX_ANSWER_BYTES = 64 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class UnreachableError(Exception):
    """No whole answer came: why, in words. Trying again later may help."""


class TransportSettingsError(Exception):
    """The way to the centre is not set up: what is missing, and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the centre answered; retry_after_s as it asked, 0 where it did not."""

    status: int
    body: bytes
    retry_after_s: float = 0.0


class Centre(Protocol):
    """The other side, as the uploader sees it."""

    def put(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body and return the answer. Raises UnreachableError."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Longest waits, s: for a connection, between bytes, and for a whole exchange."""

    connect_s: float = 10.0
    silence_s: float = 30.0
    exchange_s: float = 300.0


class HttpsCentre(contextlib.AbstractContextManager["HttpsCentre"]):
    """The centre over HTTPS with the unit's own certificate. Redirects are not followed."""

    def __init__(
        self, url: str, tls: ssl.SSLContext | None, patience: Patience | None = None
    ) -> None:
        """Make ready; nothing is sent yet.

        Raises TransportSettingsError for plain HTTP to anywhere but this machine.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise TransportSettingsError(f"sync.url {url}: https is needed outside this machine")
        patience = patience or Patience()
        self._exchange_s = patience.exchange_s
        self._client = httpx.Client(
            base_url=url,
            verify=tls or True,
            timeout=httpx.Timeout(patience.silence_s, connect=patience.connect_s),
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.close()

    def put(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body and return the answer. Raises UnreachableError."""
        deadline_s = time.monotonic() + self._exchange_s
        try:
            with self._client.stream("PUT", path, content=body, headers=dict(headers)) as response:
                received = _read(response, deadline_s)
        except httpx.HTTPError as error:
            raise UnreachableError(_in_words(error)) from error
        return Answer(response.status_code, received, _retry_after_s(response))


def _read(response: httpx.Response, deadline_s: float) -> bytes:
    received = bytearray()
    for chunk in response.iter_raw():
        received += chunk
        if len(received) > _MAX_ANSWER_BYTES:
            raise UnreachableError("the centre's answer is too long: it is no receipt")
        if time.monotonic() > deadline_s:
            raise UnreachableError("the centre's answer is too slow")
    return bytes(received)


def _retry_after_s(response: httpx.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0  # a date: our own back-off is as good


def _in_words(error: httpx.HTTPError) -> str:
    text = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate" in text.lower():
        return f"the centre's certificate is refused, or ours by it: {text}"
    if isinstance(error, httpx.TimeoutException):
        return f"the centre does not answer in time ({type(error).__name__})"
    return f"the centre cannot be reached: {text}"


def tls_context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Return TLS that trusts the centre's own authority and shows the unit's certificate.

    Raises TransportSettingsError where a file is missing or cannot be used.
    """
    if ca is None or certificate is None or key is None:
        raise TransportSettingsError(
            "sync.ca_certificate, sync.client_certificate and sync.client_key are needed: "
            "enrol the unit"
        )
    try:
        context = ssl.create_default_context(cafile=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise TransportSettingsError(f"{ca}, {certificate}, {key}: {error}") from error
    return context
