"""Read a whole list: entries one by one, and a report of what was refused or doubled."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from outrider.hotlist_import import text as listtext
from outrider.hotlist_import.columns import Picker, fixed_width_picker, header_picker
from outrider.hotlist_import.entry import EntryMaker, RowError
from outrider.hotlist_import.mapping import (
    DELIMITERS,
    Form,
    MappingError,
    NamedMapping,
    delimited_by,
    guess,
)
from outrider.records import VehicleOfInterest
from outrider.shown import as_cell
from outrider.wire.hotlist_entry import FIELDS, to_row

MAX_KEPT_REJECTIONS = 10_000


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was refused: its line (1-based) and why."""

    line: int
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What reading a list gave. rejections holds the first 10,000; rejected counts them all.

    suspect: why the list as a whole may not be what was sent, empty where nothing says so.
    """

    form: str = ""
    rows: int = 0
    entries: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    suspect: str = ""

    def refuse(self, line: int, reason: str) -> None:
        """Note a refused row."""
        self.rejected += 1
        if len(self.rejections) < MAX_KEPT_REJECTIONS:
            self.rejections.append(Rejection(line, reason))

    @property
    def rejected_share(self) -> float:
        """Refused rows as a share of all rows."""
        return self.rejected / self.rows if self.rows else 0.0


class ListReader:
    """Reads one list file, in one pass, holding no more than the digests of its entries."""

    def __init__(
        self,
        path: Path,
        mapping: NamedMapping | None = None,
        area_names: frozenset[str] = frozenset(),
    ) -> None:
        """Choose the mapping, if none is given, by the file's first row.

        Raises OSError, ListTextError or MappingError.
        """
        self._path = path
        named = mapping or _guessed(path)
        self._mapping = named.mapping
        self._maker = EntryMaker(named.mapping, area_names)
        self.report = ImportReport(form=named.name)
        self.line = 0  # of the entry that was yielded last

    def entries(self) -> Iterator[VehicleOfInterest]:
        """Yield the entries in the file's order, doubles left out; the report grows meanwhile.

        Raises OSError, ListTextError or MappingError where reading cannot go on at all.
        """
        seen: set[int] = set()
        with listtext.open_text(self._path, self._mapping.form.encoding) as text:
            for row, pick in self._picked(text):
                self.report.rows += 1
                try:
                    entry = self._maker.make(pick(row))
                except RowError as error:
                    self.report.refuse(row.line, str(error))
                    continue
                mark = hash(entry)
                if mark in seen:
                    self.report.duplicates += 1
                    continue
                seen.add(mark)
                self.report.entries += 1
                self.line = row.line
                yield entry

    def _picked(self, text: TextIOWrapper) -> Iterator[tuple[listtext.NumberedRow, Picker]]:
        for number, row in enumerate(listtext.rows(text, self._mapping.form)):
            if not row.ended:
                self.report.suspect = f"line {row.line}, the last, has no line end: cut short?"
            if number == 0:
                pick = self._picker_of(row.cells)
                if self._mapping.form.header:
                    continue
            yield row, pick

    def _picker_of(self, first: list[str]) -> Picker:
        if self._mapping.form.kind == "fixed-width":
            return fixed_width_picker(self._mapping)
        return header_picker(self._mapping, first)


def _guessed(path: Path) -> NamedMapping:
    """Return the built-in mapping that suits a list, by the separator that it says or shows.

    Raises OSError; ListTextError or MappingError where none does, saying why of the likeliest.
    """
    said = listtext.separator_of(path)
    faults: list[tuple[int, listtext.ListTextError | MappingError]] = []
    for delimiter in DELIMITERS if said is None else (said,):
        row: list[str] = []
        try:
            row = listtext.first_row(path, Form(delimiter=delimiter))
            return delimited_by(guess(row), delimiter)
        except (listtext.ListTextError, MappingError) as error:
            faults.append((len(row), error))
    raise max(faults, key=lambda fault: fault[0])[1]


def write_own_form(file: IO[str], entries: Iterator[VehicleOfInterest]) -> int:
    """Write entries as Outrider's own CSV form, and return how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    count = 0
    for entry in entries:
        writer.writerow(as_cell(cell) if isinstance(cell, str) else cell for cell in to_row(entry))
        count += 1
    return count
