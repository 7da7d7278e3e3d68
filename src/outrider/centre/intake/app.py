"""The HTTP interface (`openapi.json` describes it): what units send, and what they fetch."""

import asyncio
import functools
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from outrider.centre.authority.authority import Authority
from outrider.centre.authority.enrolment import EnrolmentDesk
from outrider.centre.checkpoints.keeping import CheckpointKeeper
from outrider.centre.folder import LimitSettings
from outrider.centre.intake.bodies import Patience, check_declared, read_body
from outrider.centre.intake.codes import Code, Refusal
from outrider.centre.intake.counts import Counts
from outrider.centre.intake.frame import RequestFrame, as_refusal, caller, refused, unexpected
from outrider.centre.intake.list_keys import ListKeySecret
from outrider.centre.intake.rates import Gate, Rate, Rates
from outrider.centre.intake.uploads import UploadDesk
from outrider.centre.store.records import EnrolmentRefused, StoreError
from outrider.wire import checkpoint, holdings, padding
from outrider.wire import enrolment as messages
from outrider.wire.canonical import WireError
from outrider.wire.enrolment import EnrolmentRequest, RenewalRequest
from outrider.wire.list_key import CHALLENGE
from outrider.wire.names import is_name
from outrider.wire.upload import (
    DIGEST_HEADER,
    SENT_HEADER,
    SIGNATURE_HEADER,
    UploadKind,
    UploadName,
    content_digest,
)

_T = TypeVar("_T")
_STORE_RETRY_S = 10.0
_ENROL_GRACE_S = 3.0
_Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Intake:
    """What the endpoints work with. workers: runs what may block; status: more for `health`.

    gate: of units; strangers: of those who come to enrol, so that neither shuts the others out.
    """

    limits: LimitSettings
    uploads: UploadDesk
    enrolment: EnrolmentDesk
    authority: Authority
    workers: Executor
    counts: Counts
    gate: Gate
    strangers: Gate
    status: Callable[[], Mapping[str, object]]
    list_keys: ListKeySecret
    checkpoints: CheckpointKeeper

    async def work(self, function: Callable[..., _T], *arguments: object) -> _T:
        """Run what may block. Raises what it raises; a StoreError as Refusal (`store`)."""
        loop = asyncio.get_running_loop()
        try:
            call = functools.partial(function, *arguments)
            return await loop.run_in_executor(self.workers, call)
        except StoreError as error:
            text = f"the store cannot take it now: {error}"
            raise Refusal(Code.STORE, text, _STORE_RETRY_S) from error


def unit_app(intake: Intake, hotlists: Path | None) -> ASGIApp:
    """Return what units are served over mutual TLS."""
    limits = intake.limits
    each = Rate(limits.unit_per_s, limits.unit_burst)
    rates = Rates(each, Rate(limits.all_per_s, limits.all_burst))

    def bound(endpoint: Callable[[Intake, Request], Awaitable[Response]]) -> _Endpoint:
        return functools.partial(endpoint, intake)

    routes: list[BaseRoute] = [
        Route("/v1/units/{unit}/cover/{upload}", bound(_put_cover), methods=["PUT"]),
        Route("/v1/units/{unit}/{kind}/{upload}", bound(_put_upload), methods=["PUT"]),
        Route("/v1/units/{unit}/certificate", bound(_post_renewal), methods=["POST"]),
        Route("/v1/units/{unit}/list-key/{challenge}", bound(_get_list_key), methods=["GET"]),
        Route("/v1/units/{unit}/checkpoint", bound(_post_checkpoint), methods=["POST"]),
        Route("/v1/units/{unit}/holdings", bound(_post_question), methods=["POST"]),
        Route("/v1/revoked", bound(_get_revoked), methods=["GET"]),
        Route("/v1/health", bound(_get_health), methods=["GET"]),
        Route("/v1/openapi.json", _get_openapi, methods=["GET"]),
    ]
    if hotlists is not None:
        routes += [
            Mount(f"/v1/hotlists/{part}", _files(hotlists / part))
            for part in ("metadata", "targets")
        ]
    return RequestFrame(_application(routes, intake), rates, intake.counts)


def _files(folder: Path) -> StaticFiles:
    """Return what serves a folder's files; one that is not there yet holds none."""
    made = StaticFiles(directory=folder, check_dir=False)
    made.config_checked = True  # else the first request finds out, and is an error of the centre's
    return made


def enrolment_app(intake: Intake) -> ASGIApp:
    """Return what anybody is served who comes without a certificate: enrolment alone."""
    rate = Rate(intake.limits.enrol_per_min / 60, intake.limits.enrol_burst)
    everyone = Rate(rate.per_s * 10, rate.burst * 10)
    routes: list[BaseRoute] = [
        Route(messages.ENROL_PATH, functools.partial(_post_enrolment, intake), methods=["POST"])
    ]
    return RequestFrame(_application(routes, intake), Rates(rate, everyone), intake.counts)


def _application(routes: list[BaseRoute], intake: Intake) -> Starlette:
    def on_refusal(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return refused(request, error, intake.counts)

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return refused(request, as_refusal(error), intake.counts)

    def on_unexpected(request: Request, _: Exception) -> Response:
        return refused(request, unexpected(), intake.counts)

    handlers = {Refusal: on_refusal, HTTPException: on_http, Exception: on_unexpected}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


async def _put_upload(intake: Intake, request: Request) -> Response:
    name = _upload_name(request.path_params)
    limits = intake.limits
    most_bytes = int(limits.upload_mb * 2**20)
    check_declared(request, most_bytes)
    _check_peer(request, name.unit_id)
    intake.uploads.check_sent(request.headers)
    with intake.gate.enter(name.unit_id) as place:
        await intake.work(intake.uploads.trusted, name.unit_id)
        came = await read_body(request, most_bytes, _patience(limits), place)
        answer_s = time.monotonic() + padding.ANSWER_AFTER_S
        body = _true_body(came, request)
        taken = await intake.work(intake.uploads.take, name, body, request.headers)
    intake.counts.took(name.kind, taken, len(body))
    request.scope["state"]["told"] = {
        "bytes": len(body),
        "stored": taken.stored,
        "duplicates": taken.duplicates,
        "again": taken.again,
    }
    return await _answered(request, taken.receipt, answer_s)


def _true_body(came: bytes, request: Request) -> bytes:
    try:
        return padding.unpadded(came, request.headers)
    except WireError as error:
        raise Refusal(Code.CONTENT, str(error)) from error


async def _answered(request: Request, receipt: bytes, answer_s: float) -> Response:
    """Return an answer; to a padded request one that looks and comes like any other."""
    if padding.is_padded(request.headers):
        await asyncio.sleep(max(0.0, answer_s - time.monotonic()))
        receipt = padding.answered(receipt)
    return Response(receipt, media_type="application/json")


async def _put_cover(intake: Intake, request: Request) -> Response:
    """Take in what holds nothing: it looks from outside as an upload does, and is thrown away."""
    unit_id, limits = _unit_id(request.path_params), intake.limits
    check_declared(request, padding.COVER_BYTES)
    _check_peer(request, unit_id)
    with intake.gate.enter(unit_id) as place:
        await intake.work(intake.uploads.trusted, unit_id)
        await read_body(request, padding.COVER_BYTES, _patience(limits), place)
    return await _answered(request, b"{}", time.monotonic() + padding.ANSWER_AFTER_S)


def _patience(limits: LimitSettings) -> Patience:
    return Patience(limits.body_s, limits.body_least_b_per_s)


def _upload_name(params: Mapping[str, Any]) -> UploadName:
    try:
        kind = UploadKind(params["kind"])
    except ValueError:
        raise Refusal(Code.NOT_FOUND, "Not Found") from None
    unit, text = _unit_id(params), params["upload"]
    try:
        upload_id = uuid.UUID(text)
    except ValueError as error:
        raise Refusal(Code.PATH, f"the upload's name is no UUID: {error}") from error
    if str(upload_id) != text:
        raise Refusal(Code.PATH, "the upload's name is no UUID in its usual form")
    return UploadName(unit, kind, upload_id)


def _unit_id(params: Mapping[str, Any]) -> str:
    unit = str(params["unit"])
    if not is_name(unit):
        raise Refusal(Code.PATH, "the unit's name may have letters, digits and ._- only")
    return unit


def _check_peer(request: Request, unit_id: str) -> None:
    """Check that a request about a unit comes over a connection of that unit's certificate."""
    peer = request.scope["state"].get("peer")
    if peer is None:
        raise Refusal(Code.NO_CERTIFICATE, "a unit's certificate is needed")
    if peer != unit_id:
        raise Refusal(Code.OTHER_UNIT, f"the certificate is {peer}'s, the path is {unit_id}'s")


async def _post_renewal(intake: Intake, request: Request) -> Response:
    unit_id = _unit_id(request.path_params)
    check_declared(request, messages.MAX_BYTES)
    _check_peer(request, unit_id)
    intake.uploads.check_sent(request.headers)
    with intake.gate.enter(unit_id) as place:
        body = await read_body(request, messages.MAX_BYTES, _patience(intake.limits), place)
        renewed = await intake.work(_renew, intake, unit_id, body, request.headers)
    return Response(renewed, media_type="application/json")


def _renew(intake: Intake, unit_id: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    _check_signed(intake, unit_id, messages.RENEWAL_PURPOSE, body, headers)
    try:
        asked = RenewalRequest.decode(body)
        _check_said(asked.unit_id, asked.sent, unit_id, headers)
        return intake.enrolment.renew(asked).encode()
    except WireError as error:
        raise Refusal(Code.CONTENT, str(error)) from error


def _check_signed(
    intake: Intake, unit_id: str, purpose: str, body: bytes, headers: Mapping[str, str]
) -> None:
    """Check that a request is whole and signed by a unit that is trusted. Raises Refusal."""
    unit = intake.uploads.trusted(unit_id)
    if headers.get(DIGEST_HEADER, "") != content_digest(body):
        raise Refusal(Code.DIGEST, "the body is not what its Content-Digest says")
    try:
        unit.signing_key.verify(purpose, body, headers.get(SIGNATURE_HEADER, ""))
    except WireError as error:
        raise Refusal(Code.SIGNATURE, str(error)) from error


def _check_said(said_unit: str, said_sent: str, unit_id: str, headers: Mapping[str, str]) -> None:
    if (said_unit, said_sent) != (unit_id, headers.get(SENT_HEADER, "")):
        raise Refusal(Code.CONTENT, "the unit or the time in the request is not its header's")


async def _post_question(intake: Intake, request: Request) -> Response:
    unit_id = _unit_id(request.path_params)
    check_declared(request, holdings.MAX_BYTES)
    _check_peer(request, unit_id)
    intake.uploads.check_sent(request.headers)
    with intake.gate.enter(unit_id) as place:
        body = await read_body(request, holdings.MAX_BYTES, _patience(intake.limits), place)
        answer = await intake.work(_answer, intake, unit_id, body, request.headers)
    return Response(answer, media_type="application/json")


def _answer(intake: Intake, unit_id: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return what is held of the rows that a unit asks about, signed."""
    _check_signed(intake, unit_id, holdings.PURPOSE, body, headers)
    try:
        question = holdings.decode_question(body)
    except WireError as error:
        raise Refusal(Code.CONTENT, str(error)) from error
    _check_said(question.unit_id, question.sent, unit_id, headers)
    return intake.uploads.answer(question, body)


async def _post_enrolment(intake: Intake, request: Request) -> Response:
    check_declared(request, messages.MAX_BYTES)
    limits = intake.limits
    patience = Patience(limits.head_s, limits.body_least_b_per_s, _ENROL_GRACE_S)
    with intake.strangers.enter(caller(request.scope)) as place:
        body = await read_body(request, messages.MAX_BYTES, patience, place)
        unit_id, answered = await intake.work(_enrol, intake, body)
    request.scope["state"]["told"] = {"enrolled": unit_id}
    return Response(answered, media_type="application/json")


def _enrol(intake: Intake, body: bytes) -> tuple[str, bytes]:
    try:
        asked = EnrolmentRequest.decode(body)
        return asked.unit_id, intake.enrolment.enrol(asked).encode()
    except WireError as error:
        raise Refusal(Code.CONTENT, str(error)) from error
    except EnrolmentRefused as error:
        # One text for all reasons: whether a unit or a code exists is not for strangers to learn.
        text = "the code is not good for this unit: unknown, used or expired; ask for a new ticket"
        raise Refusal(Code.ENROLMENT, text) from error


async def _get_list_key(intake: Intake, request: Request) -> Response:
    unit_id = _unit_id(request.path_params)
    challenge = str(request.path_params["challenge"])
    if not CHALLENGE.fullmatch(challenge):
        raise Refusal(Code.PATH, "a challenge has 64 hexadecimal digits")
    _check_peer(request, unit_id)
    with intake.gate.enter(unit_id):
        await intake.work(intake.uploads.trusted, unit_id)
    answered = intake.list_keys.answer(unit_id, challenge)
    headers = {"Cache-Control": "no-store"}
    return Response(answered, media_type="application/json", headers=headers)


async def _post_checkpoint(intake: Intake, request: Request) -> Response:
    unit_id = _unit_id(request.path_params)
    check_declared(request, checkpoint.MAX_BYTES)
    _check_peer(request, unit_id)
    with intake.gate.enter(unit_id) as place:
        await intake.work(intake.uploads.trusted, unit_id)
        body = await read_body(request, checkpoint.MAX_BYTES, _patience(intake.limits), place)
        newest = await intake.work(_meet, intake, unit_id, body)
    return Response(newest, media_type="application/json") if newest else Response(status_code=204)


def _meet(intake: Intake, unit_id: str, shown: bytes) -> bytes:
    try:
        return intake.checkpoints.meet(unit_id, shown)
    except WireError as error:
        raise Refusal(Code.CONTENT, str(error)) from error


async def _get_revoked(intake: Intake, request: Request) -> Response:
    text = await intake.work(intake.authority.revoked_pem)
    return Response(text, media_type="application/x-pem-file")


async def _get_health(intake: Intake, request: Request) -> Response:
    status = await intake.work(intake.status)
    return JSONResponse({**status, **intake.counts.as_json()})


@functools.cache
def openapi() -> dict[str, Any]:
    """Return the description of the interface."""
    text = resources.files(__package__).joinpath("openapi.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


async def _get_openapi(request: Request) -> Response:
    return JSONResponse(openapi())
