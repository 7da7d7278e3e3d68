"""Exchanges of one size: what a passer-by can see of an upload does not depend on what is in it.

Over a metered link a unit sends by the clock, so much each time, whether it has something to say or
not. A padded request has the length of its true body in `Outrider-Length`, then padding; a filler
header makes up for what differs in the head. The answer has one size too, and leaves the centre no
earlier than `ANSWER_AFTER_S` after the request, for to store takes longer than to ignore.
A *cover* upload holds nothing, and the centre throws it away.
"""

import secrets
import uuid
from collections.abc import Mapping

from outrider.wire.canonical import WireError

LENGTH_HEADER = "Outrider-Length"
FILLER_HEADER = "Outrider-Filler"
ANSWER_AFTER_S = 0.5
ANSWER_BYTES = 1024
COVER_BYTES = 256 * 2**10
_HEAD_BYTES = 512
_VARYING = ("Content-Type",)


def cover_path(unit_id: str, cover_id: uuid.UUID) -> str:
    """Return the path that a cover upload is PUT to."""
    return f"/v1/units/{unit_id}/cover/{cover_id}"


def padded(
    path: str, body: bytes, headers: Mapping[str, str], size: int
) -> tuple[bytes, dict[str, str]]:
    """Return a body of `size` bytes that begins with the given one, and the headers for it.

    path and headers together come to the same length whatever they are. Raises ValueError where
    either is too long for that.
    """
    varying = len(path) + sum(len(headers.get(name, "")) for name in _VARYING)
    if len(body) > size or varying > _HEAD_BYTES:
        raise ValueError(f"{len(body)} bytes of body do not go into {size}")
    filled = {
        **headers,
        LENGTH_HEADER: f"{len(body):08d}",
        FILLER_HEADER: "0" * (_HEAD_BYTES - varying),
    }
    return body + secrets.token_bytes(size - len(body)), filled


def unpadded(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the true body of a request. Raises WireError where its length is none."""
    said = headers.get(LENGTH_HEADER)
    if said is None:
        return body
    if len(said) != 8 or not (said.isascii() and said.isdecimal()) or int(said) > len(body):
        raise WireError(f"{LENGTH_HEADER} is not the length of a body within the one that came")
    return body[: int(said)]


def is_padded(headers: Mapping[str, str]) -> bool:
    """Whether a request is one of those that are alike."""
    return LENGTH_HEADER in headers


def answered(answer: bytes) -> bytes:
    """Return an answer of JSON, or none, at its fixed size: spaces behind it say nothing."""
    return (answer or b"{}").ljust(ANSWER_BYTES)
