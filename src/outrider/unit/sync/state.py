"""What the sync leaves for the running unit: how the last session went, and how docking ended.

One small file in memory (`unit.runtime_dir`), replaced whole at each session. The unit's health
round reads it. Sync itself never opens the alarm unit's line: opening it resets the board, and a
unit that is just starting would find the line taken. A unit that is started within a minute of
the dock still sounds it; one that does not run stays silent, and its board says so by itself.
"""

import json
import logging
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from outrider import durable
from outrider.clock import NS_PER_S, UtcStamp
from outrider.records import ComponentHealth, Level, Part
from outrider.unit.ports import DockOutcome
from outrider.unit.sync.session import Summary

_log = logging.getLogger(__name__)
FILE = "sync.json"
_SIGNAL_GOOD_S = 60.0
_SILENT_AFTER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class SyncState:
    """The last session, without what tells of hits. mono_ns: since the machine started."""

    boot: str
    mono_ns: int
    utc: str
    reads_left: int
    faults: tuple[str, ...]
    grave: bool
    docked: DockOutcome | None = None
    dock_id: str = ""


_STATE: TypeAdapter[SyncState] = TypeAdapter(SyncState)


def boot_id() -> str:
    """Return what names this start of the machine; monotonic times compare within it only."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def state_of(summary: Summary, at: UtcStamp) -> SyncState:
    """Return the state after a session."""
    faults, grave = summary.lasting_faults(), summary.grave and not summary.done
    return SyncState(
        boot_id(), time.monotonic_ns(), at.iso_ms(), summary.remaining.reads, faults, grave
    )


class SyncStateFile:
    """The file, as the sync writes it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._docked: DockOutcome | None = None
        self._dock_id = ""

    def write(self, state: SyncState, docked: DockOutcome | None) -> None:
        """Leave a state; docked: how docking has just ended, None where that is no news."""
        if docked is not None:
            self._docked, self._dock_id = docked, str(uuid.uuid4())
        fields = asdict(state) | {"docked": self._docked, "dock_id": self._dock_id}
        try:
            durable.make_folder(self._path.parent)
            durable.replace_quickly(self._path, json.dumps(fields).encode())
        except OSError as error:  # what was sent is sent; only the unit does not hear of it
            _log.error("sync: the unit cannot be told how it went: %s: %s", self._path, error)


class SyncWatch:
    """The file, as the running unit reads it; for the health thread alone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._sounded = ""

    def health(self) -> ComponentHealth:
        """Return how the way to the centre is."""
        state = self._read()
        if state is None:
            return ComponentHealth(
                Part.SYNC, Level.OFF, "no sync has run since the machine started"
            )
        age_s = (time.monotonic_ns() - state.mono_ns) / NS_PER_S
        counts = {"reads_left": state.reads_left}
        if state.faults:
            level = Level.FAULT if state.grave else Level.WARNING
            return ComponentHealth(Part.SYNC, level, state.faults[-1], counts)
        if age_s > _SILENT_AFTER_S:
            return ComponentHealth(Part.SYNC, Level.WARNING, f"silent since {state.utc}", counts)
        return ComponentHealth(Part.SYNC, Level.OK, f"last at the centre {state.utc}", counts)

    def dock_news(self) -> DockOutcome | None:
        """Return how docking has ended, once for each time it has and only while it is news."""
        state = self._read()
        if state is None or state.docked is None or state.dock_id == self._sounded:
            return None
        self._sounded = state.dock_id
        age_s = (time.monotonic_ns() - state.mono_ns) / NS_PER_S
        return state.docked if age_s < _SIGNAL_GOOD_S else None

    def _read(self) -> SyncState | None:
        try:
            state = _STATE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            _log.warning("sync: %s cannot be read: %s", self._path, error)
            return None
        return state if state.boot == boot_id() else None
