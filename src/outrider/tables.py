"""Tables on a terminal of any width: no figure is ever cut.

A table that fits is drawn with its columns. One that does not has its words folded, where words are
what is long; where figures are, each row is stacked, one figure a line. Piped output is treated
alike. Cells are texts from anywhere: they go through `outrider.console`.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult  # noqa: TID251
from rich.table import Table as RichTable  # noqa: TID251

from outrider.console import Line, line
from outrider.shown import shown

Cell = str | Line
_FRAME = 3  # a column's border and the space on both sides of its text
_LEAST_PROSE = 20  # narrower columns of words are harder to read than stacked rows
_STACKED = "  "


class Table:
    """Columns and rows, laid out when they are drawn."""

    def __init__(self, *columns: str, title: str = "", show_header: bool = True) -> None:
        """Name the columns; without a header they are two: a name and what it stands for."""
        self._title = title
        self._header = show_header
        self._columns = [*columns] if show_header else ["", ""]
        self._right: set[int] = set()
        self._rows: list[tuple[Line, ...]] = []
        self._ends: set[int] = set()

    def add_column(self, name: str, *, right: bool = False) -> None:
        """Add a column, before any row; right: its figures stand under each other."""
        if right:
            self._right.add(len(self._columns))
        self._columns.append(name)

    def add_row(self, *cells: Cell, end_section: bool = False) -> None:
        """Add a row, a cell for each column. Raises ValueError for more or fewer."""
        if len(cells) != len(self._columns):
            raise ValueError(f"{len(cells)} cells for {len(self._columns)} columns")
        if end_section:
            self._ends.add(len(self._rows))
        self._rows.append(tuple(line(cell) if isinstance(cell, str) else cell for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as the terminal is."""
        widths = self._widths(options.max_width)
        if widths is None:
            yield from self._stacked()
            return
        drawn = RichTable(
            title=line(self._title) if self._title else None, show_header=self._header
        )
        for place, (name, width) in enumerate(zip(self._columns, widths, strict=True)):
            drawn.add_column(
                line(name),
                min_width=width,
                max_width=width,
                overflow="fold",
                justify="right" if place in self._right else "left",
            )
        for number, row in enumerate(self._rows):
            drawn.add_row(*row, end_section=number in self._ends)
        yield drawn

    def _widths(self, most: int) -> list[int] | None:
        """Return each column's width, so that no word or figure is parted; None: rows stack."""
        texts = [
            [self._columns[place], *(row[place].plain for row in self._rows)]
            for place in range(len(self._columns))
        ]
        whole = [max(map(_longest_line, column)) for column in texts]
        room = most - 1 - _FRAME * len(whole)
        if sum(whole) <= room:
            return whole
        words = [max(_longest_word(text) for text in column) for column in texts]
        folds = [full > max(_LEAST_PROSE, least) for full, least in zip(whole, words, strict=True)]
        fixed = sum(full for full, fold in zip(whole, folds, strict=True) if not fold)
        share = (room - fixed) // max(1, sum(folds))
        least = max((w for w, fold in zip(words, folds, strict=True) if fold), default=0)
        if not any(folds) or share < max(_LEAST_PROSE, least):
            return None
        return [min(full, share) if fold else full for full, fold in zip(whole, folds, strict=True)]

    def _stacked(self) -> Iterator[Line]:
        if self._title:
            yield line((self._title, "italic"))
        for number, row in enumerate(self._rows):
            if number and self._header:
                yield line("")
            yield from self._stacked_row(row)

    def _stacked_row(self, row: tuple[Line, ...]) -> Iterator[Line]:
        names = self._columns
        if not self._header:
            names, row = [row[0].plain], row[1:]
        for place, (name, cell) in enumerate(zip(names, row, strict=True)):
            if not cell.plain:
                continue
            indent = _STACKED if place else ""
            one = line(indent, f"{name}: " if name else "", ("", "")) + cell
            one.overflow = "fold"
            yield one


def _longest_line(text: str) -> int:
    return max((cell_len(shown(part)) for part in text.split("\n")), default=0)


def _longest_word(text: str) -> int:
    return max((cell_len(shown(word)) for word in text.split()), default=0)
