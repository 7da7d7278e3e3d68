"""The centre's audit checkpoints, carried out of its building: kept here, shown again next time.

The unit holds the newest one that the centre has signed. A centre whose trail was set back, cut or
written anew is found out by it: by the centre when it is shown, and by the unit when it is handed
one that contradicts its own.
"""

from pathlib import Path

from outrider import durable
from outrider.unit.sync.session import Summary
from outrider.unit.sync.transport import HttpsCentre
from outrider.wire import checkpoint as checkpoints
from outrider.wire.canonical import WireError
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.signing import VerifyingKey

FILE = "checkpoint.json"


class Carried:
    """The checkpoint in the unit's state folder. key: of the centre's receipts."""

    def __init__(self, state_dir: Path, unit_id: str, key: VerifyingKey) -> None:
        self._path = state_dir / FILE
        self._unit_id = unit_id
        self._key = key

    def exchange(self, centre: HttpsCentre, summary: Summary) -> None:
        """Show the one that is held and keep a newer one.

        Raises UnreachableError, WireError, OSError; then the one that was held still is.
        """
        held = self._held()
        shown = b"" if held is None else self._path.read_bytes()
        headers = {"Content-Type": "application/json"}
        answer = centre.post(checkpoints.path_of(self._unit_id), shown, headers)
        if answer.status != 200 or not answer.body:
            return  # an older centre, or one whose trail is empty yet
        offered = checkpoints.decode(answer.body, self._key)
        if held is not None and not _goes_on_from(held, offered):
            summary.fault(
                f"the centre's audit trail contradicts what it showed this unit on {held.at}: tell "
                f"whoever oversees the centre; the proof is {self._path}",
                grave=True,
            )
            return
        if offered != held:
            durable.write(self._path, answer.body)

    def _held(self) -> Checkpoint | None:
        """Return what is held; nothing where it is another centre's, after enrolling anew."""
        if not self._path.exists():
            return None
        try:
            return checkpoints.decode(self._path.read_bytes(), self._key)
        except WireError:
            return None


def _goes_on_from(held: Checkpoint, offered: Checkpoint) -> bool:
    if offered.number == held.number:
        return offered.hash == held.hash
    return offered.number > held.number
