"""Fetch for python-tuf over httpx: time-outs, the unit's own certificate, bounded chunks."""

import ssl
from collections.abc import Iterator
from contextlib import closing

import httpx
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from outrider.unit.reaching import why

_TIMEOUT_S = 20.0
_CONNECT_S = 4.0
_CHUNK_BYTES = 1 << 16


class HttpFetcher(FetcherInterface):
    """Fetches over HTTP(S). A list is not public: tls carries the unit's client certificate."""

    def __init__(self, tls: ssl.SSLContext | None = None, timeout_s: float = _TIMEOUT_S) -> None:
        """Set the longest silence of the line, in s, before a fetch is given up."""
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S)),
            verify=tls if tls is not None else True,
            follow_redirects=False,
            trust_env=False,
        )

    def _fetch(self, url: str) -> Iterator[bytes]:
        """Yield the body. Raises DownloadHTTPError for a status other than 200."""
        try:
            # identity: lengths and hashes are of the bytes as published.
            request = self._client.build_request(
                "GET", url, headers={"Accept-Encoding": "identity"}
            )
            with closing(self._client.send(request, stream=True)) as response:
                if response.status_code != httpx.codes.OK:
                    raise DownloadHTTPError(f"{url}: {response.status_code}", response.status_code)
                yield from response.iter_raw(_CHUNK_BYTES)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise DownloadError(why(error, url).text) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
