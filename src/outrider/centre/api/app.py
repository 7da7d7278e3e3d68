"""The interface as an application: sessions, errors, and searches that end with their reader.

Errors are `{"error": CODE, "message": TEXT}`; no text tells of a row outside the scope. A session's
token travels as `Authorization: Bearer TOKEN`.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from outrider.centre.access.people import Person
from outrider.centre.access.why_not import Denied
from outrider.centre.api.bodies import Grounds
from outrider.centre.api.openapi import document
from outrider.centre.api.routes import BEFORE_ACCEPTING, ROUTES, ApiRoute, Call
from outrider.centre.desks import Desks
from outrider.centre.governance.papers import NotAllowed
from outrider.centre.intake.codes import Refusal
from outrider.centre.people.provider import SignInFault
from outrider.centre.people.sessions import NoSession
from outrider.centre.people.sign_ins import NoProvider, NoSignIn, SignIns
from outrider.centre.pictures.reaching import NoPicture, Pictures
from outrider.centre.search.core import SearchFault
from outrider.centre.store.records import ConflictError, StoreError
from outrider.centre.store.search_ports import Cancel, Cancelled
from outrider.centre.web.bodies import Refused, body_of
from outrider.centre.web.quotas import Quotas
from outrider.centre.web.working import Workers
from outrider.outside import OutsideError

_log = logging.getLogger(__name__)
_BODY_S = 15.0
_SIGN_INS = 4
_MOST_FAULTS = 1000
_PLAIN: TypeAdapter[Any] = TypeAdapter(Any)


class Api:
    """The application over one centre's desks. workers: threads that ask the store."""

    def __init__(self, desks: Desks, pictures: Pictures, workers: int = 8) -> None:
        self._desks = desks
        self._pictures = pictures
        self._workers = Workers(workers, "answer")
        self._signing_in = Workers(_SIGN_INS, "sign-in")  # they wait for the provider
        self._sign_ins = SignIns(desks.provider)
        routes = [Route(one.path, self._endpoint(one), methods=[one.method]) for one in ROUTES]
        routes += [
            Route("/v1/sign-in", self._sign_in, methods=["GET"]),
            Route("/v1/signed-in", self._signed_in, methods=["GET"]),
            Route("/v1/sign-out", self._sign_out, methods=["POST"]),
            Route("/v1/openapi.json", self._openapi, methods=["GET"]),
        ]
        self.routes = Starlette(routes=routes)
        self.app = Quotas(self.routes, ("/v1/sign-in", "/v1/signed-in"), _told)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()
        self._signing_in.close()

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
        token = _token(request)
        person = await self._workers.run(lambda: self._person(route, token))
        body = None
        if route.body is not None:
            raw = await body_of(request, _BODY_S)
            try:
                body = route.body.model_validate_json(raw)
            except ValidationError as error:
                raise Refused(422, "asked-wrongly", _faults(error)) from error
        cancel = Cancel()
        call = Call(self._desks, person, body, request.path_params, cancel, token, self._pictures)
        who = person.person_id
        found = await self._workers.run_until_gone(request, lambda: route.run(call), cancel, who)
        return JSONResponse(_PLAIN.dump_python(found, mode="json"))

    def _person(self, route: ApiRoute, token: str) -> Person:
        """Return who asks. Where a decision follows, that denies who has accepted no rules."""
        decided = route.body is not None and issubclass(route.body, Grounds)
        if decided or route.name in BEFORE_ACCEPTING:
            return self._desks.sessions.person(token)
        return self._desks.member(token)

    # Signing in

    async def _sign_in(self, request: Request) -> Response:
        async def answer() -> Response:
            begun = await self._signing_in.run(self._sign_ins.begin)
            response = RedirectResponse(begun.url, 302)
            # The browser that began is the one that comes back: state alone could be another's.
            response.set_cookie(
                "outrider-state", begun.state, max_age=600, httponly=True, samesite="lax",
                secure=request.url.scheme == "https",
            )  # fmt: skip
            return response

        return await self._guarded(answer)

    async def _signed_in(self, request: Request) -> Response:
        async def answer() -> Response:
            query, own = request.query_params, request.cookies.get("outrider-state", "")
            state, code = query.get("state", ""), query.get("code", "")
            token = await self._signing_in.run(lambda: self._begin(state, own, code))
            return JSONResponse({"token": token}, headers={"Cache-Control": "no-store"})

        return await self._guarded(answer)

    def _begin(self, state: str, own: str, code: str) -> str:
        return self._desks.sessions.begin(self._sign_ins.finish(state, own, code))

    async def _sign_out(self, request: Request) -> Response:
        async def answer() -> Response:
            token = _token(request)
            await self._workers.run(lambda: self._desks.sessions.end(token))
            return JSONResponse({"signed_out": True})

        return await self._guarded(answer)

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(document())


_FAULTS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (NoSession, 401, "session", ""),
    (NotAllowed, 403, "not-allowed", ""),
    (ConflictError, 409, "conflict", "somebody else has changed this meanwhile: look again"),
    (NoSignIn, 403, "sign-in", ""),
    (NoProvider, 503, "provider", ""),
    (SignInFault, 502, "provider", ""),
    (SearchFault, 503, "store", "the store cannot answer now; ask again later"),
    (StoreError, 503, "store", "the store cannot answer now; ask again later"),
    (Cancelled, 499, "gone", "broken off"),
    # Their words may repeat what was parsed: a row or a paper of somebody else's.
    (OutsideError, 500, "internal", "a fault of the centre: what it holds cannot be read"),
    (ValidationError, 500, "internal", "a fault of the centre: what it holds cannot be read"),
    (ValueError, 422, "asked-wrongly", ""),  # AskedWrongly, PurposeFault, PlaceFault: all say what
)


def _told(error: Exception) -> JSONResponse:
    """Return what is told of a fault; what the store or the program says stays in the log."""
    if isinstance(error, Refused):
        return _error(error.status, error.code, str(error))
    if isinstance(error, NoPicture):
        return _error(error.status, error.code, str(error))
    if isinstance(error, Refusal):
        return _error(error.status, error.code.value, str(error))
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


def _faults(error: ValidationError) -> str:
    """Return what is wrong and where; never what was typed."""
    if error.error_count() > _MOST_FAULTS:  # to describe each would cost more than to search
        return f"{error.error_count()} faults"
    found = error.errors(include_input=False, include_context=False, include_url=False)[:5]
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": code, "message": message}, status_code=status)
