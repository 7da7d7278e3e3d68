"""The interface as an application: sessions, errors, and searches that end with their reader.

Errors are `{"error": CODE, "message": TEXT}`; no text tells of a row outside the scope. A session's
token travels as `Authorization: Bearer TOKEN`.
"""

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from outrider.centre.access.people import Person
from outrider.centre.access.why_not import Denied
from outrider.centre.api.openapi import document
from outrider.centre.api.routes import ROUTES, ApiRoute, Call
from outrider.centre.desks import Desks
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.people.provider import Begun, SignInFault
from outrider.centre.people.sessions import NoSession
from outrider.centre.search.core import SearchFault
from outrider.centre.store.records import ConflictError, StoreError
from outrider.centre.store.search_ports import Cancel, Cancelled

_log = logging.getLogger(__name__)
_MOST_BODY = 64 * 1024
_BODY_S = 15.0
_MOST_BEGUN = 1000
_LOOK_S = 0.1
_PLAIN: TypeAdapter[Any] = TypeAdapter(Any)


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Api:
    """The application over one centre's desks. workers: threads that ask the store."""

    def __init__(self, desks: Desks, workers: int = 8) -> None:
        self._desks = desks
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="answer")
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self._lock = threading.Lock()
        routes = [Route(one.path, self._endpoint(one), methods=[one.method]) for one in ROUTES]
        routes += [
            Route("/v1/sign-in", self._sign_in, methods=["GET"]),
            Route("/v1/signed-in", self._signed_in, methods=["GET"]),
            Route("/v1/sign-out", self._sign_out, methods=["POST"]),
            Route("/v1/openapi.json", self._openapi, methods=["GET"]),
        ]
        self.app = Starlette(routes=routes)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _endpoint(self, route: ApiRoute) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await self._guarded(lambda: self._answer(route, request))

        return endpoint

    async def _guarded(self, answer: Callable[[], Awaitable[Response]]) -> Response:
        try:
            return await answer()
        except Exception as error:  # noqa: BLE001 - the border: one request's fault is its own
            return _told(error)

    async def _answer(self, route: ApiRoute, request: Request) -> Response:
        # Who asks comes before what: a stranger's body is never waited for.
        person = await self._in_thread(lambda: self._desks.sessions.person(_token(request)))
        body = None
        if route.body is not None:
            raw = await _body(request)
            try:
                body = route.body.model_validate_json(raw)
            except ValidationError as error:
                raise _Refused(422, "asked-wrongly", _faults(error)) from error
        cancel = Cancel()
        call = Call(self._desks, person, body, request.path_params, cancel)
        found = await self._until_gone(request, lambda: route.run(call), cancel)
        return JSONResponse(_PLAIN.dump_python(found, mode="json"))

    async def _in_thread(self, work: Callable[[], Person]) -> Person:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _until_gone(self, request: Request, work: Callable[[], Any], cancel: Cancel) -> Any:
        """Run work on a thread; break it off when whoever asked has gone away."""
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        while True:
            done, _ = await asyncio.wait({running}, timeout=_LOOK_S)
            if done:
                return running.result()
            if not cancel.cancelled and await request.is_disconnected():
                await asyncio.get_running_loop().run_in_executor(None, cancel.cancel)

    # Signing in

    async def _sign_in(self, request: Request) -> Response:
        async def answer() -> Response:
            provider = self._desks.provider
            if provider is None:
                raise _Refused(503, "provider", "no provider is set: [people] issuer")
            begun = await asyncio.get_running_loop().run_in_executor(self._pool, provider.begin)
            with self._lock:
                self._begun[begun.state] = begun
                while len(self._begun) > _MOST_BEGUN:
                    self._begun.popitem(last=False)
            response = RedirectResponse(begun.url, 302)
            # The browser that began is the one that comes back: state alone could be another's.
            response.set_cookie(
                "outrider-state", begun.state, max_age=600, httponly=True, samesite="lax"
            )
            return response

        return await self._guarded(answer)

    async def _signed_in(self, request: Request) -> Response:
        async def answer() -> Response:
            state, code = (
                request.query_params.get("state", ""),
                request.query_params.get("code", ""),
            )
            with self._lock:
                begun = self._begun.pop(state, None)
            if begun is None or request.cookies.get("outrider-state") != state:
                raise _Refused(403, "sign-in", "no sign-in of this browser waits: begin anew")
            token = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._begin, begun, state, code
            )
            return JSONResponse({"token": token}, headers={"Cache-Control": "no-store"})

        return await self._guarded(answer)

    def _begin(self, begun: Begun, state: str, code: str) -> str:
        assert self._desks.provider is not None  # it began the sign-in
        return self._desks.sessions.begin(self._desks.provider.finish(begun, state, code))

    async def _sign_out(self, request: Request) -> Response:
        async def answer() -> Response:
            token = _token(request)
            await asyncio.get_running_loop().run_in_executor(
                self._pool, self._desks.sessions.end, token
            )
            return JSONResponse({"signed_out": True})

        return await self._guarded(answer)

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(document())


_FAULTS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (NoSession, 401, "session", ""),
    (NotAllowed, 403, "not-allowed", ""),
    (ConflictError, 409, "conflict", "somebody else has changed this meanwhile: look again"),
    (SignInFault, 502, "provider", ""),
    (SearchFault, 503, "store", "the store cannot answer now; ask again later"),
    (StoreError, 503, "store", "the store cannot answer now; ask again later"),
    (Cancelled, 499, "gone", "broken off"),
    (ValueError, 422, "asked-wrongly", ""),  # AskedWrongly, PurposeFault, PlaceFault: all say what
)


def _told(error: Exception) -> JSONResponse:
    """Return what is told of a fault; what the store or the program says stays in the log."""
    if isinstance(error, _Refused):
        return _error(error.status, error.code, str(error))
    if isinstance(error, Denied):
        return _error(403, error.code, str(error))
    for kind, status, code, words in _FAULTS:
        if isinstance(error, kind):
            return _error(status, code, words or str(error))
    _log.error("answer: %s", type(error).__name__)
    return _error(500, "internal", "a fault of the centre: its log has it")


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise NoSession("sign in, and send the token as `Authorization: Bearer TOKEN`")
    return token


async def _body(request: Request) -> bytes:
    raw = b""
    try:
        async with asyncio.timeout(_BODY_S):
            async for part in request.stream():
                raw += part
                if len(raw) > _MOST_BODY:
                    raise _Refused(413, "too-large", f"at most {_MOST_BODY} bytes")
    except TimeoutError:
        raise _Refused(408, "too-slow", f"the body did not come in {_BODY_S:.0f} s") from None
    return raw


def _faults(error: ValidationError) -> str:
    """Return what is wrong and where; never what was typed."""
    found = error.errors(include_input=False, include_context=False, include_url=False)[:5]
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": code, "message": message}, status_code=status)
