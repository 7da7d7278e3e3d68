"""Why a request is refused: one code each, its HTTP status, and what a unit does with it.

A unit sets a batch aside, for the session, at 400, 409, 413 and 422, and tries again at all else:
so those four say that the very content can never be taken, and nothing that an honest unit meets
by bad luck (a body damaged on the way, a clock not set yet, a full disk) is among them.
"""

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """The codes, as they stand in an answer's `error`."""

    PATH = "path"
    METHOD = "method"
    NOT_FOUND = "not-found"
    HTTP = "http"
    TOO_LARGE = "too-large"
    TOO_SLOW = "too-slow"
    GONE = "gone"
    TOO_MANY = "too-many"
    BUSY = "busy"
    NO_CERTIFICATE = "no-certificate"
    OTHER_UNIT = "other-unit"
    UNKNOWN_UNIT = "unknown-unit"
    REVOKED = "revoked"
    CLOCK = "clock"
    SENT = "sent"
    DIGEST = "digest"
    SIGNATURE = "signature"
    CONTENT = "content"
    UNKNOWN_KEY = "unknown-key"
    OTHER_BODY = "other-body"
    CONFLICT = "conflict"
    ENROLMENT = "enrolment-refused"
    STORE = "store"
    INTERNAL = "internal"


STATUS = {
    Code.PATH: 400,
    Code.METHOD: 405,
    Code.NOT_FOUND: 404,
    Code.HTTP: 400,
    Code.TOO_LARGE: 413,
    Code.TOO_SLOW: 408,
    Code.GONE: 408,
    Code.TOO_MANY: 429,
    Code.BUSY: 503,
    Code.NO_CERTIFICATE: 403,
    Code.OTHER_UNIT: 403,
    Code.UNKNOWN_UNIT: 401,
    Code.REVOKED: 403,
    Code.CLOCK: 403,
    Code.SENT: 401,
    Code.DIGEST: 401,
    Code.SIGNATURE: 401,
    Code.CONTENT: 422,
    Code.UNKNOWN_KEY: 422,
    Code.OTHER_BODY: 409,
    Code.CONFLICT: 409,
    Code.ENROLMENT: 403,
    Code.STORE: 503,
    Code.INTERNAL: 500,
}


class Refusal(Exception):
    """A request that is not granted: the code, and what is wrong, in words for the other side."""

    def __init__(self, code: Code, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.code]

    def headers(self) -> Mapping[str, str]:
        """Return the headers that go with it (RFC 9110: 11.6.1, 10.2.3)."""
        headers: dict[str, str] = {}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Outrider-Signature"
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after_s)))
        return headers
