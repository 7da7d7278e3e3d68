"""What the intake has done since it started, for its health; on the event loop's thread only."""

from collections import Counter

from outrider.centre.intake.uploads import Taken
from outrider.wire.upload import UploadKind


class Counts:
    """Counters by name: uploads taken, things stored, refusals by code, TLS failures by reason."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.tls_refused: Counter[str] = Counter()

    def took(self, kind: UploadKind, taken: Taken, size_bytes: int) -> None:
        """Count an upload that was taken."""
        self.taken["uploads"] += 1
        self.taken["uploads_again"] += taken.again
        self.taken["bytes"] += size_bytes
        self.taken["rows" if kind is UploadKind.ROWS else "pictures"] += taken.stored
        self.taken["duplicates"] += taken.duplicates

    def as_json(self) -> dict[str, dict[str, int]]:
        """Return the counters as JSON values."""
        return {
            "taken": dict(self.taken),
            "refused": dict(self.refused),
            "tls_refused": dict(self.tls_refused),
        }
