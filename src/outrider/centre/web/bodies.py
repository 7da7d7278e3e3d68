"""A request's body: so many bytes in so much time, and no more."""

import asyncio

from starlette.requests import Request

from outrider.clock import said_duration

MOST_BYTES = 64 * 1024


class Refused(Exception):
    """A request that is not answered. status: of HTTP; code: short and stable."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


async def body_of(request: Request, most_s: float, most_bytes: int = MOST_BYTES) -> bytes:
    """Return it. Raises Refused."""
    raw = bytearray()
    try:
        async with asyncio.timeout(most_s):
            async for part in request.stream():
                raw += part
                if len(raw) > most_bytes:
                    raise Refused(413, "too-large", f"at most {most_bytes} bytes")
    except TimeoutError:
        raise Refused(
            408, "too-slow", f"the body did not come in {said_duration(most_s)}"
        ) from None
    return bytes(raw)
