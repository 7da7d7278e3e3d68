"""Where the next page of an answer goes on: an instant and a row's key, as one short text."""

import re

from outrider.centre.search.asking import AskedWrongly
from outrider.centre.store.questions import After, Sighting

_TOKEN = re.compile(r"(\d{1,18})\.(-?\d{1,19})\Z")


def encode_page(last: Sighting) -> str:
    """Return what asks for the page after a sighting."""
    return f"{last.at_us}.{last.row_key}"


def decode_page(token: str) -> After | None:
    """Return where a page begins; None for the first. Raises AskedWrongly."""
    if not token:
        return None
    found = _TOKEN.match(token)
    if found is None or not -(2**63) <= int(found[2]) < 2**63:
        raise AskedWrongly("page: give what the page before named as next_page")
    return After(int(found[1]), int(found[2]))
