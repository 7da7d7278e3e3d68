"""How the fields of a message stand in JSON, and what of them is refused.

A message is described once, as a frozen dataclass whose fields have the types of here; a `Form`
makes JSON of it and reads it back. Where JSON calls a field otherwise than we do, its type says so
(`Field(alias=...)`).
"""

import base64
import re
import uuid
from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

from outrider.wire.canonical import WireError

_T = TypeVar("_T")
_E = TypeVar("_E", bound=IntEnum)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_NAMED = 1000  # of more faults none is described: each description is a kilobyte of memory

NO_MORE = ConfigDict(extra="forbid")
"""For `__pydantic_config__` of a message: a field that it does not know is refused."""


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError("a whole number expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text expected")
    return value


def _from_hex(value: object) -> bytes:
    text = _text(value)
    if not _DIGEST.fullmatch(text):
        raise ValueError("64 hexadecimal digits expected")
    return bytes.fromhex(text)


def _from_base64(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except ValueError as error:
        raise ValueError(f"not base64: {error}") from error


def to_base64(data: bytes) -> str:
    """Return bytes as they stand in JSON."""
    return base64.b64encode(data).decode("ascii")


def _identifier(value: object) -> uuid.UUID:
    return uuid.UUID(_text(value))


def numbered(kind: type[_E]) -> Callable[[object], _E]:
    """Return what reads one of the kinds that stand as numbers."""
    return lambda value: kind(_whole(value))


Whole = Annotated[int, Field(strict=True)]
Seq = Annotated[int, Field(strict=True, ge=1, lt=2**62)]
"""The number of a row."""
KeyId = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Digest = Annotated[bytes, BeforeValidator(_from_hex), PlainSerializer(bytes.hex)]
"""A SHA-256, in hex."""
HexDigest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 that stays the text that it is."""
Base64 = Annotated[bytes, BeforeValidator(_from_base64), PlainSerializer(to_base64)]
Identifier = Annotated[uuid.UUID, BeforeValidator(_identifier), PlainSerializer(str)]
Instant = Annotated[str, Field(max_length=40)]
"""ISO 8601, as a text."""

ONE_FAULT = FailFast()
"""For a sequence: its first faulty item ends it. A few bytes under zstd are 100,000 items, and each
fault that is noted costs more than its item: no sender decides how many there are."""


class Form(Generic[_T]):
    """What a kind of message is in JSON. exact: what has a default may not be left out either."""

    def __init__(self, kind: type[_T], *, exact: bool = False) -> None:
        self._adapter: TypeAdapter[_T] = TypeAdapter(kind)
        self._exact = exact

    def plain(self, message: _T) -> Any:
        """Return a message as JSON values."""
        return self._adapter.dump_python(message, mode="json", by_alias=True)

    def read(self, found: object) -> _T:
        """Return the message that JSON values are. Raises WireError, naming the faulty fields."""
        try:
            message = self._adapter.validate_python(found)
        except ValidationError as error:
            raise WireError(faults_in(error)) from error
        if self._exact and self.plain(message) != found:
            raise WireError("a field is missing, or does not stand in its usual form")
        return message


def faults_in(error: ValidationError, within: str = "", most: int = 5) -> str:
    """Return which fields are faulty, and why, as a line; within: what they are fields of."""
    if error.error_count() > _MOST_NAMED:
        return f"{error.error_count()} fields are faulty or not known"
    before = (within,) if within else ()
    return "; ".join(
        f"{'.'.join(map(str, (*before, *fault['loc'])))}: {fault['msg']}"
        for fault in error.errors()[:most]
    )
