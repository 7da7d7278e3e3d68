"""Reading a request's body: never more than allowed, never longer than allowed."""

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from outrider.centre.intake.codes import Code, Refusal
from outrider.centre.intake.rates import Place


def check_declared(request: Request, most_bytes: int) -> None:
    """Refuse a body by the length that it says that it has. Raises Refusal (`too-large`)."""
    declared = request.headers.get("Content-Length", "0")
    if not declared.isdecimal() or int(declared[:20]) > most_bytes:
        raise _too_large(most_bytes)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a body may take: at most, s; and after a grace, s, how fast it must come."""

    within_s: float
    least_bytes_per_s: float
    grace_s: float = 10.0

    def ends_s(self, begun_s: float, received_bytes: int) -> float:
        """Return until when the next bytes must have come, by the loop's clock."""
        slowest_s = self.grace_s + received_bytes / self.least_bytes_per_s
        return begun_s + min(self.within_s, slowest_s)


async def read_body(request: Request, most_bytes: int, patience: Patience, place: Place) -> bytes:
    """Return the body. Raises Refusal: `too-large`, `too-slow`, `gone`."""
    body = bytearray()
    begun_s = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(patience.ends_s(begun_s, 0)) as limit:
            place.receiving(limit)
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise _too_large(most_bytes)
                place.received_bytes = len(body)
                if place.may_go:
                    limit.reschedule(patience.ends_s(begun_s, len(body)))
    except TimeoutError:
        text = f"the body is too slow: {len(body)} bytes came"
        raise Refusal(Code.TOO_SLOW, text) from None
    except ClientDisconnect:
        text = f"the connection broke off after {len(body)} bytes of the body"
        raise Refusal(Code.GONE, text) from None
    finally:
        place.receiving(None)
    return bytes(body)


def _too_large(most_bytes: int) -> Refusal:
    return Refusal(Code.TOO_LARGE, f"the body is longer than {most_bytes} bytes: send less at once")
