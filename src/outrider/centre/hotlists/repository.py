"""The TUF repository that units update from: plain files that any web server can serve.

Root: 2 of n keys, offline, signs for a year. Targets: signs what is published. Snapshot and
timestamp: online; the timestamp is short-lived, so that a unit notices when it is kept from news.
Files are written in the order targets, snapshot, timestamp: a cut leaves the old state whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from securesystemslib.exceptions import StorageError
from securesystemslib.signer import CryptoSigner, Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from outrider import durable
from outrider.clock import Clock
from outrider.wire.hotlist_package import INDEX_PATH, IndexedList, PackageError, index_from_bytes

ONLINE_ROLES = (Targets.type, Snapshot.type, Timestamp.type)
_SERIALIZER = JSONSerializer(compact=False)


class RepositoryFault(Exception):
    """The repository is not as it must be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long what is signed stays good."""

    root: timedelta = timedelta(days=365)
    targets: timedelta = timedelta(days=90)
    snapshot: timedelta = timedelta(days=7)
    timestamp: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Offered:
    """What units are offered: the lists, and until when the first signature on them holds."""

    lists: tuple[IndexedList, ...]
    until: datetime


class HotlistRepository:
    """The repository's folder: metadata/, targets/, and staged/ for a root not yet signed."""

    def __init__(self, folder: Path, clock: Clock, lifetimes: Lifetimes | None = None) -> None:
        self.metadata = folder / "metadata"
        self.targets = folder / "targets"
        self._staged = folder / "staged" / "root.json"
        self._clock = clock
        self._lifetimes = lifetimes or Lifetimes()

    def _expiry(self, lifetime: timedelta) -> datetime:
        now_s = self._clock.stamp(self._clock.mono_ns()).utc_ns // 1_000_000_000
        return datetime.fromtimestamp(now_s, tz=UTC) + lifetime

    def root(self) -> Metadata[Root]:
        """Return the newest published root. Raises RepositoryFault where there is none."""
        versions = [int(path.name.split(".")[0]) for path in self.metadata.glob("*.root.json")]
        if not versions:
            raise RepositoryFault(f"{self.metadata}: no root is published: stage and sign one")
        return self._load(f"{max(versions)}.root")

    def offered(self) -> Offered:
        """Return what a unit that looks now is offered. Raises RepositoryFault."""
        try:
            timestamp: Timestamp = self._load("timestamp").signed
            snapshot: Snapshot = self._load(f"{timestamp.snapshot_meta.version}.snapshot").signed
            version = snapshot.meta["targets.json"].version
            targets: Targets = self._load(f"{version}.targets").signed
            digest = targets.targets[INDEX_PATH].hashes["sha256"]
            lists = index_from_bytes((self.targets / f"{digest}.{INDEX_PATH}").read_bytes())
        except (OSError, StorageError, RepositoryError, PackageError, KeyError) as error:
            raise RepositoryFault(f"{self.metadata}: what is published cannot be read") from error
        signed = (self.root().signed, targets, snapshot, timestamp)
        return Offered(tuple(lists.values()), min(one.expires for one in signed))

    def _load(self, name: str) -> Metadata[Any]:
        return Metadata.from_file(str(self.metadata / f"{name}.json"))

    def stage_root(self, keys: Mapping[str, list[Key]], threshold: int) -> Metadata[Root]:
        """Write down the next root, unsigned: role -> its keys; threshold: of the root's keys.

        Raises RepositoryFault where the keys are too few.
        """
        if len(keys[Root.type]) < threshold:
            raise RepositoryFault(f"{threshold} root keys must sign, {len(keys[Root.type])} given")
        version = self.root().signed.version + 1 if any(self.metadata.glob("*.root.json")) else 1
        root = Root(
            version=version,
            expires=self._expiry(self._lifetimes.root),
            consistent_snapshot=True,
        )
        for role, role_keys in keys.items():
            for key in role_keys:
                root.add_key(key, role)
        root.roles[Root.type].threshold = threshold
        staged = Metadata(root)
        self._write_staged(staged)
        return staged

    def staged_root(self) -> Metadata[Root]:
        """Return the staged root. Raises RepositoryFault where there is none."""
        if not self._staged.exists():
            raise RepositoryFault("no root is staged")
        return cast(Metadata[Root], Metadata.from_file(str(self._staged)))

    def sign_root(self, signer: CryptoSigner) -> bool:
        """Add a signature to the staged root; return whether it is published now."""
        staged = self.staged_root()
        staged.sign(signer, append=True)
        self._write_staged(staged)
        try:
            staged.verify_delegate(Root.type, staged)
            if staged.signed.version > 1:
                self.root().verify_delegate(Root.type, staged)
        except RepositoryError:
            return False
        self.metadata.mkdir(parents=True, exist_ok=True)
        data = staged.to_bytes(_SERIALIZER)
        durable.write(self.metadata / f"{staged.signed.version}.root.json", data, 0o644)
        durable.remove(self._staged)
        return True

    def _write_staged(self, staged: Metadata[Root]) -> None:
        self._staged.parent.mkdir(parents=True, exist_ok=True)
        durable.write(self._staged, staged.to_bytes(_SERIALIZER))

    def publish(self, files: Mapping[str, TargetFile], signers: Mapping[str, CryptoSigner]) -> int:
        """Sign what there is now to be had, and return the version of the targets role."""
        root = self.root()
        targets = Targets(
            version=self._next(Targets.type),
            expires=self._expiry(self._lifetimes.targets),
            targets=dict(files),
        )
        self._write(root, targets, signers)
        snapshot = Snapshot(
            version=self._next(Snapshot.type),
            expires=self._expiry(self._lifetimes.snapshot),
            meta={"targets.json": MetaFile(targets.version)},
        )
        self._write(root, snapshot, signers)
        self._write_timestamp(root, snapshot.version, signers)
        return targets.version

    def renew(self, signers: Mapping[str, CryptoSigner]) -> None:
        """Sign the timestamp anew, and the snapshot too once half its time is gone."""
        root = self.root()
        snapshot: Snapshot = self._load(f"{self._version(Snapshot.type)}.snapshot").signed
        if snapshot.expires < self._expiry(self._lifetimes.snapshot / 2):
            snapshot.version += 1
            snapshot.expires = self._expiry(self._lifetimes.snapshot)
            self._write(root, snapshot, signers)
        self._write_timestamp(root, snapshot.version, signers)

    def _write_timestamp(
        self, root: Metadata[Root], snapshot_version: int, signers: Mapping[str, CryptoSigner]
    ) -> None:
        path = self.metadata / "timestamp.json"
        version = self._load("timestamp").signed.version + 1 if path.exists() else 1
        timestamp = Timestamp(
            version=version,
            expires=self._expiry(self._lifetimes.timestamp),
            snapshot_meta=MetaFile(snapshot_version),
        )
        self._write(root, timestamp, signers)

    def _write(
        self,
        root: Metadata[Root],
        signed: Targets | Snapshot | Timestamp,
        signers: Mapping[str, CryptoSigner],
    ) -> None:
        role = signed.type
        metadata: Metadata[Any] = Metadata(signed)
        metadata.sign(signers[role])
        try:
            root.verify_delegate(role, metadata)
        except RepositoryError as error:
            raise RepositoryFault(f"the key given for {role} is not the root's: {error}") from error
        name = role if role == Timestamp.type else f"{signed.version}.{role}"
        durable.write(self.metadata / f"{name}.json", metadata.to_bytes(_SERIALIZER), 0o644)

    def _version(self, role: str) -> int:
        found = self.metadata.glob(f"*.{role}.json")
        return max((int(path.name.split(".")[0]) for path in found), default=0)

    def _next(self, role: str) -> int:
        return self._version(role) + 1
