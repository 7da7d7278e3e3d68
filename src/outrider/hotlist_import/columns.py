"""Which columns of a row are which field, and whether the row has them all.

A row cut in transfer lacks its last columns. Read as if they were empty it would be less guarded
than what was sent (a silent entry would sound), so it is refused.
"""

from collections.abc import Callable

from outrider.hotlist_import.entry import RowError
from outrider.hotlist_import.mapping import Mapping, MappingError, as_columns, fold_name
from outrider.hotlist_import.text import NumberedRow

Picker = Callable[[NumberedRow], dict[str, str]]
"""Gives a row's cells by field. Raises RowError for a row that lacks what its form has."""

_JOIN = "; "
_GUARDING = ("vrm", "response", "valid_from", "weed_date", "armed_area", "armed_hours")
"""What an entry is found by, and how and when it sounds: half of it is worse than none."""


def fixed_width_picker(mapping: Mapping) -> Picker:
    """Return how the fields of a fixed-width row are cut out."""
    slices = {
        name: slice(first - 1, first - 1 + length)
        for name, (first, length) in mapping.widths.items()
    }
    whole = max(1 + part.start for part in slices.values())  # free text may end anywhere
    whole = max(whole, *(part.stop for name, part in slices.items() if name in _GUARDING))
    early = slices["response"].stop if "response" in slices else 0

    def pick(row: NumberedRow) -> dict[str, str]:
        text = row.cells[0]
        least = early if mapping.form.rows_may_end_early and row.ended else whole
        if len(text) < least:
            raise RowError(
                f"{len(text)} characters where at least {least} are expected: cut short?"
            )
        return {name: text[part].strip() for name, part in slices.items()}

    return pick


def header_picker(mapping: Mapping, first: list[str]) -> Picker:
    """Return how the cells of a delimited row are found; first: the list's first row.

    Raises MappingError where the list has no column for the mark.
    """
    form = mapping.form
    header = first if form.header else []
    places = _places(mapping, header)
    width = max(len(first), 1 + max(place for found in places.values() for place in found))
    guarded = max(place for name in _GUARDING for place in places.get(name, ()))
    least = 1 + max(places.get("response", (0,))) if form.rows_may_end_early else width
    folded = [fold_name(cell) for cell in header]

    def pick(row: NumberedRow) -> dict[str, str]:
        cells = row.cells
        if header and [fold_name(cell) for cell in cells] == folded:
            raise RowError("the header stands here again: two lists in one?")
        if not row.ended and len(cells) <= guarded + 1:
            raise RowError("the list ends within this row, without a line end: cut short?")
        if not least <= len(cells) <= width:
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
        known = [
            column - 1 if isinstance(column, int) else names.get(fold_name(column))
            for column in as_columns(source)
        ]
        found[field_name] = tuple(place for place in known if place is not None)
    if not found["vrm"]:
        raise MappingError(f"the list has no column {mapping.fields['vrm']!r}; it has {header}")
    return {name: places for name, places in found.items() if places}
