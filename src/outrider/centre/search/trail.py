"""What the whole trail says was asked, read in pieces."""

from collections.abc import Iterator

from outrider.centre.search.record import Asked, read_back
from outrider.centre.store.trail import AuditStore

_BATCH = 2000


def all_asked(store: AuditStore, after: int = 0) -> Iterator[Asked]:
    """Yield what was asked, in order. Raises StoreError."""
    while batch := store.audit(after, _BATCH):
        for row in batch:
            found = read_back(row.event)
            if found is not None:
                yield found
        after = batch[-1].number
