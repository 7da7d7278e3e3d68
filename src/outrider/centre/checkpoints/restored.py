"""What a restore has cost the audit trail, signed: up to which row the copy went, by whom, why.

Without it a checkpoint that was made after the backup says that the trail was set back, for ever.
With it the loss is told as what it is, and the trail goes on.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from outrider import durable
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.fields import NO_MORE, Instant, Whole
from outrider.wire.signed import SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey

_MAX_BYTES = 16_384
_FOLDER = "restored"


@dataclass(frozen=True, slots=True)
class Restored:
    """At an instant, to a copy whose trail had so many rows; backed_up: when that was made."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    number: Annotated[Whole, Field(ge=0)]
    at: Instant
    backed_up: Instant
    by: Annotated[str, Field(min_length=1, max_length=200)]
    why: Annotated[str, Field(min_length=1, max_length=2000)]

    def explains(self, told: Checkpoint) -> bool:
        """Whether a checkpoint speaks of rows that went with this restore."""
        made = datetime.fromisoformat(told.at)
        return told.number > self.number and made <= datetime.fromisoformat(self.at)

    def text(self) -> str:
        """Return what is said of it to whoever looks at the trail."""
        return (
            f"restored on {self.at} by {self.by} from a backup of {self.backed_up} ({self.why}): "
            f"what the trail held after row {self.number} by then is gone"
        )


_MESSAGE = SignedMessage("restored", Restored, "centre restored", _MAX_BYTES)


def note(root: Path, restored: Restored, identity: SigningIdentity) -> None:
    """Keep a restore in the folder of checkpoints. Raises OSError."""
    folder = root / _FOLDER
    durable.make_folder(folder)
    number = len(list(folder.glob("*.json"))) + 1
    durable.write_new(folder / f"{number:06d}.json", _MESSAGE.encode(restored, identity) + b"\n")


def all_of(root: Path, key: VerifyingKey) -> list[Restored]:
    """Return the restores that are known, oldest first. Raises WireError, OSError."""
    paths = sorted((root / _FOLDER).glob("*.json"))
    return [_MESSAGE.decode(path.read_bytes(), key) for path in paths]
