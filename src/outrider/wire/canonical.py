"""Canonical JSON: one byte string for one value, so that digests and signatures can cover it."""

import dataclasses
import json
import math
import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from outrider.outside import OutsideError, json_value


class WireError(OutsideError):
    """Bytes from the other side that cannot be accepted: what is wrong, and where."""


def plain(value: object) -> Any:
    """Return a record as JSON values: dataclasses as objects, UUIDs and dates as text.

    A float that is no number (NaN, infinity) becomes null: the rest of the record is worth more
    than a refusal. Raises TypeError for a value that has no place in a record.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a record")


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
