"""Outputs of a replay: what it prints is its result, so that nothing is sounded or kept."""

import threading
from collections.abc import Sequence

from outrider.records import ComponentHealth, Hit, Level, OfficerAction, Part, Pictures, Read
from outrider.unit.ports import DockOutcome


class NoAlarm:
    """No alarm unit: `--alarm none`, and replays."""

    def start(self, stop: threading.Event) -> None:
        """Do nothing."""

    def raise_alert(self, hit: Hit) -> None:
        """Sound nothing. Raises ValueError for a silent hit, as the real one does."""
        if hit.silent:
            raise ValueError(f"hit {hit.hit_id} is silent and must not reach an alarm")

    def set_context(self, speed_mps: float | None, night: bool) -> None:
        """Do nothing."""

    def set_faults(self, faults: Sequence[ComponentHealth]) -> None:
        """Do nothing."""

    def signal_dock(self, outcome: DockOutcome) -> None:
        """Do nothing."""

    def actions(self) -> list[OfficerAction]:
        """Return none."""
        return []

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> ComponentHealth:
        """Return that it is off."""
        return ComponentHealth(Part.ALARM, Level.OFF, "no alarm unit asked for (--alarm)")


class NoJournal:
    """Keeps nothing: for replays only."""

    def start(self, stop: threading.Event) -> None:
        """Do nothing."""

    def put_read(self, read: Read, pictures: Pictures) -> None:
        """Keep nothing."""

    def put_hit(self, hit: Hit, pictures: Pictures) -> None:
        """Keep nothing."""

    def put_action(self, action: OfficerAction) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> ComponentHealth:
        """Return that it is off."""
        return ComponentHealth(Part.JOURNAL, Level.OFF, "a replay keeps nothing")
