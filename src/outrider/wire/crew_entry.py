"""The crew's own entries as they cross to the centre: each event with its place in the trail.

A trail is a chain of its own: every row's hash covers the row before and the event's text, so that
the centre can tell that it has all of them, in order, as they were made.
"""

import uuid
from dataclasses import dataclass

from outrider.records import Response
from outrider.wire import canonical
from outrider.wire.hash_chain import GENESIS, link_hash

FIRST_HASH = GENESIS.hex()
_CHAIN = b"outrider crew trail 2\0"


@dataclass(frozen=True, slots=True)
class CrewEvent:
    """Something done to the crew's list. utc_ns: when; expires: the last day, ISO 8601."""

    action: str
    entry_id: int
    vrm: str
    officer: str
    comment: str
    utc_ns: int
    expires: str
    response: str = Response.ASSESS.value
    priority: int = 2

    def text(self) -> str:
        """Return the event as the trail keeps and hashes it: canonical JSON."""
        return canonical.dumps(self).decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class CrewRecord:
    """An event as it stands in a unit's trail; sequence from 1 without gaps, hashes in hex."""

    sequence: int
    event: CrewEvent
    previous: str
    hash: str

    @property
    def record_id(self) -> uuid.UUID:
        """Return what the row is called in a journal: the first half of its hash."""
        return uuid.UUID(hex=self.hash[:32])

    def is_whole(self) -> bool:
        """Whether the hash is that of the event on the row before; follows says which row."""
        try:
            return self.hash == trail_hash(self.sequence, self.previous, self.event.text())
        except (ValueError, OverflowError):  # a sequence or a hash that is none
            return False

    def follows(self, before: "CrewRecord | None") -> bool:
        """Whether it is the very next row of the trail after another one, or the first."""
        if before is None:
            return self.sequence == 1 and self.previous == FIRST_HASH
        return self.sequence == before.sequence + 1 and self.previous == before.hash


def trail_hash(sequence: int, previous: str, event_text: str) -> str:
    """Return the hash, in hex, of a row of the trail; previous: that of the row before."""
    content = event_text.encode("utf-8", "surrogatepass")
    return link_hash(_CHAIN, sequence, bytes.fromhex(previous), content).hex()
