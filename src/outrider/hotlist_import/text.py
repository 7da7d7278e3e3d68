"""Lines of text and rows of cells out of a file of any encoding, each with its line number."""

import codecs
import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from outrider.hotlist_import.mapping import Form

_SAMPLE_BYTES = 1 << 20
_MAX_LINE_CHARACTERS = 65_536
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NumberedRow = tuple[int, list[str]]


class ListTextError(ValueError):
    """A file that is not the text it should be; the message says where."""


def detect_encoding(sample: bytes, whole: bool) -> str:
    """Return the encoding of a file by its first bytes; whole: whether they are all of it."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(sample, final=whole)
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def open_text(path: Path, encoding: str) -> IO[str]:
    """Open a list's file as text. Raises OSError, and ListTextError for an unknown encoding."""
    if encoding == "auto":
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
            encoding = detect_encoding(sample, whole=not file.read(1))
    try:
        return path.open(encoding=encoding, newline="")
    except LookupError as error:
        raise ListTextError(f"{path}: unknown encoding {encoding!r}") from error


def rows(text: IO[str], form: Form) -> Iterator[NumberedRow]:
    """Yield each row's line number (1-based; its last line) and cells; a header is a row too.

    Blank and comment lines are left out. Raises ListTextError where the text cannot be decoded or
    is no such table.
    """
    line = form.skip_lines
    try:
        for _ in range(form.skip_lines):
            next(text, None)
        if form.kind == "fixed-width":
            for line, raw in enumerate(_lines(text), start=form.skip_lines + 1):
                if not _idle([raw], form):
                    yield line, [raw]
            return
        for line, cells in _delimited(text, form):
            if cells and not _idle(cells, form):
                yield line, cells
    except UnicodeDecodeError as error:
        raise ListTextError(
            f"after line {line}: not {error.encoding} text ({error.reason}): name the encoding"
            " in a mapping file"
        ) from error


def _lines(text: IO[str]) -> Iterator[str]:
    for raw in iter(lambda: text.readline(_MAX_LINE_CHARACTERS), ""):
        yield raw.rstrip("\r\n")


def _delimited(text: IO[str], form: Form) -> Iterator[NumberedRow]:
    reader = csv.reader(
        text,
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ListTextError(f"line {form.skip_lines + reader.line_num}: {error}") from error
        if cells is None:
            return
        yield form.skip_lines + reader.line_num, cells


def _idle(cells: list[str], form: Form) -> bool:
    """Return whether a row is blank or a comment; one that only lacks its mark is neither."""
    comment = bool(form.comment) and cells[0].lstrip().startswith(form.comment)
    return comment or not any(cell.strip() for cell in cells)


def first_row(path: Path, form: Form) -> list[str]:
    """Return the first row of a file, empty where there is none."""
    with open_text(path, form.encoding) as text:
        return next((cells for _, cells in islice(rows(text, form), 1)), [])
