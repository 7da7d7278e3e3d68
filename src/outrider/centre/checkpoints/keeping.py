"""Checkpoints by themselves: made each day, handed to units and an overseer, brought back by units.

A folder that was rolled back as a whole holds together, its own checkpoints included. What shows it
is a checkpoint that was kept elsewhere: each unit carries the newest one that it was shown and
shows it again at its next docking; an overseer's file or address gets each one.

    checkpoints/made/NUMBER.json     what this centre has signed
    checkpoints/brought/UNIT.json    the newest that a unit came with
    checkpoints/handed               number of the last one that the overseer has
    checkpoints/restored/NUMBER.json  each restore from a backup, signed: what it has cost
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from outrider import durable
from outrider.centre.checkpoints.overseer import Overseer
from outrider.centre.checkpoints.restored import Restored, all_of
from outrider.centre.checkpoints.verify import rows_after, verify
from outrider.centre.folder import CentreFault
from outrider.centre.store.trail import AuditStore
from outrider.clock import Clock
from outrider.wire import checkpoint as checkpoints
from outrider.wire.checkpoint import Checkpoint
from outrider.wire.signing import SigningIdentity, VerifyingKey

_EVERY = timedelta(days=1)


class CheckpointFault(CentreFault):
    """The trail contradicts a checkpoint: which row, who brought it, what to do."""


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint, and where it was kept."""

    source: str
    checkpoint: Checkpoint


class CheckpointFolder:
    """The files. key: of the centre's receipts, which signs checkpoints too."""

    def __init__(self, root: Path, key: VerifyingKey) -> None:
        self.made = root / "made"
        self.brought = root / "brought"
        self.handed = root / "handed"
        self._root = root
        self._key = key

    def own(self) -> list[Known]:
        """Return what the centre has signed, oldest first. Raises WireError for what it has not."""
        return [self._read(path, "the centre's own") for path in sorted(self.made.glob("*.json"))]

    def restores(self) -> list[Restored]:
        """Return the restores that are known, oldest first. Raises WireError, OSError."""
        return all_of(self._root, self._key)

    def standing(self, told: Iterable[Checkpoint]) -> list[Checkpoint]:
        """Return the checkpoints whose rows did not go with a restore. Raises WireError."""
        restores = self.restores()
        return [one for one in told if not any(gone.explains(one) for gone in restores)]

    def outside(self, overseer_file: Path | None) -> list[Known]:
        """Return what has come back from outside, but for what a restore explains.

        Raises WireError, OSError.
        """
        found = [self._read(path, f"unit {path.stem}") for path in self.brought.glob("*.json")]
        if overseer_file is not None and overseer_file.exists():
            found += [
                Known("the overseer's file", checkpoints.decode(line, self._key))
                for line in overseer_file.read_bytes().splitlines()
            ]
        standing = self.standing(one.checkpoint for one in found)
        return [one for one in found if one.checkpoint in standing]

    def newest(self) -> Known | None:
        """Return the last one that was made."""
        paths = sorted(self.made.glob("*.json"))
        return self._read(paths[-1], "the centre's own") if paths else None

    def _read(self, path: Path, source: str) -> Known:
        return Known(source, checkpoints.decode(path.read_bytes(), self._key))

    def decode(self, data: bytes) -> Checkpoint:
        """Return a checkpoint that this centre has signed. Raises WireError for anything else."""
        return checkpoints.decode(data, self._key)


class CheckpointKeeper:
    """Makes, takes and hands on checkpoints; from any thread."""

    def __init__(
        self,
        root: Path,
        trail: AuditStore,
        identity: SigningIdentity,
        clock: Clock,
        overseer: Overseer | None = None,
    ) -> None:
        self._folder = CheckpointFolder(root, identity.public)
        self._trail = trail
        self._identity = identity
        self._clock = clock
        self._overseer = overseer
        self._lock = threading.Lock()
        for path in (self._folder.made, self._folder.brought):
            durable.make_folder(path)

    def keep(self) -> None:
        """Make the day's checkpoint where it is due, and hand on what the overseer lacks.

        Raises CheckpointFault where the trail contradicts a checkpoint: nothing is signed then;
        WireError, StoreError, OSError.
        """
        with self._lock:
            self._check_outside()
            self._make_due()
        if self._overseer is not None:
            self._hand_on(self._overseer)

    def meet(self, unit_id: str, shown: bytes) -> bytes:
        """Take the checkpoint that a unit carries, if any; return the newest, signed, or nothing.

        Raises WireError where it is none of this centre's; StoreError, OSError.
        """
        with self._lock:
            if shown:
                self._take(unit_id, shown)
            elif self._folder.newest() is None:
                self._make_due()
            newest = self._folder.newest()
        return b"" if newest is None else checkpoints.encode(newest.checkpoint, self._identity)

    def _take(self, unit_id: str, shown: bytes) -> None:
        offered, path = self._folder.decode(shown), self._folder.brought / f"{unit_id}.json"
        if path.exists() and self._folder.decode(path.read_bytes()).number > offered.number:
            return
        durable.write(path, shown)

    def _check_outside(self) -> None:
        for known in self._folder.outside(None):
            fault = contradiction(self._trail, known)
            if fault:
                raise CheckpointFault(fault)

    def _make_due(self) -> None:
        last = self._folder.newest()
        now = self._clock.stamp(self._clock.mono_ns())
        if last is not None:
            age = now.utc - datetime.fromisoformat(last.checkpoint.at)
            if timedelta() <= age < _EVERY:
                return
        after = 0 if last is None else last.checkpoint.number - 1
        met = [] if last is None else [last.checkpoint]
        verdict = verify(rows_after(self._trail, after), met, after)
        if not verdict.sound:
            raise CheckpointFault(f"no checkpoint is signed: {verdict.first_break}")
        if verdict.last and (last is None or verdict.last > last.checkpoint.number):
            made = Checkpoint(verdict.last, verdict.last_hash, now.iso_ms())
            path = self._folder.made / f"{made.number:012d}.json"
            durable.write(path, checkpoints.encode(made, self._identity))

    def _hand_on(self, overseer: Overseer) -> None:
        handed = self._folder.handed
        last = int(handed.read_text(encoding="ascii")) if handed.exists() else 0
        for known in self._folder.own():
            if known.checkpoint.number > last:
                overseer.take(checkpoints.encode(known.checkpoint, self._identity))
                durable.write(handed, str(known.checkpoint.number).encode())


def contradiction(trail: AuditStore, known: Known) -> str:
    """Return how the trail contradicts a checkpoint; empty where it does not."""
    told = known.checkpoint
    rows = trail.audit(told.number - 1, 1)
    where = f"row {told.number}, which {known.source} was shown on {told.at}"
    if not rows or rows[0].number != told.number:
        text = f"the trail has lost {where}: it was cut, or the centre was set back to an old copy"
    elif rows[0].hash.hex() != told.hash:
        text = f"the trail has another {where}: it was written anew"
    else:
        return ""
    return f"{text}; keep everything as it is, and tell whoever oversees the centre"


def contradictions(trail: AuditStore, known: list[Known]) -> Iterator[str]:
    """Yield every way in which the trail contradicts checkpoints."""
    yield from filter(None, (contradiction(trail, one) for one in known))
