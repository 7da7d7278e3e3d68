"""Asking the service for a picture, over its socket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import httpx
from pydantic import TypeAdapter, ValidationError

from outrider.centre.evidence.pictures import ShownPicture
from outrider.centre.folder import CentreFolder, CentreSettings
from outrider.centre.pictures.asking import PATH, PictureAsked

_TIMEOUT_S = 10.0
_MOST_BYTES = 1024 * 1024
_NOBODY = "pictures are not opened now: `outrider centre pictures` opens them"
_SHOWN: TypeAdapter[ShownPicture] = TypeAdapter(ShownPicture)


class NoPicture(Exception):
    """There is none: why. status: of HTTP; code: short and stable."""

    def __init__(self, status: int, message: str, code: str = "picture") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Pictures(Protocol):
    """Who gives pictures."""

    def ask(self, asked: PictureAsked) -> ShownPicture:
        """Return a picture beside its read. Raises NoPicture."""
        ...


@dataclass(frozen=True, slots=True)
class PictureSocket:
    """The service at a socket."""

    path: Path

    @classmethod
    def of(cls, folder: CentreFolder, settings: CentreSettings) -> Self:
        """Return the service of a centre."""
        return cls(settings.pages.pictures or folder.pictures_socket)

    def ask(self, asked: PictureAsked) -> ShownPicture:
        """Return a picture beside its read. Raises NoPicture."""
        if not self.path.exists():
            raise NoPicture(503, _NOBODY)
        transport = httpx.HTTPTransport(uds=str(self.path))
        try:
            with httpx.Client(transport=transport, timeout=_TIMEOUT_S) as http:
                answer = http.post(
                    f"http://pictures{PATH}",
                    content=asked.model_dump_json(),
                    headers={"Content-Type": "application/json"},
                )
        except httpx.HTTPError as error:
            raise NoPicture(503, _NOBODY) from error
        if answer.status_code != 200:
            raise NoPicture(answer.status_code, *_told(answer))
        if len(answer.content) > _MOST_BYTES:
            raise NoPicture(502, "the picture is larger than a picture can be")
        try:
            return _SHOWN.validate_json(answer.content)
        except ValidationError as error:
            raise NoPicture(502, "the service that opens pictures answers nonsense") from error


def _told(answer: httpx.Response) -> tuple[str, str]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return "the service that opens pictures gives no answer", "picture"
    return str(found.get("message", "")), str(found.get("error", "picture"))
