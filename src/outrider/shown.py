"""Text for people: what comes from outside is text only.

A reason, a name, a path or an error may hold anything: markup, control and bidirectional
characters, lines of its own. Everything that is printed goes through `shown`, here or in
`outrider.console`; ruff (T20, TID251) and tests/test_nothing_else_prints.py see to it.
"""

import errno
import io
import json
import logging
import math
import os
import re
import sys
import unicodedata
from typing import Any, TextIO

# Printable by their category, yet drawn as nothing, or as a change of the character before.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def shown(text: str) -> str:
    """Return a text as one line that a person sees whole.

    Control, bidirectional, zero-width and other unseen characters become marks: ⟨U+202E⟩.
    """
    if text.isprintable() and not _INVISIBLE.search(text):
        return text
    return "".join(map(_mark, text))


def _mark(char: str) -> str:
    if char.isprintable() and not _INVISIBLE.match(char):
        return char
    return " " if unicodedata.category(char) == "Zs" else f"⟨U+{ord(char):04X}⟩"


def shown_lines(text: str) -> str:
    """Return a text of several lines; those after the first are set in, so none passes for ours."""
    return "\n  ".join(map(shown, text.split("\n")))


def say(text: object = "", *, out: TextIO | None = None, flush: bool = False) -> None:
    """Print a line to standard output, or to another. Raises OSError where it is gone."""
    print(shown_lines(str(text)), file=out, flush=flush)


def complain(text: object) -> None:
    """Print a line to standard error."""
    say(text, out=sys.stderr)


def say_json(data: Any, *, indent: int | None = None, flush: bool = False) -> None:
    """Print a JSON document: in ASCII, so that what is unseen stands there as its number."""
    print(json_text(data, indent=indent), flush=flush)  # noqa: T201


def json_text(data: Any, *, indent: int | None = None) -> str:
    """Return JSON in ASCII. A number that is none (NaN, infinite) is null: JSON has no other."""
    return json.dumps(_finite(data), indent=indent, ensure_ascii=True, allow_nan=False)


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(one) for one in data] if isinstance(data, list | tuple) else data


class LogLines(logging.Formatter):
    """Writes a record so that no text in it can pass for a record of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback's lines are set in."""
        return shown_lines(super().format(record))


def as_cell(text: str) -> str:
    """Return a text as a cell of a CSV file: a spreadsheet's text, never a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def of_cell(cell: str) -> str:
    """Return the text of a cell that `as_cell` (or a spreadsheet) wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


STANDARD_OUTPUT = "standard output"


class _NamedOutput(io.TextIOWrapper):
    """Standard output whose errors say that they are its own: the system does not say it."""

    def write(self, text: str) -> int:
        """Write; raise OSError that names standard output, BrokenPipeError as it comes."""
        try:
            return super().write(text)
        except OSError as error:
            raise _named(error) from error

    def flush(self) -> None:
        """Flush, likewise."""
        try:
            super().flush()
        except OSError as error:
            raise _named(error) from error


def _named(error: OSError) -> OSError:
    if error.errno is None or error.errno == errno.EPIPE:
        return error
    return OSError(error.errno, error.strerror, STANDARD_OUTPUT)


def name_standard_output() -> None:
    """Let every error of standard output name it, from now on; for the program's own start."""
    _open_what_is_closed()
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        sys.stdout = _NamedOutput(
            out.buffer, out.encoding, out.errors, line_buffering=out.line_buffering
        )


def _open_what_is_closed() -> None:
    """Open the null device where a standard stream was closed (`>&-`).

    Else the next file that is opened takes its number, and what is printed goes into that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            stream = open(number, "w" if number else "r", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)  # held to the end, whatever stands over it


def let_go_of_standard_output() -> None:
    """Give what is still to be flushed at the end a place to go."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def survive_any_text() -> None:
    """Let standard output and error take every character, whatever their encoding is."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
