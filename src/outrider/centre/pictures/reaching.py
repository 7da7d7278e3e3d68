"""Asking the service for a picture, over its socket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from outrider.centre.pictures.asking import PATH, PictureAsked

_TIMEOUT_S = 10.0
_MOST_BYTES = 1024 * 1024


class NoPicture(Exception):
    """There is none: why. status: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Pictures(Protocol):
    """Who gives pictures."""

    def ask(self, asked: PictureAsked) -> bytes:
        """Return the JPEG. Raises NoPicture."""
        ...


@dataclass(frozen=True, slots=True)
class PictureSocket:
    """The service at a socket."""

    path: Path

    def ask(self, asked: PictureAsked) -> bytes:
        """Return the JPEG. Raises NoPicture."""
        transport = httpx.HTTPTransport(uds=str(self.path))
        try:
            with httpx.Client(transport=transport, timeout=_TIMEOUT_S) as http:
                answer = http.post(
                    f"http://pictures{PATH}",
                    content=asked.model_dump_json(),
                    headers={"Content-Type": "application/json"},
                )
        except httpx.HTTPError as error:
            raise NoPicture(503, "pictures are not opened now: ask the operator") from error
        if answer.status_code != 200:
            raise NoPicture(answer.status_code, _message(answer))
        if len(answer.content) > _MOST_BYTES:
            raise NoPicture(502, "the picture is larger than a picture can be")
        return answer.content


def _message(answer: httpx.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return "the service that opens pictures gives no answer"
    return str(found.get("message", "")) if isinstance(found, dict) else ""
