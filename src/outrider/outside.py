"""Whatever comes from outside: read within bounds, and wrong in one way only, `OutsideError`.

A library that parses may raise anything for content that nobody foresaw: a number of 5,000 digits
is a ValueError of `int`, deep nesting a RecursionError. Every parser of what comes from outside
stands in a `parsing` block, so that its fault is this content's, and never the service's.
"""

import contextlib
import json
import math
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outrider.shown import shown

_MOST_CHARACTERS = 2000
_MOST_DIGITS = 20  # more than 64 bits need
_MOST_FLOAT_CHARACTERS = 64
_MOST_NESTED = 16
_LONG_NUMBER = re.compile(r"\d(?:_?\d){99}")


class OutsideError(ValueError):
    """Content from outside that cannot be used: what is wrong, and where; as it may be shown."""

    def __init__(self, message: object = "") -> None:
        text = "\n".join(map(shown, str(message).split("\n")))
        super().__init__(text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…")


@contextlib.contextmanager
def parsing(kind: type[OutsideError], what: str) -> Iterator[None]:
    """Turn whatever a parser raises into one kind of error, saying what was parsed."""
    try:
        yield
    except kind:
        raise
    except RecursionError as error:
        raise kind(f"{what}: nested too deep") from error
    except Exception as error:
        raise kind(f"{what}: {error or type(error).__name__}") from error


def json_value(data: bytes | str) -> Any:
    """Return a JSON value; bytes are UTF-8.

    Raises OutsideError: no JSON, a key twice, a number that 64 bits do not hold.
    """
    with parsing(OutsideError, "not JSON"):
        # Half surrogate pairs pass: a unit's own file names may hold them. No other encoding does.
        text = data if isinstance(data, str) else data.decode("utf-8", "surrogatepass")
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_whole_number,
            parse_float=_number,
        )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OutsideError("a key stands twice in one JSON object")
    return found


def _refuse_constant(name: str) -> Any:
    raise OutsideError(f"{name} is not JSON")


def _whole_number(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise OutsideError(f"a number of {len(text)} digits")
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise OutsideError(f"{number} is no number of 64 bits")
    return number


def _number(text: str) -> float:
    if len(text) > _MOST_FLOAT_CHARACTERS:
        raise OutsideError(f"a number of {len(text)} characters")
    number = float(text)
    if not math.isfinite(number):
        raise OutsideError(f"{text} is too large a number")
    return number


def unwaiting(path: str, flags: int) -> int:
    """Open a file for `open(..., opener=)`: a pipe that nobody writes to is empty, not waited for.

    A command that waits there says nothing, and a signal that it handles does not end the wait.
    """
    handle = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(handle, True)  # whoever does write to it may take his time
    return handle


def read_text(path: Path, max_bytes: int) -> str:
    """Return the text of a file in UTF-8, with or without Windows' byte order mark.

    Raises OutsideError where it is longer, or no UTF-8; OSError.
    """
    with open(path, "rb", opener=unwaiting) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OutsideError(f"{path}: longer than {max_bytes} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = f"{path}:{line}: not UTF-8 ({error.reason}): save it so"
        raise OutsideError(text) from error


def toml_table(text: str, where: str) -> dict[str, Any]:
    """Return what a TOML text holds. Raises OutsideError, with the line where it is known."""
    text = text.removeprefix("\ufeff")
    for number, line in enumerate(text.splitlines(), start=1):
        if _LONG_NUMBER.search(line):
            raise OutsideError(f"{where}:{number}: a number of more than 99 digits")
    try:
        found = tomllib.loads(text)
    except RecursionError as error:
        raise OutsideError(f"{where}:{_deepest_line(text)}: nested too deep") from error
    except tomllib.TOMLDecodeError as error:
        raise OutsideError(f"{where}: not TOML: {error}") from error
    if _depth(found) > _MOST_NESTED:
        raise OutsideError(f"{where}:{_deepest_line(text)}: nested deeper than {_MOST_NESTED}")
    return found


def _depth(value: Any) -> int:
    """Return how deep tables and arrays are nested, counted no further than one too many."""
    depth, layer = 0, [value]
    while layer and depth <= _MOST_NESTED:
        held = [one for one in layer if isinstance(one, dict | list)]
        layer = [part for one in held for part in (one.values() if isinstance(one, dict) else one)]
        depth += bool(held)
        if not held:
            break
    return depth


def _deepest_line(text: str) -> int:
    """Return the 1-based line with the most brackets and dots: where it is nested, most likely."""
    lines = text.splitlines() or [""]
    counts = [sum(map(line.count, "[{.")) for line in lines]
    return counts.index(max(counts)) + 1
