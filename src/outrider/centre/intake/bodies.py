"""Reading a request's body: never more than allowed, never longer than allowed."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from outrider.centre.intake.codes import Code, Refusal


def check_declared(request: Request, most_bytes: int) -> None:
    """Refuse a body by the length that it says that it has. Raises Refusal (`too-large`)."""
    declared = request.headers.get("Content-Length", "0")
    if not declared.isdecimal() or int(declared[:20]) > most_bytes:
        raise _too_large(most_bytes)


async def read_body(request: Request, most_bytes: int, within_s: float) -> bytes:
    """Return the body. Raises Refusal: `too-large`, `too-slow`, `gone`."""
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise _too_large(most_bytes)
    except TimeoutError:
        text = f"the body took longer than {within_s:.0f} s: {len(body)} bytes came"
        raise Refusal(Code.TOO_SLOW, text) from None
    except ClientDisconnect:
        text = f"the connection broke off after {len(body)} bytes of the body"
        raise Refusal(Code.GONE, text) from None
    return bytes(body)


def _too_large(most_bytes: int) -> Refusal:
    return Refusal(Code.TOO_LARGE, f"the body is longer than {most_bytes} bytes: send less at once")
