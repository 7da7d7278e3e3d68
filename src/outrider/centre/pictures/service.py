"""The service at its socket: `POST /picture`, a picture beside its read (JSON), or an error.

Errors are `{"error": CODE, "message": TEXT}`.
"""

import logging

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from outrider.centre.access.why_not import Denied
from outrider.centre.evidence.pictures import ShownPicture
from outrider.centre.opening.pictures import PictureFault
from outrider.centre.people.sessions import NoSession
from outrider.centre.pictures.asking import PATH, PictureAsked
from outrider.centre.pictures.showing import Showing
from outrider.centre.search.core import SearchFault
from outrider.centre.store.records import StoreError
from outrider.centre.web.bodies import Refused, body_of
from outrider.centre.web.working import Workers

_log = logging.getLogger(__name__)
_BODY_S = 5.0
_LATER = "the store cannot answer now; ask again later"
_SHOWN: TypeAdapter[ShownPicture] = TypeAdapter(ShownPicture)
_FAULTS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (NoSession, 401, "session", ""),
    (PictureFault, 404, "picture", ""),
    (SearchFault, 503, "store", _LATER),
    (StoreError, 503, "store", _LATER),
    (ValueError, 422, "asked-wrongly", ""),
)


class PictureService:
    """The application. workers: pictures opened at once."""

    def __init__(self, showing: Showing, workers: int = 2) -> None:
        self._showing = showing
        self._workers = Workers(workers, "pictures")
        self.app = Starlette(routes=[Route(PATH, self._picture, methods=["POST"])])

    def close(self) -> None:
        """End the threads."""
        self._workers.close()

    async def _picture(self, request: Request) -> Response:
        try:
            asked = PictureAsked.model_validate_json(await body_of(request, _BODY_S))
            shown = await self._workers.run(lambda: self._showing.show(asked))
        except Exception as error:  # noqa: BLE001 - the border: one request's fault is its own
            return _told(error)
        return Response(_SHOWN.dump_json(shown), media_type="application/json")


def _told(error: Exception) -> JSONResponse:
    if isinstance(error, ValidationError):
        return _error(422, "asked-wrongly", "what is asked has another form")
    if isinstance(error, Refused):
        return _error(error.status, error.code, str(error))
    if isinstance(error, Denied):
        return _error(403, error.code, str(error))
    for kind, status, code, words in _FAULTS:
        if isinstance(error, kind):
            return _error(status, code, words or str(error))
    _log.error("pictures: %s", type(error).__name__)
    return _error(500, "internal", "a fault of the service that opens pictures: its log has it")


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": code, "message": message}, status_code=status)
