"""What a run tells whoever watches it: reads, hits, officers' actions, health, the summary.

A silent hit is never an event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from outrider.records import ComponentHealth, Hit, OfficerAction, Read


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Totals of a run. hits counts those raised to the crew; silent ones are not in it."""

    frames: int
    frames_dropped: int
    reads: int
    hits: int
    acknowledged: int
    revised_after_hit: int
    duration_s: float
    faults: tuple[str, ...] = ()


class Events(Protocol):
    """Where events go. Called from the decide thread and, for health, from the main thread."""

    def read(self, read: Read) -> None:
        """A pass has ended and gave this read."""
        ...

    def hit(self, hit: Hit) -> None:
        """A hit was raised to the crew."""
        ...

    def action(self, action: OfficerAction) -> None:
        """An officer did something about a hit."""
        ...

    def health(self, components: Sequence[ComponentHealth]) -> None:
        """How every component is."""
        ...

    def summary(self, summary: RunSummary) -> None:
        """The run has ended."""
        ...


class NoEvents:
    """Nobody watches."""

    def read(self, read: Read) -> None:
        """Ignore a read."""

    def hit(self, hit: Hit) -> None:
        """Ignore a hit."""

    def action(self, action: OfficerAction) -> None:
        """Ignore an action."""

    def health(self, components: Sequence[ComponentHealth]) -> None:
        """Ignore health."""

    def summary(self, summary: RunSummary) -> None:
        """Ignore the summary."""
