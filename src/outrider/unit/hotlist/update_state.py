"""How the last update of the lists went: kept on the disk, shown in the unit's health.

Apart from what updates: that imports tuf, which no start of the unit should wait for.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from outrider import durable
from outrider.records import ComponentHealth, Level, Part
from outrider.unit.hotlist.store import HotlistStore

_STATE = "state.json"


class Trouble(StrEnum):
    """Why an update did not happen."""

    UNREACHABLE = "unreachable"
    EXPIRED = "expired"
    ROLLED_BACK = "rolled-back"
    FORGED = "forged"
    INVALID = "invalid"
    LOCAL = "local"


class UpdateError(Exception):
    """An update did not happen; matching goes on with what is in force."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class UpdateState:
    """What the last try gave, for status. latest_utc_ns: the latest time that was ever certain."""

    tried_utc_ns: int = 0
    succeeded_utc_ns: int = 0
    latest_utc_ns: int = 0
    trouble: str = ""
    detail: str = ""


def read_state(folder: Path) -> UpdateState:
    """Return the state kept in a folder; a fresh one where it is missing or damaged."""
    try:
        return UpdateState(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return UpdateState()


def write_state(folder: Path, state: UpdateState) -> None:
    """Keep the state in a folder."""
    durable.write(folder / _STATE, json.dumps(asdict(state), indent=1).encode())


_LEVELS = {
    Trouble.UNREACHABLE: Level.WARNING,
    Trouble.EXPIRED: Level.WARNING,
    Trouble.LOCAL: Level.FAULT,
}


class UpdateHealth:
    """What the last update gave, as the unit's process sees it."""

    def __init__(self, store: HotlistStore) -> None:
        self._folder = store.root / ".tuf"

    def health(self) -> ComponentHealth:
        """Return how updates go; late or refused ones warn, and never stop matching."""
        state = read_state(self._folder)
        if not state.tried_utc_ns:
            return ComponentHealth(Part.HOTLIST_UPDATE, Level.OFF, "no update was ever tried")
        if not state.trouble:
            return ComponentHealth(Part.HOTLIST_UPDATE, Level.OK, "the last update went well")
        level = _LEVELS.get(Trouble(state.trouble), Level.FAULT)
        return ComponentHealth(Part.HOTLIST_UPDATE, level, state.detail)
