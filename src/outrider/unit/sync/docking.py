"""When docking has ended: once for each time that the unit comes to an unmetered link."""

from outrider.unit.ports import DockOutcome
from outrider.unit.sync.link import CentreLink
from outrider.unit.sync.session import Summary


class Docking:
    """Tells the first success, and the first failure, of each stay on an unmetered link.

    Reads that are made while the unit stands at the dock go as they come, without a sound each.
    """

    def __init__(self) -> None:
        self._at = ""
        self._told: DockOutcome | None = None

    def after(self, link: CentreLink, summary: Summary) -> DockOutcome | None:
        """Return what is to be sounded after a session, if anything."""
        at = "" if link.metered else link.interface
        if at != self._at:
            self._at, self._told = at, None
        if not at:
            return None
        outcome = _outcome(summary)
        if outcome is None or self._told in (outcome, DockOutcome.DONE):
            return None
        self._told = outcome
        return outcome


def _outcome(summary: Summary) -> DockOutcome | None:
    if summary.done and summary.rows + summary.pictures > 0:
        return DockOutcome.DONE
    return DockOutcome.FAILED if summary.gave_up else None
