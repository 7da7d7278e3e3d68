"""Component health: gathered, logged when it changes, kept in a file for `outrider status`.

The file is replaced whole every time, so that a reader never sees half of it. The systemd
watchdog is fed only while every stage has moved on within its time, and no driver hangs. Nothing
here waits for what it watches: `health()` never blocks, and a process that cannot be mended from
within ends itself (`leave_within`), for systemd to start it anew. A driver that hangs while it
holds the interpreter stops this thread too: then nobody feeds the watchdog, and systemd ends the
process.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from outrider import durable
from outrider.clock import Clock
from outrider.records import ComponentHealth, Level
from outrider.systemd import SystemdNotifier

_log = logging.getLogger(__name__)

STATUS_SCHEMA = 1

EXIT_HANGS = 70
"""Exit status of a process that ended itself because a driver hung (EX_SOFTWARE, sysexits.h)."""
LEAVE_WITHIN_S = 10.0
"""From when a hang is told until the process is gone: time to keep the reads that were made."""


class Beats:
    """When each stage last moved on, on the monotonic clock."""

    def __init__(self) -> None:
        self._last_s: dict[str, float] = {}

    def beat(self, name: str) -> None:
        """Note that the stage moves."""
        self._last_s[name] = time.monotonic()

    def late(self, limit_s: float) -> list[str]:
        """Return the stages that have not moved for longer than limit_s."""
        now = time.monotonic()
        return sorted(name for name, last in self._last_s.items() if now - last > limit_s)


class HealthBoard:
    """Asks every component how it is; logs each change of level."""

    def __init__(
        self, askers: Sequence[Callable[[], ComponentHealth]], *, logged: bool = True
    ) -> None:
        """logged: whether changes are logged; not, where a screen shows them in the same place."""
        self._askers = tuple(askers)
        self._logged = logged
        self._levels: dict[str, Level] = {}

    def ask(self) -> tuple[ComponentHealth, ...]:
        """Return every component's health now."""
        components = tuple(ask() for ask in self._askers)
        for component in components:
            self._log_change(component)
        return components

    def _log_change(self, component: ComponentHealth) -> None:
        before = self._levels.get(component.name, Level.OK)
        self._levels[component.name] = component.level
        if component.level is before or not self._logged:
            return
        level = {Level.FAULT: logging.ERROR, Level.WARNING: logging.WARNING}.get(
            component.level, logging.INFO
        )
        _log.log(level, "%s: %s: %s", component.name, component.level.value, component.detail)


def worst(components: Iterable[ComponentHealth]) -> Level:
    """Return the worst level among the components."""
    order = (Level.FAULT, Level.WARNING, Level.OK)
    levels = {component.level for component in components}
    return next((level for level in order if level in levels), Level.OK)


def as_json(component: ComponentHealth) -> dict[str, Any]:
    """Return a component's health as plain data."""
    return {
        "name": component.name.value,
        "level": component.level.value,
        "detail": component.detail,
        "counts": dict(component.counts),
    }


def write_status(
    path: Path, clock: Clock, components: Sequence[ComponentHealth], *, ended: bool = False
) -> None:
    """Replace the status file with the health of now. Raises OSError where it cannot be.

    clock: the machine's, also for a recording. ended: whether the run is over, in order.
    """
    document = {
        "schema": STATUS_SCHEMA,
        "pid": os.getpid(),
        "mono_ns": time.monotonic_ns(),
        "utc": clock.stamp(clock.mono_ns()).iso_ms(),
        "ended": ended,
        "level": worst(components).value,
        "components": [as_json(component) for component in components],
    }
    durable.make_folder(path.parent)
    durable.replace_quickly(path, (json.dumps(document, indent=1) + "\n").encode())


class HealthKeeper:
    """Every health_every_s: ask, tell, write the status file, feed the watchdog."""

    def __init__(
        self,
        board: HealthBoard,
        beats: Beats,
        watchdog_s: float,
        tell: Callable[[Sequence[ComponentHealth]], None],
        end: Callable[[], None] = lambda: None,
    ) -> None:
        """end: called once, after it was told, when a component hangs for good."""
        self._board = board
        self._beats = beats
        self._watchdog_s = watchdog_s
        self._tell = tell
        self._end = end
        self._hangs = False
        self._notifier = SystemdNotifier()
        self._thread: threading.Thread | None = None
        self._done = threading.Event()

    def start(self, every_s: float) -> None:
        """Begin, on a thread named health."""
        self._notifier.send("READY=1")
        self._thread = threading.Thread(target=self._run, args=(every_s,), name="health")
        self._thread.start()

    def close(self) -> None:
        """Do one last round and end."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._notifier.send("STOPPING=1")

    def _run(self, every_s: float) -> None:
        while True:
            self._round()
            if self._done.wait(every_s):
                self._round()
                return

    def _round(self) -> None:
        components = self._board.ask()
        self._tell(components)
        self._end_where_hung(components)
        late = self._beats.late(self._watchdog_s)
        if late:
            _log.error("no progress for %.0f s: %s", self._watchdog_s, ", ".join(late))
        elif not self._hangs:
            self._notifier.send("WATCHDOG=1")

    def _end_where_hung(self, components: Sequence[ComponentHealth]) -> None:
        hung = [component for component in components if component.hangs]
        if not hung or self._hangs:
            return
        self._hangs = True
        for component in hung:
            _log.critical("%s: %s: ending, to be started anew", component.name, component.detail)
        self._end()


def leave_within(wait_s: float = LEAVE_WITHIN_S) -> None:
    """See to it that this process is gone in so many seconds, whatever else in it hangs."""

    def leave() -> None:
        threading.Event().wait(wait_s)
        os._exit(EXIT_HANGS)

    threading.Thread(target=leave, name="leave", daemon=True).start()
