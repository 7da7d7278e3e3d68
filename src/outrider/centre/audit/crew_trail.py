"""The crews' own entries as chains: whether the centre has every one of them, as it was made.

Every row of a crew's trail names the hash of the row before. A unit that was set up anew begins
another trail, so a unit may have several; the same row may have come twice, which says nothing.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from outrider.centre.store.records import OpenedRecord
from outrider.wire.crew_entry import FIRST_HASH, CrewRecord


@dataclass(slots=True)
class CrewTrails:
    """What one unit's crews entered: rows, trails begun, and what is wrong, each said."""

    unit_id: str
    rows: int = 0
    trails: int = 0
    faults: list[str] = field(default_factory=list)


def check(opened: Iterable[OpenedRecord]) -> list[CrewTrails]:
    """Check the trails of all units, by name; records of other kinds are passed over."""
    by_unit: dict[str, dict[str, CrewRecord]] = defaultdict(dict)
    for one in opened:
        if isinstance(one.record, CrewRecord):
            by_unit[one.sealed.unit_id][one.record.hash] = one.record
    return [_check_unit(unit_id, rows) for unit_id, rows in sorted(by_unit.items())]


def _check_unit(unit_id: str, rows: dict[str, CrewRecord]) -> CrewTrails:
    found = CrewTrails(unit_id, len(rows))
    next_of: dict[str, list[CrewRecord]] = defaultdict(list)
    for row in rows.values():
        next_of[row.previous].append(row)
        before = rows.get(row.previous)
        if not row.is_whole():
            found.faults.append(f"row {row.sequence} is not what its hash says")
        elif before is None and row.previous != FIRST_HASH:
            found.faults.append(f"row {row.sequence}: the row before it is not here")
        elif not row.follows(before):
            found.faults.append(f"row {row.sequence} does not follow row {row.sequence - 1}")
    found.trails = len(next_of.get(FIRST_HASH, []))
    for previous, after in next_of.items():
        if previous != FIRST_HASH and len(after) > 1:
            found.faults.append(f"row {after[0].sequence}: {len(after)} different ones are here")
    return found
