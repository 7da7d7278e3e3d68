"""The pages as an application: who comes, which page, one border for all faults.

A session's token travels in a cookie that no script reads and no other site's request carries.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from outrider.centre.access.people import Person
from outrider.centre.intake.codes import Refusal
from outrider.centre.pages import faults
from outrider.centre.pages.browsers import Idle, Memory
from outrider.centre.pages.calls import Bytes, Call, GoTo, Page, Site, Stream
from outrider.centre.pages.forms import Form, check_form, form_of, form_token
from outrider.centre.pages.headers import SecurityHeaders
from outrider.centre.pages.layout import Layout
from outrider.centre.pages.menu import first_page, menu_of
from outrider.centre.pages.public_page import PublicPage
from outrider.centre.pages.routes import ROUTES, PageRoute
from outrider.centre.pages.statics import Statics
from outrider.centre.pages.streams import Event, Streams
from outrider.centre.people.sessions import NoSession
from outrider.centre.people.sign_ins import SignIns
from outrider.centre.store.search_ports import Cancel
from outrider.centre.web.bodies import body_of
from outrider.centre.web.quotas import Quotas
from outrider.centre.web.working import Workers

_BODY_S = 15.0
_SIGN_INS = 4
_LIVE = 2
_ENDED = {"Clear-Site-Data": '"cache", "storage"'}


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes: a session that holds, and what is remembered of it."""

    token: str
    person: Person
    memory: Memory


class Pages:
    """The application over one site. tls: browsers reach it by TLS; workers: threads."""

    def __init__(self, site: Site, workers: int = 8, tls: bool = False) -> None:
        self.site = site
        self._tls = tls
        # `__Host-`: no other host of the same domain can set it in somebody's browser.
        self._cookie = "__Host-outrider-session" if tls else "outrider-session"
        self._state = "__Host-outrider-state" if tls else "outrider-pages-state"
        self._workers = Workers(workers, "pages")
        self._signing_in = Workers(_SIGN_INS, "sign-in")  # they wait for the provider
        self._live = Workers(_LIVE, "live")  # however many pages are open, others keep theirs
        self.streams = Streams()
        self._layout, self._statics = Layout(), Statics()
        self._public = PublicPage(site)
        self._sign_ins = SignIns(site.desks.provider)
        routes = [Route(one.path, self._endpoint(one), methods=[one.method]) for one in ROUTES]
        routes += [
            Route("/", self._start, methods=["GET"]),
            Route("/public", self._public_page, methods=["GET"]),
            Route("/sign-in", self._sign_in, methods=["GET"]),
            Route("/signed-in", self._signed_in, methods=["GET"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route("/static/{path:path}", self._statics.answer, methods=["GET"]),
        ]
        handlers: dict[Any, Any] = {404: self._no_page, 405: self._no_page}
        self.routes = Starlette(routes=routes, exception_handlers=handlers)
        lasting = next(one.path for one in ROUTES if one.lasts).partition("{")[0]
        within = Quotas(self.routes, ("/sign-in", "/signed-in"), _too_much, lasting)
        self.app: ASGIApp = SecurityHeaders(within, tls)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()
        self._signing_in.close()
        self._live.close()
        self.site.jobs.close()

    def _endpoint(self, route: PageRoute) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await self._guarded(request, lambda visit: self._page(route, request, visit))

        return endpoint

    async def _guarded(
        self, request: Request, answer: Callable[[Visit], Awaitable[Response]]
    ) -> Response:
        visit = None
        try:
            visit = await self._workers.run(lambda: self._visit(request))
            return await answer(visit)
        except Exception as error:  # noqa: BLE001 - the border: one request's fault is its own
            told = faults.answer_to(error, request.path_params.get("question", ""))
        known = visit
        return await self._workers.run(lambda: self._made(told, request, known))

    def _visit(self, request: Request, used: bool = True) -> Visit:
        """Return who comes; used: by the person, not by their page alone.

        Raises NoSession, Idle, StoreError.
        """
        token = request.cookies.get(self._cookie, "")
        sessions = self.site.desks.sessions
        person = sessions.person(token)
        used = used and request.query_params.get("watching") != "yes"
        try:
            memory = self.site.browsers.visit(token, used)
        except Idle:
            sessions.end(token)
            raise
        return Visit(token, person, memory)

    async def _page(self, route: PageRoute, request: Request, visit: Visit) -> Response:
        _check_role(route, visit)
        form = Form([])
        if route.method == "POST":
            body = await body_of(request, _BODY_S, route.most_bytes)
            form = form_of(body, request.headers.get("content-type", ""))
            check_form(request, form, visit.token)
        call = self._call(request, visit, form)

        def work() -> Response | Stream:
            answer = route.run(call) if self._accepted(route, visit) else GoTo("/rules-of-use")
            return answer if isinstance(answer, Stream) else self._made(answer, request, visit)

        made = await self._workers.run_until_gone(
            request, work, call.cancel, visit.person.person_id
        )
        return made if isinstance(made, Response) else self._stream(route, request, visit, made)

    def _accepted(self, route: PageRoute, visit: Visit) -> bool:
        return route.free or visit.person.policy_version == self.site.desks.acceptance.in_force

    def _call(self, request: Request, visit: Visit, form: Form) -> Call:
        return Call(
            self.site, visit.person, visit.token, visit.memory, request.path_params,
            request.query_params, form, Cancel(), request.headers.get("last-event-id", ""),
        )  # fmt: skip

    def _stream(self, route: PageRoute, request: Request, visit: Visit, stream: Stream) -> Response:
        """Return what goes on: each look as strict as a page, and none of them keeps a session."""
        if request.method == "HEAD":
            return Response()

        def work() -> Sequence[Event]:
            now = self._visit(request, used=False)
            _check_role(route, now)
            if not self._accepted(route, now):
                raise faults.NotYours("accept the rules of use first")
            return stream.look(self._call(request, now, Form([])))

        async def look() -> Sequence[Event]:
            try:
                return await self._live.run(work)
            except Exception as error:  # noqa: BLE001 - the border: a stream that fails ends, and says so
                return (faults.ending_of(error),)

        return self.streams.of(visit.person.person_id, look)

    def _made(self, answer: Page | GoTo | Bytes, request: Request, visit: Visit | None) -> Response:
        """Return an answer as it is sent."""
        if isinstance(answer, Bytes):
            headers = {}
            if answer.file_name:
                headers["Content-Disposition"] = f'attachment; filename="{answer.file_name}"'
            return Response(answer.data, media_type=answer.media_type, headers=headers)
        if isinstance(answer, GoTo):
            if visit is not None and answer.notice:
                visit.memory.notice = answer.notice
            return RedirectResponse(answer.path, 303)
        return HTMLResponse(
            self._layout.render(answer.template, self._frame(request, visit) | dict(answer.facts)),
            answer.status,
        )

    def _frame(self, request: Request, visit: Visit | None) -> dict[str, Any]:
        """Return what every page shows around its own facts."""
        frame: dict[str, Any] = {
            "static": self._statics.path, "path": request.url.path, "me": None, "menu": [],
            "works_on": None, "notice": "", "form_token": "",
        }  # fmt: skip
        if visit is not None:
            frame |= {
                "me": visit.person,
                "menu": menu_of(visit.person),
                "works_on": visit.memory.carried,
                "notice": visit.memory.told(),
                "form_token": form_token(visit.token),
            }
        return frame

    async def _no_page(self, request: Request, error: Exception) -> Response:
        page = Page("fault.html", {"fault_title": "There is no such page", "words": ""}, 404)
        return await self._workers.run(lambda: self._made(page, request, None))

    # Signing in and out

    async def _start(self, request: Request) -> Response:
        def work() -> Response:
            try:
                visit = self._visit(request)
            except (NoSession, Idle):
                return self._made(Page("start.html"), request, None)
            return self._made(GoTo(first_page(visit.person)), request, visit)

        return await self._unguarded(request, work)

    async def _public_page(self, request: Request) -> Response:
        return await self._unguarded(
            request, lambda: self._made(self._public.page(), request, None)
        )

    async def _unguarded(
        self, request: Request, work: Callable[[], Response], workers: Workers | None = None
    ) -> Response:
        """Run what needs no session."""
        try:
            return await (workers or self._workers).run(work)
        except Exception as error:  # noqa: BLE001 - the border, as above
            told = faults.answer_to(error, "")
        return await self._workers.run(lambda: self._made(told, request, None))

    async def _sign_in(self, request: Request) -> Response:
        def work() -> Response:
            begun = self._sign_ins.begin()
            response = RedirectResponse(begun.url, 302)
            # It must come along when the provider sends the browser back: lax, for ten minutes.
            response.set_cookie(
                self._state, begun.state, max_age=600, httponly=True, samesite="lax",
                secure=self._tls,
            )  # fmt: skip
            return response

        return await self._unguarded(request, work, self._signing_in)

    async def _signed_in(self, request: Request) -> Response:
        def work() -> Response:
            query, own = request.query_params, request.cookies.get(self._state, "")
            person = self._sign_ins.finish(query.get("state", ""), own, query.get("code", ""))
            token = self.site.desks.sessions.begin(person)
            # A page, and no redirection: only our own page's step onwards carries a strict cookie.
            response = self._made(Page("signed_in.html", {"person": person}), request, None)
            response.set_cookie(
                self._cookie, token, httponly=True, samesite="strict", secure=self._tls, path="/"
            )
            response.delete_cookie(self._state, secure=self._tls)
            return response

        return await self._unguarded(request, work, self._signing_in)

    async def _sign_out(self, request: Request) -> Response:
        async def answer(visit: Visit) -> Response:
            check_form(request, form_of(await body_of(request, _BODY_S)), visit.token)
            await self._workers.run(lambda: self.site.desks.sessions.end(visit.token))
            self.site.browsers.forget(visit.token)
            await self._workers.run(self.site.jobs.sweep)
            response = RedirectResponse("/", 303, headers=_ENDED)
            response.delete_cookie(
                self._cookie, path="/", secure=self._tls, httponly=True, samesite="strict"
            )
            return response

        return await self._guarded(request, answer)


def _check_role(route: PageRoute, visit: Visit) -> None:
    if not route.roles & visit.person.roles:
        raise faults.NotYours("Ask your administrator if you need it for your work.")


def _too_much(refusal: Refusal) -> Response:
    """Return what is told before anybody looks who asks."""
    return PlainTextResponse(f"{refusal}. Try again in a moment.\n", refusal.status)
