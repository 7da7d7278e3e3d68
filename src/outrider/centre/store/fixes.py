"""Corrections laid over sightings: in an answer made of marks a read counts as the mark it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

MOST_FIXES = 20_000

Fixes = Mapping[bytes, str]
"""Identifier of a read -> the folded mark that somebody says it is."""
NO_FIXES: Fixes = MappingProxyType({})


class FixingSession(Protocol):
    """A transaction that can read a list of corrections as a table."""

    def fixed(self, fixes: Fixes) -> tuple[str, Sequence[object], str]:
        """Return a common table `fixed` (read_id, vrm), its values, and `read_id` of s as its."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """Sightings with `counts_as`, the mark that each counts as; vrm stays what was read."""

    source: str
    table: str
    values: tuple[object, ...]

    def begin(self, *more: str) -> str:
        """Return what stands before a query that has these common tables, too."""
        tables = [self.table] * bool(self.table) + list(more)
        return f"WITH {', '.join(tables)} " if tables else ""


def seen(session: FixingSession, fixes: Fixes) -> Seen:
    """Return the sightings with these corrections; without any, as they lie."""
    if not fixes:
        return Seen("(SELECT sighting.*, vrm AS counts_as FROM sighting)", "", ())
    table, values, same = session.fixed(fixes)
    return Seen(
        "(SELECT s.*, coalesce(fixed.vrm, s.vrm) AS counts_as FROM sighting AS s "
        f"LEFT JOIN fixed ON fixed.read_id = {same})",
        table,
        tuple(values),
    )
