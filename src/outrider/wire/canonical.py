"""Canonical JSON: one byte string for one value, so that digests and signatures can cover it.

Keys sorted by code point, no white space, UTF-8, numbers as Python writes them (a float's shortest
form that reads back the same, and always with a point or an exponent). It is close to RFC 8785 and
not it, on purpose: there every number is a double, which holds whole numbers to 2**53, while our
instants are nanoseconds (61 bits) and the names of keys have 63; and a text may not hold half a
surrogate pair, while the name of a file that is a source of reads may. Instants as texts would be
no numbers for whoever reads an export, and a read would be lost for the name of its source.
"""

import dataclasses
import json
import math
import uuid
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NoReturn

import numpy as np

from outrider.outside import OutsideError, json_value


class WireError(OutsideError):
    """Bytes from the other side that cannot be accepted: what is wrong, and where."""


def plain(value: object) -> Any:
    """Return a record as JSON values: dataclasses as objects, UUIDs and dates as text.

    A float that is no number (NaN, infinity) becomes null: the rest of the record is worth more
    than a refusal. Raises TypeError for a value that has no place in a record.
    """
    if value is None or type(value) in _AS_THEY_ARE:
        return value
    convert = _CONVERTERS.get(type(value))
    if convert is None:
        # Found once a type: what is what is asked some hundred times a read otherwise.
        convert = _CONVERTERS[type(value)] = _converter(type(value))
    return convert(value)


_AS_THEY_ARE = frozenset({str, int, bool})
_CONVERTERS: dict[type, Callable[[Any], Any]] = {}


def _converter(kind: type) -> Callable[[Any], Any]:
    """Return what makes JSON values of a type's values. Raises TypeError."""
    if dataclasses.is_dataclass(kind):
        names = tuple(field.name for field in dataclasses.fields(kind))
        return lambda value: {name: plain(getattr(value, name)) for name in names}
    for types, convert in _KINDS:
        if issubclass(kind, types):
            return convert
    raise TypeError(f"{kind.__name__} has no place in a record")


# In this order: numpy's float64 is a float, its str_ a str; a str is a sequence, and so are bytes.
_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (dict, lambda value: {str(key): plain(item) for key, item in value.items()}),
    ((np.generic, np.ndarray), lambda value: plain(value.tolist())),
    (float, lambda value: value if math.isfinite(value) else None),
    (uuid.UUID, str),
    (date, lambda value: value.isoformat()),
    ((str, int), lambda value: value),
    (bytes, lambda value: _refuse_bytes()),
    (Sequence, lambda value: [plain(item) for item in value]),
)


def _refuse_bytes() -> NoReturn:
    raise TypeError("bytes has no place in a record")


def dumps(value: object) -> bytes:
    """Return a value as canonical JSON in UTF-8: keys sorted, no spaces."""
    text = json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8", errors="surrogatepass")


def loads(data: bytes, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object that the bytes hold.

    Raises WireError where they are too long, no JSON, no object, hold a key twice, a NaN, or a
    number beyond 64 bits.
    """
    if len(data) > max_bytes:
        raise WireError(f"{len(data)} bytes of JSON, at most {max_bytes} allowed")
    try:
        value = json_value(data)
    except OutsideError as error:
        raise WireError(error) from error
    if not isinstance(value, dict):
        raise WireError(f"a JSON object expected, not {type(value).__name__}")
    return value
