"""Read a whole list: entries one by one, and a report of what was refused or doubled."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from outrider.hotlist_import import text as listtext
from outrider.hotlist_import.entry import EntryMaker, RowError
from outrider.hotlist_import.mapping import (
    Form,
    Mapping,
    MappingError,
    NamedMapping,
    as_columns,
    fold_name,
    guess,
)
from outrider.records import VehicleOfInterest
from outrider.shown import as_cell
from outrider.wire.hotlist_entry import FIELDS, to_row

MAX_KEPT_REJECTIONS = 10_000
_JOIN = "; "


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was refused: its line (1-based) and why."""

    line: int
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What reading a list gave. rejections holds the first 10,000; rejected counts them all."""

    form: str = ""
    rows: int = 0
    entries: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejections: list[Rejection] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        """Note a refused row."""
        self.rejected += 1
        if len(self.rejections) < MAX_KEPT_REJECTIONS:
            self.rejections.append(Rejection(line, reason))

    @property
    def rejected_share(self) -> float:
        """Refused rows as a share of all rows."""
        return self.rejected / self.rows if self.rows else 0.0


Picker = Callable[[list[str]], dict[str, str]]


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
        named = mapping or guess(listtext.first_row(path, Form()))
        self._mapping = named.mapping
        self._maker = EntryMaker(named.mapping, area_names)
        self.report = ImportReport(form=named.name)

    def entries(self) -> Iterator[VehicleOfInterest]:
        """Yield the entries in the file's order, doubles left out; the report grows meanwhile.

        Raises OSError, ListTextError or MappingError where reading cannot go on at all.
        """
        seen: set[int] = set()
        with listtext.open_text(self._path, self._mapping.form.encoding) as text:
            for line, cells, pick in self._picked(text):
                self.report.rows += 1
                try:
                    entry = self._maker.make(pick(cells))
                except RowError as error:
                    self.report.refuse(line, str(error))
                    continue
                mark = hash(entry)
                if mark in seen:
                    self.report.duplicates += 1
                    continue
                seen.add(mark)
                self.report.entries += 1
                yield entry

    def _picked(self, text: IO[str]) -> Iterator[tuple[int, list[str], Picker]]:
        table = listtext.rows(text, self._mapping.form)
        if self._mapping.form.kind == "fixed-width":
            pick = _slicer(self._mapping)
            if self._mapping.form.header:
                next(table, None)
        else:
            header = next(table, (0, []))[1] if self._mapping.form.header else []
            pick = _column_picker(self._mapping, header)
        for line, cells in table:
            yield line, cells, pick


def _slicer(mapping: Mapping) -> Picker:
    slices = {
        name: slice(first - 1, first - 1 + length)
        for name, (first, length) in mapping.widths.items()
    }
    return lambda cells: {name: cells[0][part].strip() for name, part in slices.items()}


def _column_picker(mapping: Mapping, header: list[str]) -> Picker:
    places = _places(mapping, header)
    width = len(header) or max(place for found in places.values() for place in found) + 1
    exact = bool(header)

    def pick(cells: list[str]) -> dict[str, str]:
        if len(cells) > width if exact else len(cells) < width:
            raise RowError(f"{len(cells)} columns where {width} are expected")
        padded = cells + [""] * (width - len(cells))
        return {
            name: _JOIN.join(filter(None, (padded[place].strip() for place in found)))
            for name, found in places.items()
        }

    return pick


def _places(mapping: Mapping, header: list[str]) -> dict[str, tuple[int, ...]]:
    names = {fold_name(name): place for place, name in enumerate(header)}
    found: dict[str, tuple[int, ...]] = {}
    for field_name, source in mapping.fields.items():
        columns = as_columns(source)
        known = [
            column - 1 if isinstance(column, int) else names.get(fold_name(column))
            for column in columns
        ]
        found[field_name] = tuple(place for place in known if place is not None)
    if not found["vrm"]:
        raise MappingError(f"the list has no column {mapping.fields['vrm']!r}; it has {header}")
    return {name: places for name, places in found.items() if places}


def write_own_form(file: IO[str], entries: Iterator[VehicleOfInterest]) -> int:
    """Write entries as Outrider's own CSV form, and return how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    count = 0
    for entry in entries:
        writer.writerow(as_cell(cell) if isinstance(cell, str) else cell for cell in to_row(entry))
        count += 1
    return count
