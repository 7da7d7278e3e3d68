"""Long tables by the page: a page weighs little, however much there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outrider.centre.pages.calls import NotHere

ROWS = 100


@dataclass(frozen=True, slots=True)
class TablePage:
    """Rows of one page of a table. page: from 1; pages: how many; total: of all rows."""

    rows: Sequence[Any]
    page: int
    pages: int
    total: int


def page_of_table(rows: Sequence[Any], query: Mapping[str, str], size: int = ROWS) -> TablePage:
    """Return the page that a query asks for. Raises NotHere where there is none."""
    pages = max(1, -(-len(rows) // size))
    text = query.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= pages):
        raise NotHere(f"this table has {pages} page{'' if pages == 1 else 's'} now")
    page = int(text)
    return TablePage(rows[(page - 1) * size : page * size], page, pages, len(rows))
