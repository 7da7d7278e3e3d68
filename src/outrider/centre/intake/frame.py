"""Around every request: an identifier, a rate, a line in the log, and an answer come what may."""

import logging
import math
import secrets
import time

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outrider.centre.intake.codes import STATUS, Code, Refusal
from outrider.centre.intake.counts import Counts
from outrider.centre.intake.journal_lines import say
from outrider.centre.intake.rates import Rates, stranger
from outrider.shown import shown

_log = logging.getLogger(__name__)
_HTTP_CODES = {404: Code.NOT_FOUND, 405: Code.METHOD}
_MOST_CHARACTERS = 500
REQUEST_HEADER = b"outrider-request"


def caller(scope: Scope) -> str:
    """Return who asks: the unit of the client's certificate; without one, the `stranger`."""
    peer = scope.get("state", {}).get("peer")
    client = scope.get("client")
    return str(peer or (stranger(client[0]) if client else "unknown"))


class _Told:
    """Passes an answer on, names the request in it, and notes what was said."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._name = (REQUEST_HEADER, request_id.encode("ascii"))
        self.status = 0
        self.complete = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._name]
        elif message["type"] == "http.response.body":
            self.complete = not message.get("more_body", False)
        await self._send(message)


class RequestFrame:
    """The outermost part of an application: nothing gets in or out but through it."""

    def __init__(self, app: ASGIApp, rates: Rates, counts: Counts) -> None:
        self._app = app
        self._rates = rates
        self._counts = counts
        self._too_many_said_s = -math.inf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = secrets.token_hex(6)
        begun_s = time.monotonic()
        told = _Told(send, state["request_id"])
        try:
            await self._serve(scope, receive, told)
        except Exception:
            _log.exception("unexpected", extra={"fields": {"request": state["request_id"]}})
            if not told.complete:
                raise  # the connection is cut, so that half an answer is not believed
        finally:
            if told.status != STATUS[Code.TOO_MANY] or self._is_time_to_say(begun_s):
                _say_done(scope, told.status, begun_s)

    def _is_time_to_say(self, now_s: float) -> bool:
        """Whether a refusal for too many requests is said: once a second, for all are counted."""
        due = now_s - self._too_many_said_s >= 1.0
        if due:
            self._too_many_said_s = now_s
        return due

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._rates.take(caller(scope))
        except Refusal as refusal:
            await refused(Request(scope), refusal, self._counts)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _say_done(scope: Scope, status: int, begun_s: float) -> None:
    state = scope["state"]
    fields = {
        "request": state["request_id"],
        "from": caller(scope),
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round((time.monotonic() - begun_s) * 1000, 1),
    }
    level = logging.WARNING if status >= 400 or not status else logging.INFO
    say(_log, level, "request", **fields, **state.get("told", {}))


def refused(request: Request, refusal: Refusal, counts: Counts) -> Response:
    """Count a refusal, note it for the log, and return the answer."""
    counts.refused[refusal.code] += 1
    request.scope["state"]["told"] = {"code": refusal.code.value, "why": str(refusal)}
    return answer(refusal, request.scope["state"]["request_id"])


def answer(refusal: Refusal, request_id: str) -> JSONResponse:
    """Return a refusal as an answer."""
    message = shown(str(refusal))[:_MOST_CHARACTERS]
    content = {"error": refusal.code.value, "message": message, "request": request_id}
    return JSONResponse(content, refusal.status, dict(refusal.headers()))


def unexpected() -> Refusal:
    """Return what is said of an error that nobody foresaw."""
    text = "something is wrong at the centre; its log says more under this request"
    return Refusal(Code.INTERNAL, text)


def as_refusal(error: HTTPException) -> Refusal:
    """Return what the framework refuses as a refusal of ours."""
    code = _HTTP_CODES.get(error.status_code, Code.HTTP)
    return Refusal(code, f"{error.detail}")
