"""Lines of text and rows of cells out of a file of any encoding, each with its line number."""

import codecs
import csv
import re
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from outrider.hotlist_import.mapping import Form
from outrider.outside import OutsideError

_SAMPLE_BYTES = 1 << 20
_MAX_LINE_CHARACTERS = 65_536
_ENDS = ("\n", "\r")
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_WITHOUT_ZEROS = frozenset({"utf-8", "utf-8-sig", "windows-1252"})
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class NumberedRow(NamedTuple):
    """A row: its line (1-based; its last one), its cells, and whether the line has its end."""

    line: int
    cells: list[str]
    ended: bool = True


class ListTextError(OutsideError):
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


def open_text(path: Path, encoding: str) -> TextIOWrapper:
    """Open a list's file as text. Raises OSError; ListTextError where no encoding will do."""
    if path.is_fifo():
        raise ListTextError(f"{path}: is a pipe, which cannot be read twice: save it as a file")
    if encoding == "auto":
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
            encoding = detect_encoding(sample, whole=not file.read(1))
        if encoding in _WITHOUT_ZEROS and b"\0" in sample:
            raise ListTextError(f"{path}: is not text, but perhaps a spreadsheet: save it as CSV")
    try:
        return path.open(encoding=encoding, newline="")
    except (LookupError, ValueError) as error:
        raise ListTextError(f"{path}: unknown encoding {encoding!r}") from error


def rows(text: TextIOWrapper, form: Form) -> Iterator[NumberedRow]:
    """Yield each row; a header is a row too.

    Blank and comment lines are left out. Raises ListTextError where the text cannot be decoded or
    is no such table.
    """
    line = form.skip_lines
    try:
        for _ in range(form.skip_lines):
            next(text, None)
        for row in (_lines if form.kind == "fixed-width" else _delimited)(text, form):
            line = row.line
            if row.cells and not _idle(row.cells, form):
                yield row
    except UnicodeError as error:
        raise ListTextError(
            f"after line {line}: is not {text.encoding} text: save it as UTF-8 CSV, or name its"
            " encoding in a mapping file"
        ) from error


def _lines(text: TextIOWrapper, form: Form) -> Iterator[NumberedRow]:
    pieces = iter(lambda: text.readline(_MAX_LINE_CHARACTERS), "")
    for line, raw in enumerate(pieces, start=form.skip_lines + 1):
        yield NumberedRow(line, [raw.rstrip("\r\n")], raw.endswith(_ENDS))


def said_separator(line: str) -> str | None:
    """Return what a first line `sep=;`, as Excel writes and reads it, says; None: it is no such."""
    found = _SEPARATOR.fullmatch(line.rstrip("\r\n"))
    return found[1] if found else None


class _Watched:
    """The lines of a text, remembering whether the last one given had its end.

    A first line `sep=;` is left out: skipped counts it.
    """

    def __init__(self, text: TextIOWrapper, form: Form) -> None:
        self._text = text
        self._form = form
        self.ended = True
        self.skipped = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._text):
            said = said_separator(line) if number == 0 else None
            if said is not None:
                self._hold_against(said)
                self.skipped = 1
                continue
            self.ended = line.endswith(_ENDS)
            yield line

    def _hold_against(self, said: str) -> None:
        if said != self._form.delimiter:
            raise ListTextError(
                f"line {self._form.skip_lines + 1}: says that cells are parted by {said!r}, the "
                f"mapping says {self._form.delimiter!r}: make the two agree"
            )


def _delimited(text: TextIOWrapper, form: Form) -> Iterator[NumberedRow]:
    lines = _Watched(text, form)
    reader = csv.reader(
        lines,
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            line = form.skip_lines + lines.skipped + reader.line_num
            raise ListTextError(f"line {line}: {error}") from error
        if cells is None:
            return
        line = form.skip_lines + lines.skipped + reader.line_num
        yield NumberedRow(line, cells, lines.ended)


def _idle(cells: list[str], form: Form) -> bool:
    """Return whether a row is blank or a comment; one that only lacks its mark is neither."""
    comment = bool(form.comment) and cells[0].lstrip().startswith(form.comment)
    return comment or not any(cell.strip() for cell in cells)


def first_row(path: Path, form: Form) -> list[str]:
    """Return the first row of a file, empty where there is none."""
    with open_text(path, form.encoding) as text:
        return next((row.cells for row in islice(rows(text, form), 1)), [])


def separator_of(path: Path) -> str | None:
    """Return what a list's first line says of its separator, where it says anything."""
    with open_text(path, "auto") as text:
        try:
            return said_separator(text.readline(_MAX_LINE_CHARACTERS))
        except UnicodeError:
            return None  # reading the list says where it is no text
