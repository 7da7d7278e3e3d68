"""What the two databases have in common, and what each does in its own way.

The SQL of both is one where it can be: `?` for a value, whole numbers, texts and bytes. An ORM
would hide just what matters here (which lock, which fsync, which bulk path) and map few tables.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from outrider.centre.store.bounds import Bounds
    from outrider.centre.store.filed import Filed
    from outrider.centre.store.filing import FilingSession
    from outrider.centre.store.queries import SearchSession
    from outrider.centre.store.search_ports import Cancel

Row = tuple[Any, ...]


class Facts(NamedTuple):
    """What is held of an epoch at one instant.

    opened: hash and packed pictures by number, without those that are not what their hash says.
    set_aside, waiting: rows as SEALED in holding.py, unchecked.
    """

    opened: dict[int, tuple[bytes, bytes]]
    set_aside: list[Row]
    waiting: list[Row]


class Session(Protocol):
    """One transaction's way to the database."""

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query."""
        ...

    def one(self, sql: str, *values: object) -> Row | None:
        """Return the first row of a query."""
        ...

    def run(self, sql: str, *values: object) -> int:
        """Change something; return how many rows it changed."""
        ...

    def each(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for every row of values."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add many rows by the fastest way there is."""
        ...


class Backend(Protocol):
    """A database, and what it keeps apart so that it can be dropped whole."""

    for_update: str
    """Ends a query whose rows nobody else may change until this transaction ends."""

    def writing(self, what: str) -> AbstractContextManager[Session]:
        """Begin a transaction that writes; on the disk when left, gone when left by an exception.

        what: for the StoreError that every error of the database becomes.
        """
        ...

    def erasing(self, what: str) -> AbstractContextManager[Session]:
        """Begin a transaction that leaves nothing of what it erases, where the database can."""
        ...

    def reading(self, what: str) -> AbstractContextManager[Session]:
        """Begin a transaction that only reads, as things stand at one instant."""
        ...

    def lock_audit(self, session: Session) -> None:
        """Let nobody else add to the audit trail until this transaction ends."""
        ...

    def opened_facts(
        self, session: Session, journal: int, journal_id: uuid.UUID, first: int, last: int
    ) -> dict[int, tuple[bytes, bytes]]:
        """Return hash and packed pictures of opened rows by number: nothing that was read.

        Without those that are not what their hash says: damaged since they came.
        """
        ...

    def facts(
        self, session: Session, journal: int, journal_id: uuid.UUID, first: int, last: int
    ) -> Facts:
        """Return what is held of numbers first to last, opened or not, as of one instant.

        An opener may move rows meanwhile: looked up one place after another, a row that moves in
        between would be seen in neither, and be stored a second time.
        """
        ...

    def drop_damaged(
        self, session: Session, journal: int, journal_id: uuid.UUID, seqs: Sequence[int]
    ) -> None:
        """Remove rows that are not what their hash says, opened or not: they have come again."""
        ...

    def opened_rows(self, session: Session, journal: int, first: int, last: int) -> list[Row]:
        """Return opened rows, columns as OPENED, in order."""
        ...

    def find(self, session: Session, record_id: uuid.UUID) -> list[Row]:
        """Return opened reads and hits of an identifier, columns as OPENED.

        Of a read without a row of its own, one hit that holds it.
        """
        ...

    def snapshot(self) -> AbstractContextManager[tuple[Session, Iterator[Row]]]:
        """Return all opened rows, columns as OPENED, as they stand at one instant."""
        ...

    def move(self, rows: Sequence[Row], filed: "Mapping[bytes, Filed]", moved: "Moved") -> None:
        """Move opened rows (columns as OPENED) out of those that wait or were set aside.

        What is searched of them is filed with them; filed: by the row's hash.
        Calls moved, in the transaction that takes them out, with the (journal, seq) of each.
        """
        ...

    def put_pictures(self, session: Session, rows: Sequence[Row], arrived_us: int) -> None:
        """Add pictures, columns as PICTURE."""
        ...

    def picture(self, session: Session, journal: int, seq: int, role: int) -> Row | None:
        """Return a picture, columns as PICTURE."""
        ...

    def picture_digests(
        self, session: Session, journal: int, seqs: Sequence[int]
    ) -> dict[tuple[int, int], bytes]:
        """Return the digests of pictures that are here, by number and role."""
        ...

    def searching(
        self, bounds: "Bounds", cancel: "Cancel | None"
    ) -> "AbstractContextManager[SearchSession]":
        """Begin a transaction that sees the searchable within its bounds."""
        ...

    def filing(self) -> "AbstractContextManager[FilingSession]":
        """Begin a transaction that files what is searched."""
        ...

    def expire(self, before_us: int, note: "NoteErasure") -> int:
        """Erase rows, pictures and what waits from before an instant; return the rows.

        Calls note with rows and pictures in the transaction that makes it so.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Moved(Protocol):
    """What is to be done in the transaction that moves rows."""

    def __call__(self, session: Session, places: set[tuple[int, int]]) -> None:
        """Do it, for the (journal, seq) of the rows that are moved by it."""


class NoteErasure(Protocol):
    """What is to be done in the transaction that erases."""

    def __call__(self, session: Session, rows: int, pictures: int) -> None:
        """Do it."""


def placeholders(count: int) -> str:
    """Return so many `?`, with commas."""
    return ", ".join("?" * count)
