"""Cards that were put back or copied, as their epochs tell: one history of a journal, or several.

Each start of a unit writes on from the last row that its card knows. If the centre knows later
rows of that same line, the card has gone back to an older state, or there are two of it. A card
that was put back leaves a line that has ended; of two copies both go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from outrider.centre.store.records import JournalState


class Kind(StrEnum):
    """What became of a card."""

    PUT_BACK = "put back"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Fork:
    """Where a journal goes on in two ways. seq: its last common row; at: when the second began."""

    journal_id: UUID
    seq: int
    at: datetime
    kind: Kind

    def text(self, unit_id: str) -> str:
        """Return what the operator is told, with what to do."""
        where = f"{self.at:%Y-%m-%d %H:%M} UTC, journal {self.journal_id}, after row {self.seq}"
        if self.kind is Kind.COPIED:
            return (
                f"{unit_id}: TWO CARDS write as this unit ({where}): a card was copied. All rows "
                f"of both are kept. Find both cars, `outrider centre revoke {unit_id}`, and enrol "
                "each anew"
            )
        return (
            f"{unit_id}: its card was put back to an older state ({where}): what it had written "
            "after that and not yet sent is lost on it; what came is kept"
        )


def forks(states: Sequence[JournalState]) -> list[Fork]:
    """Return where the journals of one unit go on in two ways, by time."""
    family = _Family(states)
    found = [family.fork_at(state) for state in states if state.epoch.after is not None]
    return sorted((fork for fork in found if fork is not None), key=lambda fork: fork.at)


class _Family:
    """The epochs of one unit, and which goes on from which."""

    def __init__(self, states: Sequence[JournalState]) -> None:
        self._by_id = {state.epoch.epoch_id: state for state in states}
        self._children: dict[UUID, list[JournalState]] = {}
        for state in states:
            if state.epoch.after is not None:
                self._children.setdefault(state.epoch.after.epoch_id, []).append(state)

    def fork_at(self, state: JournalState) -> Fork | None:
        """Return the fork that an epoch makes, if it is the later of two ways to go on."""
        after = state.epoch.after
        assert after is not None
        others = [
            _span(other, self._ends(other))
            for other in self._children[after.epoch_id]
            if other is not state and _seq(other) >= after.seq and _key(other) < _key(state)
        ]
        parent = self._by_id.get(after.epoch_id)
        if parent is not None and parent.present and parent.present[-1].last > after.seq:
            others.append((parent.begun_at, parent.grown_at))
        if not others:
            return None
        begun, ends = _span(state, self._ends(state))
        at_once = any(start < ends and begun < end for start, end in others)
        kind = Kind.COPIED if at_once else Kind.PUT_BACK
        return Fork(state.journal_id, after.seq, state.begun_at, kind)

    def _ends(self, state: JournalState) -> datetime:
        """Return when a way to go on, with all that goes on from it, last had new rows."""
        latest, seen, open_ = state.grown_at, {state.epoch.epoch_id}, [state]
        while open_:
            one = open_.pop()
            latest = max(latest, one.grown_at)
            for child in self._children.get(one.epoch.epoch_id, ()):
                if child.epoch.epoch_id not in seen:
                    seen.add(child.epoch.epoch_id)
                    open_.append(child)
        return latest


def _span(state: JournalState, ends: datetime) -> tuple[datetime, datetime]:
    return state.begun_at, ends


def _seq(state: JournalState) -> int:
    return state.epoch.after.seq if state.epoch.after is not None else 0


def _key(state: JournalState) -> tuple[datetime, UUID]:
    return state.begun_at, state.epoch.epoch_id
