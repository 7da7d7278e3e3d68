"""Style and script, held in memory, named by their digest: a browser may keep them for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
          ".svg": "image/svg+xml"}  # fmt: skip
_KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    data: bytes
    packed: bytes
    media_type: str


class Statics:
    """All of them."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._names: dict[str, str] = {}
        for entry in sorted(resources.files("outrider.centre.pages").joinpath("static").iterdir(),
                            key=lambda one: one.name):  # fmt: skip
            ending = entry.name[entry.name.rfind(".") :]
            if ending in _TYPES:
                data = entry.read_bytes()
                path = f"/static/{hashlib.sha256(data).hexdigest()[:16]}/{entry.name}"
                self._files[path] = _File(data, gzip.compress(data, 9, mtime=0), _TYPES[ending])
                self._names[entry.name] = path

    def path(self, name: str) -> str:
        """Return the address of a file. Raises KeyError."""
        return self._names[name]

    async def answer(self, request: Request) -> Response:
        """Answer with a file."""
        found = self._files.get(request.url.path)
        if found is None:
            return PlainTextResponse("no such file", 404)
        headers = {"Cache-Control": _KEPT, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(found.packed, media_type=found.media_type, headers=headers)
        return Response(found.data, media_type=found.media_type, headers=headers)
